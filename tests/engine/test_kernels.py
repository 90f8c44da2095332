"""A kernel is what a channel does to the image: the weights in the file, and the gradient of its response."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine import Engine
from filterviz.engine.kernels import kernels
from filterviz.engine.network import build
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Pattern, PixelRange, Request
from tests import keras_files

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

# Keras's own way of saving.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

SIDE = 20
L = keras.layers
Chain = Callable[[], list[Any]]


def gradient(model: OpenedModel, layer: str, channel: int) -> NDArray[np.float32]:
    """Return the gradient of the response in the middle by each pixel, cut to the pixels that it depends on."""
    network = build(model, layer, pre_activation=True)
    image = tf.Variable(np.zeros((1, SIDE, SIDE, network.input_channels), np.float32))
    with tf.GradientTape() as tape:
        output = network(image)
        response = output[0, output.shape[1] // 2, output.shape[2] // 2, channel]
    change: NDArray[np.float32] = tape.gradient(response, image).numpy()[0]
    rows, columns = (np.flatnonzero(np.abs(change).sum(axis=axes)) for axes in ((1, 2), (0, 2)))
    return change[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def saved(path: Path, layers: Sequence[Any], channels: int = 3) -> Any:
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((SIDE, SIDE, channels)), *layers])
    network.save(path)
    return network


STRAIGHT: dict[str, Chain] = {
    "plain": lambda: [L.Conv2D(5, 3, name="it")],
    "oblong": lambda: [L.Conv2D(5, (5, 3), strides=2, padding="same", activation="relu", name="it")],
    "groups": lambda: [L.Conv2D(6, 3, groups=3, name="it")],
    "depthwise": lambda: [L.DepthwiseConv2D(3, depth_multiplier=2, name="it")],
    "separable": lambda: [L.SeparableConv2D(6, 3, depth_multiplier=2, name="it")],
    "padded": lambda: [L.ZeroPadding2D(3), L.Cropping2D(1), L.Conv2D(5, 7, strides=2, name="it")],
    "prepared": lambda: [L.RandomFlip(), L.Dropout(0.1), L.Identity(), L.Conv2D(5, 3, name="it")],
    "nested": lambda: [keras.Sequential([keras.Input((SIDE, SIDE, 3)), L.Conv2D(5, 3)], name="inner")],
}


@pytest.mark.parametrize("chain", STRAIGHT.values(), ids=list(STRAIGHT))
def test_it_is_what_the_channel_does_to_the_image(chain: Chain, tmp_path: Path) -> None:
    saved(tmp_path / "network.keras", chain())
    with open_model(tmp_path / "network.keras", Settings()) as model:
        layer = next(layer for layer in model.spec.layers if "Conv2D" in layer.kind)
        kernel = kernels(model, layer.name, PixelRange.UNIT)
        for channel in range(layer.channels or 0):
            found = kernel(channel)
            assert found is not None
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, gradient(model, layer.name, channel), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "layer"), [("keras_1_2.h5", "convolution2d_1"), ("keras_3.h5", "conv2d")])
def test_it_is_the_weights_in_the_file(name: str, layer: str, family_files: dict[str, Path]) -> None:
    weights = keras_files.random_arrays()["first/kernel"]
    with open_model(family_files[name], Settings()) as model:
        kernel = kernels(model, layer, PixelRange.UNIT)
        for channel in range(keras_files.FIRST):
            np.testing.assert_array_equal(kernel(channel), weights[..., channel])


def test_theanos_kernels_are_turned_and_have_their_channels_last(family_files: dict[str, Path]) -> None:
    weights = keras_files.random_arrays()["first/kernel"]
    with open_model(family_files["keras_1_theano.h5"], Settings()) as model:
        found = kernels(model, "convolution2d_1", PixelRange.UNIT)(2)
        np.testing.assert_array_equal(found, weights[::-1, ::-1, :, 2])
        assert found is not None
        np.testing.assert_allclose(found, gradient(model, "convolution2d_1", 2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_channels_first_are_put_last(library: Any, tmp_path: Path) -> None:
    k = library.layers
    layers = [k.ZeroPadding2D(1, data_format="channels_first"), k.Conv2D(4, 3, data_format="channels_first", name="it")]
    network = library.Sequential([library.Input((3, SIDE, SIDE)), *layers])
    network.save(tmp_path / "first.h5")
    with open_model(tmp_path / "first.h5", Settings()) as model:
        found = kernels(model, "it", PixelRange.UNIT)(1)
        np.testing.assert_array_equal(found, network.get_layer("it").get_weights()[0][..., 1])
        assert found is not None
        np.testing.assert_allclose(found, gradient(model, "it", 1), rtol=1e-4, atol=1e-6)


def test_an_image_whose_axes_are_turned_back_has_its_axes_in_order(tmp_path: Path) -> None:
    """Networks from elsewhere are brought to channels last so; an image with rows for columns stays turned."""
    first = [L.ZeroPadding2D(1, data_format="channels_first"), L.Permute((2, 3, 1)), L.Conv2D(4, 3, name="it")]
    network = keras.Sequential([keras.Input((3, SIDE, SIDE)), *first])
    network.save(tmp_path / "turned.keras")
    saved(tmp_path / "aside.keras", [L.Permute((2, 1, 3)), L.Conv2D(4, 3, name="it")])
    with open_model(tmp_path / "turned.keras", Settings()) as model:
        found = kernels(model, "it", PixelRange.UNIT)(1)
        np.testing.assert_array_equal(found, network.get_layer("it").get_weights()[0][..., 1])
        assert found is not None
        np.testing.assert_allclose(found, gradient(model, "it", 1), rtol=1e-4, atol=1e-6)
    with open_model(tmp_path / "aside.keras", Settings()) as model:
        assert kernels(model, "it", PixelRange.UNIT)(1) is None


def test_scaling_the_pixels_leaves_it_as_it_was_learned(tmp_path: Path) -> None:
    scaling = [L.Rescaling(1 / 255), L.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.04, 0.09, 0.01])]
    network = saved(tmp_path / "scaled.keras", [*scaling, L.Conv2D(5, 3, name="it")])
    with open_model(tmp_path / "scaled.keras", Settings()) as model:
        found = kernels(model, "it", PixelRange.BYTE)(4)
    np.testing.assert_array_equal(found, network.get_layer("it").get_weights()[0][..., 4])


OTHERS: dict[str, Chain] = {
    "deeper": lambda: [L.Conv2D(5, 3), L.Conv2D(5, 3, name="it")],
    "normalised after": lambda: [L.Conv2D(5, 3), L.BatchNormalization(name="it")],
    "activated after": lambda: [L.Conv2D(5, 3), L.ReLU(name="it")],
    "behind a pooling": lambda: [L.AveragePooling2D(2), L.Conv2D(5, 3, name="it")],
    "resized": lambda: [L.Resizing(30, 30), L.Conv2D(5, 3, name="it")],
    "mixed before": lambda: [L.Conv2D(3, 1), L.Conv2D(5, 3, name="it")],
    "transposed": lambda: [L.Conv2DTranspose(5, 3, name="it")],
    "huge": lambda: [L.Conv2D(5, 19, name="it")],
    "on a sum": lambda: [twice(), L.Conv2D(5, 3, name="it")],
}


def twice() -> Any:
    """Return a model that adds an image to itself, so that two paths lead to the layer."""
    image = keras.Input((SIDE, SIDE, 3))
    return keras.Model(image, L.Add()([image, L.Identity()(image)]))


@pytest.mark.parametrize("chain", OTHERS.values(), ids=list(OTHERS))
def test_a_layer_that_does_not_take_the_image_itself_has_none(chain: Chain, tmp_path: Path) -> None:
    saved(tmp_path / "network.keras", chain())
    with open_model(tmp_path / "network.keras", Settings()) as model:
        assert kernels(model, "it", PixelRange.UNIT)(0) is None


def test_the_most_weights_are_1024(tmp_path: Path) -> None:
    saved(tmp_path / "wide.keras", [L.Conv2D(2, 16, name="it")], channels=4)
    saved(tmp_path / "wider.keras", [L.Conv2D(2, (16, 17), name="it")], channels=4)
    for name, shape in (("wide", (16, 16, 4)), ("wider", None)):
        with open_model(tmp_path / f"{name}.keras", Settings()) as model:
            found = kernels(model, "it", PixelRange.UNIT)(0)
            assert (None if found is None else found.shape) == shape


def test_weights_that_are_no_numbers_are_not_shown(tmp_path: Path) -> None:
    with open_model(keras_files.with_nan(tmp_path / "nan.h5", "conv2d_1", 2), Settings()) as model:
        made = Engine(model, Settings()).run(Request("conv2d_1", (1, 2), RECIPES["classic"].with_(size=16, steps=1)))
        kernel = {event.filter: event.kernel for event in made if isinstance(event, Pattern)}
    assert kernel[2] is None
    assert kernel[1] is not None


def test_vgg16s_are_red_first_like_the_tile_they_stand_by(vgg16_weights: Path) -> None:
    """The network takes blue first; ``natural`` shows its tiles red first, and ``classic`` as they are fed to it."""
    with h5py.File(vgg16_weights) as file:
        group = file["block1_conv1"]
        weights = group[group.attrs["weight_names"][0]][()]
    with open_model(vgg16_weights, Settings(), architecture="vgg16") as model:
        engine = Engine(model, Settings())
        for recipe, wanted in (("natural", weights[:, :, ::-1, 7]), ("classic", weights[..., 7])):
            events = engine.run(Request("block1_conv1", (7,), RECIPES[recipe].with_(size=16, steps=1)))
            pattern = next(event for event in events if isinstance(event, Pattern))
            np.testing.assert_array_equal(pattern.kernel, wanted)
        deeper = engine.run(Request("block1_conv2", (7,), RECIPES["classic"].with_(size=16, steps=1)))
        assert [event.kernel for event in deeper if isinstance(event, Pattern)] == [None]
