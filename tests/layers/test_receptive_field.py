"""The arithmetic of lines, held against which outputs change when one pixel does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from filterviz.layers import KINDS
from filterviz.layers.receptive_field import compose, union
from tests.layers.against_keras import read

SIDE = 24


def depends(function: Any, side: int = SIDE) -> np.ndarray[Any, Any]:
    """Which outputs along one side change with which pixel, ``[outputs, pixels]``."""

    def column(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        outputs = np.asarray(function(image))[0, :, :, 0]
        return outputs[:, outputs.shape[1] // 2]

    still = column(np.zeros((1, side, 9, 1), np.float32))
    found = []
    for pixel in range(side):
        image = np.zeros((1, side, 9, 1), np.float32)
        image[0, pixel] = 1.0
        found.append(~np.isclose(column(image), still, atol=1e-9))
    return np.stack(found, axis=1)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(1, 3, kernel_initializer="ones"),
        keras.layers.Conv2D(1, 4, strides=2, padding="same", kernel_initializer="ones"),
        keras.layers.Conv2D(1, 3, dilation_rate=2, padding="same", kernel_initializer="ones"),
        keras.layers.Conv2DTranspose(1, 3, strides=2, kernel_initializer="ones"),
        keras.layers.Conv2DTranspose(1, 4, strides=3, padding="same", kernel_initializer="ones"),
        keras.layers.AveragePooling2D(3, strides=2),
        keras.layers.UpSampling2D(2),
        keras.layers.UpSampling2D(2, interpolation="bilinear"),
        keras.layers.ZeroPadding2D(2),
        keras.layers.Cropping2D(((2, 3), (0, 0))),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{layer.name}",
)
def test_a_layer_sees_what_it_is_said_to_see(layer: keras.layers.Layer) -> None:
    kind, params = read(layer)
    assert kind.receptive_field is not None
    assert kind.receptive_field.side is not None
    pixels = np.arange(SIDE, dtype=np.int32)
    first, last = kind.receptive_field.side(params, 0, (pixels, pixels))
    seen = depends(layer)
    assert len(first) == len(seen)
    for position, row in enumerate(seen):
        changed = np.flatnonzero(row)
        if len(changed):
            assert first[position] <= changed[0], position
            assert last[position] >= changed[-1], position
    middle = len(seen) // 2
    changed = np.flatnonzero(seen[middle])
    assert last[middle] - first[middle] <= changed[-1] - changed[0] + 1  # no wider than it must be inside


def test_lines_never_fall_whatever_is_composed() -> None:
    pixels = np.arange(50, dtype=np.int32)
    line = (pixels, pixels)
    for name, params in (
        ("Pad", {"padding": ((0, 0), (5, 7), (0, 0), (0, 0)), "mode": "reflect"}),
        ("Conv2D", {"kernel_size": (3, 3), "strides": (2, 2), "padding": "same"}),
        ("Repeat", {"axis": 1, "repeats": 3}),
        ("SpaceToDepth", {"block_size": 2}),
    ):
        rule = KINDS[name].receptive_field
        assert rule is not None
        assert rule.side is not None
        line = rule.side(params, 0, line)
        assert (np.diff(line[0]) >= 0).all()
        assert (np.diff(line[1]) >= 0).all()
        assert (line[0] <= line[1]).all()


def test_branches_see_what_any_of_them_sees() -> None:
    pixels = np.arange(4, dtype=np.int32)
    wide = compose((pixels, pixels), pixels - 1, pixels + 1)
    first, last = union([(pixels, pixels), wide])
    assert (first.tolist(), last.tolist()) == ([0, 0, 1, 2], [1, 2, 3, 3])


@pytest.mark.parametrize(("axis", "stays"), [(-1, True), (3, True), ([3], True), (1, False), ([2, 3], False)])
def test_along_the_channels_a_layer_stays_in_position(axis: Any, stays: bool) -> None:
    rule = KINDS["Softmax"].receptive_field
    assert rule is not None
    assert rule.applies({"axis": axis}, 4, 4) is stays
