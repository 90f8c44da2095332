"""Layers that are not Keras's own, and calls that mean something else than they seem: rebuilt exactly, or named."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from filterviz.engine.network import build
from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.networks import randomise

BOTH = pytest.mark.parametrize("module", [keras, tf_keras], ids=["keras", "tf_keras"])
ENDINGS = pytest.mark.parametrize("ending", [".h5", ".keras"])
pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras, while it writes


def saved(module: ModuleType, layers: list[Any], path: Path, side: int = 9) -> tuple[Any, Any]:
    """A network of a convolution, some layers and another convolution, saved; a batch of images, and its output."""
    module.utils.set_random_seed(0)
    x = start = module.Input((side, side, 3))
    x = module.layers.Conv2D(4, 3, name="before")(x)
    for layer in layers:
        x = layer(x)
    network = module.Model(start, module.layers.Conv2D(2, 2, name="after")(x))
    random = randomise(network, 0.1, 0.5)
    network.save(path)
    pictures = random.normal(size=(3, side, side, 3)).astype(np.float32)
    return pictures, network(pictures, training=False).numpy()


def computed(path: Path, pictures: Any) -> Any:
    with open_model(path, Settings()) as model:
        assert not [layer.name for layer in model.spec.layers if layer.rebuilt_as == "Unsupported"]
        return build_whole(model)([pictures])[0].numpy()


def own(module: ModuleType, package: str, name: str) -> Any:
    """A layer of somebody's own, of any name: reflection padding, after Keras's CycleGAN example."""

    class Layer(module.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, padding: Any = (1, 1), **settings: Any) -> None:
            super().__init__(**settings)
            self.padding = padding

        def call(self, inputs: Any) -> Any:
            height, width = self.padding
            return tf.pad(inputs, [[0, 0], [height, height], [width, width], [0, 0]], "REFLECT")

        def compute_output_shape(self, shape: Any) -> Any:
            return (shape[0], shape[1] + 2 * self.padding[0], shape[2] + 2 * self.padding[1], shape[3])

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "padding": list(self.padding)}

    Layer.__name__ = Layer.__qualname__ = name
    saving = module.saving if module is keras else module.utils
    return saving.register_keras_serializable(package)(Layer)


@BOTH
@ENDINGS
def test_reflection_padding(module: ModuleType, ending: str, tmp_path: Path) -> None:
    layer = own(module, f"Reflecting{ending[1:]}", "ReflectionPadding2D")
    pictures, expected = saved(module, [layer((2, 2))], tmp_path / f"model{ending}")
    np.testing.assert_allclose(computed(tmp_path / f"model{ending}", pictures), expected, atol=1e-5)


@BOTH
@ENDINGS
def test_reflection_padding_that_differs_by_side_is_not_believed(
    module: ModuleType, ending: str, tmp_path: Path
) -> None:
    """Some of these layers give the width first and some the height."""
    layer = own(module, f"Uneven{ending[1:]}", "ReflectionPadding2D")
    saved(module, [layer((2, 1))], tmp_path / f"model{ending}")
    with open_model(tmp_path / f"model{ending}", Settings()) as model:
        reasons = [layer.reason for layer in model.spec.layers if layer.rebuilt_as == "Unsupported"]
        assert reasons == ["Its setting padding = [2, 1] is not known here."]
        assert any(
            "cannot be rebuilt. Its setting padding = [2, 1] is not known here." in one for one in model.spec.notes
        )
        assert [layer.name for layer in model.spec.visualisable] == ["before"]


@BOTH
@ENDINGS
@pytest.mark.parametrize("name", ["Conv2D", "ReLU", "Dropout", "Add"])
def test_a_layer_of_somebodys_own_is_not_taken_for_keras_own(
    module: ModuleType, ending: str, name: str, tmp_path: Path
) -> None:
    layer = own(module, f"Mine{name}{ending[1:]}", name)
    saved(module, [layer((1, 1))], tmp_path / f"model{ending}")
    with open_model(tmp_path / f"model{ending}", Settings()) as model:
        cut = [layer for layer in model.spec.layers if layer.rebuilt_as == "Unsupported"]
        assert [layer.kind.rpartition(">")[2] for layer in cut] == [name]
        assert ">" in cut[0].kind
        assert [layer.name for layer in model.spec.visualisable] == ["before"]


@ENDINGS
def test_instance_normalization_of_tensorflow_addons(ending: str, tmp_path: Path) -> None:
    """tensorflow-addons cannot be installed beside this TensorFlow; its layer is a GroupNormalization, as here."""

    class InstanceNormalization(tf_keras.layers.GroupNormalization):  # type: ignore[misc]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**{**settings, "groups": -1})

    tf_keras.utils.register_keras_serializable("Addons")(InstanceNormalization)
    layers = [InstanceNormalization(), tf_keras.layers.ReLU(), InstanceNormalization(center=False, epsilon=0.1)]
    pictures, expected = saved(tf_keras, layers, tmp_path / f"model{ending}")
    np.testing.assert_allclose(computed(tmp_path / f"model{ending}", pictures), expected, atol=1e-5)


def test_fixed_dropout_and_swish_of_the_package_efficientnet(tmp_path: Path) -> None:
    class FixedDropout(tf_keras.layers.Dropout):  # type: ignore[misc]
        pass

    layers = [FixedDropout(0.4, noise_shape=(None, 1, 1, 1)), tf_keras.layers.Activation("swish")]
    pictures, expected = saved(tf_keras, layers, tmp_path / "model.h5")
    np.testing.assert_allclose(computed(tmp_path / "model.h5", pictures), expected, atol=1e-5)


@ENDINGS
@pytest.mark.parametrize("nested", [False, True])
def test_a_batch_normalization_that_was_called_as_in_training(ending: str, nested: bool, tmp_path: Path) -> None:
    """In tf.keras ``training=True`` in a call holds for ever, and so it does for all that is inside a model."""
    k = tf_keras
    k.utils.set_random_seed(0)
    start = k.Input((9, 9, 3))
    x = k.layers.Conv2D(4, 3, name="before")(start)
    if nested:
        inside = k.Input((7, 7, 4))
        x = k.Model(inside, k.layers.BatchNormalization(name="moments")(inside))(x, training=True)
    else:
        x = k.layers.BatchNormalization(name="moments")(x, training=True)
    network = k.Model(start, k.layers.Conv2D(2, 2)(x))
    random = randomise(network, 0.1, 2)
    network.save(tmp_path / f"model{ending}")
    pictures = random.normal(size=(3, 9, 9, 3)).astype(np.float32)
    with open_model(tmp_path / f"model{ending}", Settings()) as model:
        assert any("training=True" in note for note in model.spec.notes)
        name = next(layer.name for layer in model.spec.layers if layer.name.endswith("moments"))
        got = build_whole(model)([pictures])[0].numpy()
        # In patterns each image stands for itself: nothing depends on what else is made at the same time.
        part = build(model, name)
        together, alone = part(tf.constant(pictures)), part(tf.constant(pictures[:1]))
    # The moments of the batch change while they are measured, so the original is asked last.
    np.testing.assert_allclose(got, network(pictures, training=False).numpy(), atol=1e-4)
    np.testing.assert_allclose(together[:1], alone, atol=1e-5)


@ENDINGS
def test_keras_3_lets_the_caller_decide(ending: str, tmp_path: Path) -> None:
    k = keras
    start = k.Input((9, 9, 3))
    x = k.layers.BatchNormalization()(k.layers.Conv2D(4, 3)(start), training=True)
    network = k.Model(start, x)
    randomise(network, 0.1, 2)
    network.save(tmp_path / f"model{ending}")
    pictures = np.random.default_rng(1).normal(size=(3, 9, 9, 3)).astype(np.float32)
    np.testing.assert_allclose(
        computed(tmp_path / f"model{ending}", pictures), network.predict(pictures, verbose=0), atol=1e-5
    )


@ENDINGS
def test_what_is_random_after_training_too_is_said(ending: str, tmp_path: Path) -> None:
    start = tf_keras.Input((9, 9, 3))
    x = tf_keras.layers.Dropout(0.5, name="drops")(tf_keras.layers.Conv2D(4, 3)(start), training=True)
    tf_keras.Model(start, x).save(tmp_path / f"model{ending}")
    with open_model(tmp_path / f"model{ending}", Settings()) as model:
        assert any("'drops' changes what it gets at random, even after training" in note for note in model.spec.notes)


@BOTH
@ENDINGS
@pytest.mark.parametrize("masked", ["embedding", "masking"])
def test_masks_reach_the_layers_that_mind_them(module: ModuleType, ending: str, masked: str, tmp_path: Path) -> None:
    """A second input of words beside the image: what stands behind a mask is not read."""
    k = module
    k.utils.set_random_seed(0)
    if masked == "embedding":
        words = k.Input((5,))
        x = k.layers.Embedding(7, 4, mask_zero=True)(words)
        values = np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0], [0, 0, 0, 0, 0]], np.float32)
    else:
        words = k.Input((5, 4))
        x = k.layers.Masking(mask_value=2.0)(words)
        values = np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)
        values[0, 2:] = 2.0
        values[1, 4:] = 2.0
    x = k.layers.LSTM(3)(x)
    picture = k.Input((8, 8, 3))
    y = k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(3, 3, name="conv2d")(picture))
    network = k.Model([words, picture], k.layers.Add()([x, y]))
    network.save(tmp_path / f"model{ending}")
    pictures = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype(np.float32)
    with open_model(tmp_path / f"model{ending}", Settings()) as model:
        if module is keras:
            # Keras 3 writes the mask into the graph, as a second input of whoever minds it.
            reasons = [layer.reason for layer in model.spec.layers if layer.kind == "LSTM"]
            assert reasons == ["It is called on 2 inputs, and is known with one alone."]
            assert [layer.name for layer in model.spec.visualisable][:1] == ["conv2d"]
            return
        got = build_whole(model)([values, pictures])[0].numpy()
    np.testing.assert_allclose(got, network.predict([values, pictures], verbose=0), atol=1e-5)
