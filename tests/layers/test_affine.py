"""Affine maps of channels, held against computing with the image itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from filterviz.layers import affine
from filterviz.layers.affine import MOST_CHANNELS, Preparation

IMAGE = np.random.default_rng(0).normal(size=(5, 4, 3))
NOTHING = Preparation.nothing(3)


def applied(found: Preparation | None) -> np.ndarray[Any, Any]:
    assert found is not None
    return IMAGE @ found.matrix.T + found.offset


def test_a_chain_of_maps_is_what_the_image_goes_through() -> None:
    scaled = affine.rescaled(NOTHING, np.array(2.0), np.array([1.0, 2, 3]), 4)
    assert scaled is not None
    mixed = affine.mixed(scaled, np.array([[1.0, 0], [0, 1], [1, 1]]), 4)
    expected = (2 * IMAGE + [1, 2, 3]) @ np.array([[1.0, 0], [0, 1], [1, 1]])
    np.testing.assert_allclose(applied(mixed), expected)


@pytest.mark.parametrize(
    ("function", "first", "expected"),
    [
        ("add", False, IMAGE + 3),
        ("subtract", False, IMAGE - 3),
        ("subtract", True, 3 - IMAGE),
        ("multiply", False, IMAGE * 3),
        ("divide", False, IMAGE / 3),
    ],
)
def test_constants(function: str, first: bool, expected: np.ndarray[Any, Any]) -> None:
    np.testing.assert_allclose(applied(affine.computed(NOTHING, function, np.array(3.0), 4, first=first)), expected)


@pytest.mark.parametrize(
    ("function", "constant", "first"), [("divide", 3.0, True), ("divide", 0.0, False), ("power", 2.0, False)]
)
def test_what_is_no_affine_map(function: str, constant: float, first: bool) -> None:
    assert affine.computed(NOTHING, function, np.array(constant), 4, first=first) is None


def test_moments_of_the_image_from_those_of_its_prepared_channels() -> None:
    pixels = np.random.default_rng(1).normal(0.4, 0.2, size=(10_000, 3))
    scaled = NOTHING.after(np.array([255.0, 255, 255]), np.array([-120.0, -110, -100]))
    seen = pixels @ scaled.matrix.T + scaled.offset
    found = scaled.undone(seen.mean(axis=0), seen.var(axis=0))
    assert found is not None
    assert found.mean == pytest.approx(pixels.mean(), rel=1e-6)
    assert found.variance == pytest.approx(pixels.var(), rel=1e-3)


def test_turning_and_choosing() -> None:
    assert affine.taken(NOTHING, [2, 1, 0]).turned  # type: ignore[union-attr]
    assert affine.taken(NOTHING, [3]) is None
    assert affine.taken(NOTHING, []) is None
    assert affine.taken(NOTHING, [0] * (MOST_CHANNELS + 1)) is None
    assert affine.turned(NOTHING, (0, 3, 1, 2)).axis == 1
    assert affine.repeated(Preparation.nothing(1), 3, np.repeat).matrix.shape == (3, 1)  # type: ignore[union-attr]


def test_channels_beside_each_other() -> None:
    joined = affine.joined([NOTHING, NOTHING], 3, new=False)
    assert joined is not None
    assert joined.matrix.shape == (6, 3)
    assert affine.joined([NOTHING, NOTHING], 1, new=False) is None
    assert affine.summed([NOTHING, Preparation.nothing(2)], (1.0, 1.0)) is None
