"""How operations stand in a network: channels first, called twice, several outputs, shown and not shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.network import build
from filterviz.engine.whole_network import build_whole
from filterviz.errors import RefusalCode, Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.operations.harness import CHANNELS, HEIGHT, WIDTH, array, assert_same, expected, images, network, opened

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

ops = keras.ops


FIRST: dict[str, Any] = {
    "each channel": lambda x: x * array(CHANNELS, 1, 1),
    "each channel, nested": lambda x: (x - array(1, CHANNELS, 1, 1)) / 3,
    "each column": lambda x: x + array(WIDTH),
    "each position": lambda x: x * array(1, HEIGHT, WIDTH),
    "softmax": lambda x: ops.softmax(x, axis=1),
    "log_softmax of columns": lambda x: ops.log_softmax(x),
    "normalize": lambda x: ops.normalize(x, axis=1) + ops.normalize(x, axis=(2, 3)),
    "reduce and keep": lambda x: x * ops.mean(x, axis=(2, 3), keepdims=True),
    "reduce channels": lambda x: ops.max(x, axis=1),
    "reduce rows": lambda x: ops.sum(x, axis=2),
    "squeeze and excite": lambda x: x * ops.expand_dims(ops.mean(x, axis=(2, 3)), (2, 3)),
    "spatial attention": lambda x: x * ops.concatenate([ops.mean(x, axis=1, keepdims=True)] * CHANNELS, axis=1),
    "flipped": lambda x: x[:, ::-1, 1:, ::2],
    "one channel": lambda x: x[:, 1] + x[:, 0],
    "channels turned": lambda x: ops.stack([x[:, 2], x[:, 1], x[:, 0]], axis=1) + array(3, 1, 1),
    "split": lambda x: ops.split(x, 2, axis=1),
    "unstack": lambda x: ops.unstack(x, axis=1)[3],
    "take": lambda x: ops.take(x, [0, 3, 1], axis=1),
    "transpose": lambda x: ops.transpose(x, (0, 2, 3, 1)),
    "shuffle": lambda x: ops.reshape(
        ops.transpose(ops.reshape(x, (-1, 2, 2, HEIGHT, WIDTH)), (0, 2, 1, 3, 4)), (-1, 4, HEIGHT, WIDTH)
    ),
    "tile": lambda x: ops.tile(x, (1, 2, 1, 3)),
    "repeat": lambda x: ops.repeat(ops.roll(x, 1, axis=1), 2, axis=2),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 0), (2, 1), (0, 1)), mode="reflect"),
    "where": lambda x: ops.where(x > array(CHANNELS, 1, 1), x, array(1, CHANNELS, 1, 1)),
    "expand and squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 3), axis=3),
    "squeeze channels": lambda x: ops.squeeze(x[:, :1], axis=1),
    "pool": lambda x: ops.max_pool(x, (2, 3), data_format="channels_first"),
    "resize": lambda x: ops.image.resize(x, (5, 7), data_format="channels_first", antialias=True),
    "blocks": lambda x: ops.depth_to_space(ops.space_to_depth(x, 2, "channels_first"), 2, "channels_first"),
    "matmul": lambda x: ops.matmul(x, array(WIDTH, 3)),
    "stack": lambda x: ops.max(ops.stack([x, -x], axis=2), axis=2),
    "broadcast": lambda x: x + ops.mean(x, axis=1, keepdims=True) * array(CHANNELS, 1, 1),
}


@pytest.mark.parametrize("name", FIRST)
def test_channels_first_is_turned_with_everything_an_operation_says(name: str, tmp_path: Path) -> None:
    """The convolution is Keras's own, channels first, where the machine can compute it."""
    keras.utils.set_random_seed(1)
    start = keras.Input((3, HEIGHT, WIDTH))
    before = keras.layers.Conv2D(CHANNELS, 3, padding="same", data_format="channels_first", name="before")
    made = FIRST[name](before(start))
    model = keras.Model(start, made)
    values = np.moveaxis(images(), 3, 1)
    try:
        wanted = [
            np.asarray(one) for one in (lambda out: out if isinstance(out, list | tuple) else [out])(model(values))
        ]
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
        pytest.skip("TensorFlow computes no convolution with channels first on this machine")
    model.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as rebuilt:
        assert not [layer.reason for layer in rebuilt.spec.layers if layer.rebuilt_as == "Unsupported"]
        computed = [one.numpy() for one in build_whole(rebuilt)([values])]
        turned = []
        for node, one, right in zip(rebuilt.spec.outputs, computed, wanted, strict=True):
            # What the network gives is in the order of the file, or turned: the shape says which, sides differ.
            assert node is not None
            turned.append(one if one.shape == right.shape else np.moveaxis(one, -1, 1))
    assert_same(turned, wanted)


