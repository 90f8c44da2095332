"""Networks much like those that were once shown wrong: they compute what Keras computes, or it is said why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.errors import Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import PixelRange
from tests.networks import largest_difference, randomise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

SIDE = 10
Keras = Any
Network = Any

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
BOTH = pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras", "tf_keras"])
ENDINGS = pytest.mark.parametrize("ending", [".h5", ".keras"])


def difference(network: Network, path: Path) -> float:
    """The largest between what Keras and the rebuilt network compute, as a share of the largest output."""
    random = randomise(network, keep=("seed", "/mean", "/variance"))
    network.save(path)
    inputs = [random.uniform(0, 1, (3, *one.shape[1:])).astype(np.float32) for one in network.inputs]
    return largest_difference(network, path, inputs)


def picture(k: Keras) -> Any:
    return k.Input((SIDE, SIDE + 2, 3))


NETWORKS: dict[str, Callable[[Keras], Network]] = {}


def network(make: Callable[[Keras], Network]) -> Callable[[Keras], Network]:
    NETWORKS[make.__name__] = make
    return make


@network
def gates_without_places(k: Keras) -> Network:
    """Squeeze and excitation whose gate is not reshaped: Keras puts the axes behind that of the batch."""
    start = picture(k)
    x = k.layers.Conv2D(4, 3)(start)
    gate = k.layers.Dense(4, activation="sigmoid")(k.layers.GlobalAveragePooling2D()(x))
    layers = [k.layers.Multiply(), k.layers.Add(), k.layers.Average(), k.layers.Maximum(), k.layers.Subtract()]
    joined = [layer(pair) for layer in layers for pair in ([x, gate], [gate, x])]
    return k.Model(start, [*joined, k.layers.Conv2D(2, 1)(joined[0])])


@network
def moments_for_each_row(k: Keras) -> Network:
    start = picture(k)
    x = k.layers.BatchNormalization(axis=1)(k.layers.Conv2D(4, 3)(start))
    return k.Model(start, k.layers.BatchNormalization(axis=2)(x))


@network
def moments_for_each_row_first(k: Keras) -> Network:
    start = picture(k)
    return k.Model(start, k.layers.Conv2D(4, 3)(k.layers.BatchNormalization(axis=1)(start)))


@network
def normalised_over_axes_in_any_order(k: Keras) -> Network:
    start = picture(k)
    x = k.layers.Conv2D(5, 3)(start)
    made = [k.layers.LayerNormalization(axis=axes)(x) for axes in ((3, 1), (2, 1), (3, 2, 1), (1, 2), (1, -1))]
    return k.Model(start, made)


@network
def moments_given_for_each_place(k: Keras) -> Network:
    random, start = np.random.default_rng(1), picture(k)
    x = k.layers.Conv2D(3, 1)(start)
    for axes in ((1, 2), (1, 2, 3), (1, 3)):
        sides = [start.shape[axis] for axis in axes]
        given = {"mean": random.uniform(0, 1, sides), "variance": random.uniform(1, 2, sides)}
        x = k.layers.Normalization(axis=axes, **given)(x)
    return k.Model(start, x)


@network
def frozen_and_called_as_in_training(k: Keras) -> Network:
    inside, start = picture(k), picture(k)
    frozen = k.Model(inside, k.layers.BatchNormalization()(k.layers.Conv2D(3, 3)(inside)))
    frozen.trainable = False
    norm = k.layers.BatchNormalization()
    norm.trainable = False
    return k.Model(start, norm(frozen(start, training=True), training=True))


@network
def not_in_training_within_training(k: Keras) -> Network:
    inside, middle, start = picture(k), picture(k), picture(k)
    inner = k.Model(inside, k.layers.BatchNormalization()(k.layers.Conv2D(3, 3, padding="same")(inside)))
    x = k.layers.BatchNormalization()(inner(middle, training=False))
    outer = k.Model(middle, k.layers.BatchNormalization()(x, training=False))
    return k.Model(start, outer(start, training=True))


@network
def slopes_shared_along_negative_axes(k: Keras) -> Network:
    start = picture(k)
    return k.Model(start, k.layers.PReLU(shared_axes=[1, 2])(k.layers.Conv2D(4, 3)(start)))


@BOTH
@ENDINGS
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_the_rebuilt_network_computes_the_same(
    make: Callable[[Keras], Network], k: Keras, ending: str, tmp_path: Path
) -> None:
    k.backend.clear_session()
    assert difference(make(k), tmp_path / f"network{ending}") < 1e-5


@ENDINGS
def test_slopes_shared_along_negative_axes(ending: str, tmp_path: Path) -> None:
    start = picture(keras)
    slopes = keras.layers.PReLU(shared_axes=[-1, 1])(keras.layers.Conv2D(4, 3)(start))
    assert difference(keras.Model(start, slopes), tmp_path / f"network{ending}") < 1e-5


@BOTH
@ENDINGS
def test_a_layer_of_somebodys_own_in_place_of_an_activation_is_not_taken_for_keras_own(
    k: Keras, ending: str, tmp_path: Path
) -> None:
    class LeakyReLU(k.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return inputs * 3.0

    own = k.saving.register_keras_serializable("Own" + k.__name__)(LeakyReLU)
    start = picture(k)
    x = k.layers.Conv2D(4, 3, activation=own())(k.layers.Conv2D(4, 3)(start))
    path = tmp_path / f"network{ending}"
    k.Model(start, x).save(path)
    with open_model(path, Settings()) as model:
        assert not model.spec.outputs
        assert [layer.visualisable for layer in model.spec.layers if layer.output_shape is None] == [False]
        assert "leakyrelu" in str(model.spec.declared_outputs[0].reason)


def saved(k: Keras, layers: list[Any], path: Path, channels: int = 3) -> Path:
    start = k.Input((SIDE, SIDE, channels))
    x = start
    for layer in layers:
        x = layer(x)
    k.Model(start, k.layers.Conv2D(4, 3)(x)).save(path)
    return path


GREY: dict[str, Callable[[], list[Any]]] = {
    "repeat": lambda: [lambda x: keras.ops.repeat(x, 3, axis=-1)],
    "tile": lambda: [lambda x: keras.ops.tile(x, [1, 1, 1, 3])],
    "concatenate": lambda: [lambda x: keras.layers.Concatenate()([x, x, x])],
}


@pytest.mark.parametrize("how", GREY)
@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_grey_made_into_colours_is_followed(how: str, mode: str, tmp_path: Path) -> None:
    prepare = keras.applications.imagenet_utils.preprocess_input
    layers = [*GREY[how](), lambda x: prepare(x, mode=mode)]
    with open_model(saved(keras, layers, tmp_path / "network.keras", 1), Settings()) as model:
        assert model.spec.pixel_range is PixelRange.BYTE


@BOTH
@ENDINGS
def test_a_normalization_that_only_divides_is_no_measure(k: Keras, ending: str, tmp_path: Path) -> None:
    layers = [k.layers.Normalization(mean=0.0, variance=255.0**2)]
    with open_model(saved(k, layers, tmp_path / f"network{ending}"), Settings()) as model:
        assert model.spec.pixel_range is PixelRange.BYTE


def test_moments_given_for_other_places_are_said(tmp_path: Path) -> None:
    layers = [keras.layers.Normalization(axis=(1, 2), mean=np.zeros((SIDE, SIDE)), variance=np.ones((SIDE, SIDE)))]
    path = saved(keras, layers, tmp_path / "network.keras")
    from zipfile import ZipFile

    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for wrong, code in ((b"[0.0, 0.0]", "cannot be computed"), (b"[[0.0], 1.0]", "makes no sense")):
        start = members["config.json"].index(b'"mean": ')
        end = members["config.json"].index(b', "variance"')
        changed = {**members, "config.json": members["config.json"][: start + 8] + wrong + members["config.json"][end:]}
        with ZipFile(path, "w") as archive:
            for name, content in changed.items():
                archive.writestr(name, content)
        with pytest.raises(Refused, match=code):
            open_model(path, Settings())


def test_layers_of_keras_that_are_not_rebuilt_are_not_called_code(tmp_path: Path) -> None:
    start = picture(keras)
    x = keras.layers.Reshape((SIDE, -1))(keras.layers.Conv2D(4, 3, padding="same")(start))
    sequences = keras.layers.RNN(keras.layers.LSTMCell(3))(x)
    frames = keras.layers.Reshape((2, SIDE // 2, SIDE + 2, 3))(start)
    both = keras.layers.Bidirectional(keras.layers.ConvLSTM2D(2, 3))(frames)
    path = tmp_path / "network.keras"
    keras.Model(start, [sequences, both]).save(path)
    with open_model(path, Settings()) as model:
        reasons = [str(output.reason) for output in model.spec.declared_outputs]
    assert "Keras's layers of the type 'RNN' are not rebuilt here." in reasons[0]
    assert "ConvLSTM2D" in reasons[1]
    assert not any("code" in reason or "damaged" in reason for reason in reasons)


@ENDINGS
@pytest.mark.parametrize("join", ["Add", "Concatenate"])
def test_masks_that_keras_2_joined_are_not_guessed(join: str, ending: str, tmp_path: Path) -> None:
    """It masks what any of the inputs masks, Keras 3 what all of them do."""
    layers, start, words = tf_keras.layers, picture(tf_keras), [tf_keras.Input((5,)) for _ in "ab"]
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(start))
    known = [layers.Embedding(9, 3, mask_zero=True)(one) for one in words]
    read = layers.LSTM(4)(layers.Dropout(0.1)(getattr(layers, join)()(known)))
    alone = layers.LSTM(4)(known[0])
    highest = layers.GlobalMaxPooling1D()(getattr(layers, join)()(known))
    path = tmp_path / f"network{ending}"
    tf_keras.Model([start, *words], [layers.Concatenate()([seen, read]), alone, highest]).save(path)
    with open_model(path, Settings()) as model:
        reasons = [output.reason for output in model.spec.declared_outputs]
    assert "masked" in str(reasons[0])
    assert reasons[1:] == [None, None]


def test_an_output_that_hangs_in_the_air_is_noted(tmp_path: Path) -> None:
    """tf_keras writes the call of a shared layer in an inner model over that in the outer one."""
    tf_keras.backend.clear_session()
    inside, start = picture(tf_keras), picture(tf_keras)
    shared = tf_keras.layers.BatchNormalization()
    before = shared(start)
    inner = tf_keras.Model(inside, shared(tf_keras.layers.Conv2D(3, 3, padding="same")(inside)))
    tf_keras.Model(start, tf_keras.layers.Add()([before, inner(start)])).save(tmp_path / "network.h5")
    with open_model(tmp_path / "network.h5", Settings()) as model:
        assert not model.spec.outputs
        assert any("contradicts itself" in note for note in model.spec.notes)


def test_operations_with_tensors_of_other_ranks_still_broadcast_as_numpy_does(tmp_path: Path) -> None:
    start = tf_keras.Input((SIDE, SIDE, 4))
    x = tf_keras.layers.Conv2D(4, 3)(start)
    gate = tf.reduce_mean(x, axis=(1, 2), keepdims=True)
    path = tmp_path / "network.h5"
    assert difference(tf_keras.Model(start, [x * gate, tf.subtract(gate, x)]), path) < 1e-5
