from __future__ import annotations

import keras
import pytest

from filterviz.errors import Refused
from filterviz.layers import KINDS
from filterviz.layers.config_values import ConfigValues
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees, read


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Flatten(),
        keras.layers.Reshape((20, 3)),
        keras.layers.Reshape((-1, 6)),
        keras.layers.Permute((3, 1, 2)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_shapes(layer: keras.layers.Layer) -> None:
    agrees(layer, (None, 4, 5, 3))


def test_repeating_a_vector() -> None:
    agrees(keras.layers.RepeatVector(7), (None, 5))


def test_values_that_do_not_fit() -> None:
    kind, params = read(keras.layers.Reshape((7, -1)))
    with pytest.raises(ShapeError, match="60 values cannot be brought"):
        kind.shape(params, [(None, 4, 5, 3)])


@pytest.mark.parametrize("target", ["x", [0, 3], [-1, -1], [1] * 7, [2.5]])
def test_a_target_that_makes_no_sense_is_refused(target: object) -> None:
    with pytest.raises(Refused):
        KINDS["Reshape"].read(ConfigValues("r", {"target_shape": target}))


@pytest.mark.parametrize("dims", ["x", [], [1, 1], [2, 3], [True], list(range(1, 10))])
def test_axes_that_make_no_sense_are_refused(dims: object) -> None:
    with pytest.raises(Refused):
        KINDS["Permute"].read(ConfigValues("p", {"dims": dims}))