def test_a_model_with_operations_that_is_called_twice(tmp_path: Path) -> None:
    inner = keras.Input((HEIGHT, WIDTH, 3))
    made = ops.pad(
        keras.layers.Conv2D(CHANNELS, 3, name="c")(inner) * array(CHANNELS), [[0, 0], [1, 1], [1, 1], [0, 0]]
    )
    shared = keras.Model(inner, made, name="shared")
    start = keras.Input((HEIGHT, WIDTH, 3))
    small = keras.layers.Cropping2D(1)(start)
    model = keras.Model(
        start,
        [ops.subtract(shared(start), shared(start * 2.0)), shared(ops.pad(small, [[0, 0], [1, 1], [1, 1], [0, 0]]))],
    )
    spec, computed = opened(model, tmp_path / "model.keras", images())
    assert computed is not None
    assert_same(computed, expected(model, images()))
    names = [layer.name for layer in spec.layers]
    assert len(names) == len(set(names))


def test_layers_behind_a_split_are_shown(tmp_path: Path) -> None:
    model = network(keras, lambda x: ops.split(x, 2, axis=-1))
    model.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as rebuilt:
        assert {layer.name for layer in rebuilt.spec.visualisable} >= {"before", "after_0", "after_1"}
        image = tf.Variable(images(1))
        for name in ("after_0", "after_1"):
            with tf.GradientTape() as tape:
                answer = tf.reduce_mean(build(rebuilt, name)(image))
            gradient = tape.gradient(answer, image)
            assert np.isfinite(gradient).all()
            assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("name", ["gelu", "normalize", "softmax", "abs", "relu6", "hard_tanh", "leaky_relu", "square"])
def test_patterns_can_be_made_through_usual_operations(name: str, tmp_path: Path) -> None:
    network(keras, getattr(ops, name)).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as rebuilt:
        image = tf.Variable(images(1))
        with tf.GradientTape() as tape:
            answer = tf.reduce_mean(build(rebuilt, "after_0")(image))
        assert np.isfinite(tape.gradient(answer, image)).all()


def test_an_operation_that_is_not_known_is_not_called_code(tmp_path: Path) -> None:
    """A network of lists of numbers that begins with one has no convolution, and the refusal says that."""
    start = keras.Input((6,))
    keras.Model(start, keras.layers.Dense(2)(ops.sort(start))).save(tmp_path / "dense.keras")
    with pytest.raises(Refused) as refusal:
        open_model(tmp_path / "dense.keras", Settings())
    assert refusal.value.code is RefusalCode.NO_IMAGE_LAYERS
    image = keras.Input((HEIGHT, WIDTH, 3))
    keras.Model(image, keras.layers.Conv2D(2, 3)(ops.sort(image))).save(tmp_path / "image.keras")
    with pytest.raises(Refused) as refusal:
        open_model(tmp_path / "image.keras", Settings())
    assert refusal.value.code is RefusalCode.UNSUPPORTED_LAYER
    assert "'Sort' is not rebuilt here: it sorts" in str(refusal.value)
    assert "code" not in str(refusal.value)


