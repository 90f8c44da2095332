from __future__ import annotations

import keras
import numpy as np
import pytest

from filterviz.layers import KINDS, Trait, modernise
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees

MERGING = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
IMAGE = (None, 4, 5, 3)


@pytest.mark.parametrize("name", MERGING)
def test_merging(name: str) -> None:
    agrees(getattr(keras.layers, name)(), IMAGE, IMAGE)
    agrees(getattr(keras.layers, name)(), IMAGE, (None, 1, 1, 3))
    assert KINDS[name].has(Trait.MERGES)


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_joining(axis: int) -> None:
    other = [None, 4, 5, 3]
    other[axis] = 7
    agrees(keras.layers.Concatenate(axis=axis), IMAGE, tuple(other))


@pytest.mark.parametrize("axis", [0, 4, -5])
def test_axes_along_which_nothing_is_joined(axis: int) -> None:
    with pytest.raises(ShapeError, match="cannot be joined"):
        KINDS["Concatenate"].shape({"axis": axis}, [IMAGE, IMAGE])


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="do not fit together"):
        KINDS["Add"].shape({}, [IMAGE, (None, 4, 6, 3)])
    with pytest.raises(ShapeError, match="different numbers of axes"):
        KINDS["Add"].shape({}, [IMAGE, (None, 3)])


@pytest.mark.parametrize(("name", "factor"), [("Add", 2.0), ("Subtract", 0.0), ("Average", 1.0)])
def test_what_becomes_of_an_image_that_is_merged_with_itself(name: str, factor: float) -> None:
    rule = KINDS[name].affine
    assert rule is not None
    found = rule(Step({}, IMAGE, list), [Preparation.nothing(3), Preparation.nothing(3)])
    assert found is not None
    np.testing.assert_allclose(found.matrix, factor * np.eye(3))


@pytest.mark.parametrize(("mode", "name"), [("sum", "Add"), ("mul", "Multiply"), ("concat", "Concatenate")])
def test_the_one_merging_layer_of_keras_1(mode: str, name: str) -> None:
    assert modernise("Merge", {"mode": mode, "concat_axis": 1}, keras_3=False) == (name, {"mode": mode, "axis": 1})
