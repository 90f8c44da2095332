from __future__ import annotations

import keras
import pytest

from filterviz.layers import KINDS
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.resizing import INTERPOLATIONS
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees, read

IMAGE = (None, 9, 11, 3)


@pytest.mark.parametrize(
    "layer",
    [keras.layers.ZeroPadding1D((1, 2)), keras.layers.Cropping1D((1, 2)), keras.layers.UpSampling1D(3)],
    ids=lambda layer: type(layer).__name__,
)
def test_sequences(layer: keras.layers.Layer) -> None:
    agrees(layer, (None, 9, 3))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.ZeroPadding2D(((1, 2), (3, 4))),
        keras.layers.Cropping2D(((1, 2), (3, 4))),
        keras.layers.UpSampling2D((2, 3), interpolation="bilinear"),
        keras.layers.Resizing(7, 5, crop_to_aspect_ratio=True),
        keras.layers.CenterCrop(4, 6),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_images(layer: keras.layers.Layer) -> None:
    agrees(layer, IMAGE)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.ZeroPadding3D(((1, 2), (3, 4), (0, 1))),
        keras.layers.Cropping3D(((1, 2), (3, 4), (0, 1))),
        keras.layers.UpSampling3D((2, 3, 1)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_volumes(layer: keras.layers.Layer) -> None:
    agrees(layer, (None, 9, 11, 5, 3))


def test_cropping_more_than_there_is() -> None:
    kind, params = read(keras.layers.Cropping2D(5))
    with pytest.raises(ShapeError, match="cuts away more than a side of 9"):
        kind.shape(params, [IMAGE])


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_every_interpolation_is_read(interpolation: str) -> None:
    config = {"height": 4, "width": 4, "interpolation": interpolation}
    assert KINDS["Resizing"].read(ConfigValues("r", config))["interpolation"] == interpolation
    with pytest.raises(Unsupported, match="interpolation = 'nearest5'"):
        KINDS["Resizing"].read(ConfigValues("r", {**config, "interpolation": "nearest5"}))


def test_reflection_padding_is_read_where_all_sides_are_alike() -> None:
    kind = KINDS["ReflectionPadding2D"]
    params = kind.read(ConfigValues("r", {"padding": [2, 2]}))
    assert kind.shape(params, [IMAGE]) == (None, 13, 15, 3)
    with pytest.raises(Unsupported):
        kind.read(ConfigValues("r", {"padding": [1, 2]}))
    with pytest.raises(ShapeError, match="reflects more than a side of 2"):
        kind.shape(params, [(None, 2, 9, 3)])