def test_preprocessing_of_an_image_becomes_scales_and_turns(tmp_path: Path) -> None:
    """``preprocess_input`` of VGG16 inside a network tells which pixel range it takes."""
    start = keras.Input((HEIGHT, WIDTH, 3))
    x = keras.applications.vgg16.preprocess_input(start)
    keras.Model(start, keras.layers.Conv2D(4, 3)(x)).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as rebuilt:
        kinds = [layer.rebuilt_as for layer in rebuilt.spec.layers]
    assert kinds == ["InputLayer", "Slice", "Slice", "Slice", "Stack", "Rescaling", "Conv2D"]


FIELDS = {
    "stack": (lambda x: ops.stack([x[..., 1], x[..., 0]], axis=-1), 5),
    "softmax": (lambda x: ops.softmax(x), 5),
    "softmax of rows": (lambda x: ops.softmax(x, axis=1), None),
    "concatenate rows": (lambda x: ops.concatenate([x, x], axis=1), None),
    "flip": (lambda x: x + ops.flip(x, axis=2), None),
    "flip of channels": (lambda x: x + ops.flip(x, axis=3), 5),
    "roll": (lambda x: ops.roll(x, 1, axis=1), None),
    "transpose": (lambda x: ops.transpose(x, (0, 2, 1, 3)), None),
    "tile": (lambda x: ops.tile(x, (1, 2, 1, 1)), None),
    "repeat": (lambda x: ops.repeat(x, 2, axis=1), 5),
    "space_to_depth": (lambda x: ops.space_to_depth(x, 2), 8),
    "reflect": (lambda x: ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"), 5),
    "constant": (lambda x: x * array(HEIGHT, WIDTH, 1), 5),
    "matmul": (lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))), None),
    "matmul constant": (lambda x: ops.matmul(x, array(CHANNELS, 3)), 5),
    "cumsum": (lambda x: ops.cumsum(x, axis=1), None),
}


@pytest.mark.parametrize("name", FIELDS)
def test_receptive_fields_behind_operations(name: str, tmp_path: Path) -> None:
    make, field = FIELDS[name]
    start = keras.Input((HEIGHT, WIDTH, 3) if name in ("constant", "matmul") else (None, None, 3))
    x = keras.layers.Conv2D(CHANNELS, 3, padding="same")(start)
    keras.Model(start, keras.layers.Conv2D(2, 3, padding="same", name="after")(make(x))).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as rebuilt:
        assert rebuilt.spec.layer("after").visualisable
        assert rebuilt.spec.layer("after").receptive_field == field


def test_a_nested_model_whose_output_is_used_and_given(tmp_path: Path) -> None:
    """Keras 3 counts the calls of nested models from 0 where they are used, and from 1 where they are outputs."""
    inner = keras.Input((HEIGHT, WIDTH, 3))
    encoder = keras.Model(inner, keras.layers.Conv2D(CHANNELS, 3, name="c")(inner), name="encoder")
    start = keras.Input((HEIGHT, WIDTH, 3))
    one, two = encoder(start), encoder(-start)
    model = keras.Model(start, [two, keras.layers.Conv2D(2, 1)(one), one])
    for ending in (".keras", ".h5"):
        _, computed = opened(model, tmp_path / f"model{ending}", images())
        assert computed is not None
        assert_same(computed, expected(model, images()))


def test_a_generator_is_shown_up_to_an_operation_without_its_setting(tmp_path: Path) -> None:
    """Some files do not say how large the blocks of ``depth_to_space`` are."""
    path = tmp_path / "model.h5"
    network(keras, lambda x: ops.depth_to_space(x, 2)).save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layer = next(item for item in config["config"]["layers"] if item["class_name"] == "DepthToSpace")
        layer["config"] = {"name": layer["name"]}
        file.attrs["model_config"] = json.dumps(config).encode()
    with open_model(path, Settings()) as rebuilt:
        assert rebuilt.spec.layer("before").visualisable
        assert "block_size" in (rebuilt.spec.layer(layer["name"]).reason or "")
        assert not rebuilt.spec.layer("after_0").visualisable
