from __future__ import annotations

import keras
import pytest

from filterviz.layers import KINDS
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees, read

SIDE = 12
POOLING = [kind for kind in KINDS.values() if "Pooling" in kind.name and not kind.name.startswith(("Global", "Adapt"))]
GLOBAL = [kind for kind in KINDS.values() if kind.name.startswith("Global")]
ADAPTIVE = [kind for kind in KINDS.values() if kind.name.startswith("Adaptive")]


def names(kinds: list) -> list[str]:  # type: ignore[type-arg]
    return [kind.name for kind in kinds]


@pytest.mark.parametrize("name", names(POOLING))
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [(2, None), (3, 2), (2, 1)])
def test_sliding_windows(name: str, padding: str, size: int, strides: int | None) -> None:
    layer = getattr(keras.layers, name)(size, strides=strides, padding=padding)
    agrees(layer, (None, *(SIDE,) * (KINDS[name].rank - 2), 5))  # type: ignore[operator]


@pytest.mark.parametrize("name", names(GLOBAL))
@pytest.mark.parametrize("keepdims", [False, True])
def test_whole_images(name: str, keepdims: bool) -> None:
    agrees(getattr(keras.layers, name)(keepdims=keepdims), (None, *(SIDE,) * (KINDS[name].rank - 2), 5))  # type: ignore[operator]


@pytest.mark.parametrize("name", names(ADAPTIVE))
def test_a_number_of_windows(name: str) -> None:
    rank = KINDS[name].rank - 2  # type: ignore[operator]
    layer = getattr(keras.layers, name)(4)
    agrees(layer, (None, *(SIDE,) * rank, 5))
    kind, params = read(layer)
    with pytest.raises(ShapeError, match="makes 4 windows of a side of 3"):
        kind.shape(params, [(None, *(3,) * rank, 5)])
    assert not kind.sizes_free(params, ())


@pytest.mark.parametrize(("strides", "growth"), [(2, 0.25), (None, 0.25), ([3, 1], 1 / 3)])
def test_how_many_positions_are_left(strides: object, growth: float) -> None:
    assert KINDS["MaxPooling2D"].growth({"pool_size": [2, 2], "strides": strides}) == pytest.approx(growth)
