"""Shapes, receptive fields and turning of what operations become, held against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.layers import KINDS
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.axes import channels_first, channels_last
from filterviz.layers.rearranging import slices
from filterviz.layers.shapes import ShapeError

IMAGE = (2, 6, 8, 4)
EVERYTHING = (None, None, None)

CALLS: dict[str, tuple[dict[str, Any], Any]] = {
    "Slice": (
        {"parts": (EVERYTHING, (1, 5, 2), (None, None, -1), (0, 3, None))},
        lambda x, p: x[slices(p["parts"], x.ndim)],
    ),
    "Take": ({"axis": 3, "indices": (2, 0)}, lambda x, p: np.take(x, p["indices"], p["axis"])),
    "ExpandDims": ({"axis": (2,)}, lambda x, p: np.expand_dims(x, p["axis"])),
    "Tile": ({"repeats": (1, 2, 1, 3)}, lambda x, p: np.tile(x, p["repeats"])),
    "Repeat": ({"axis": 2, "repeats": 3}, lambda x, p: np.repeat(x, p["repeats"], p["axis"])),
    "Roll": ({"axis": (3,), "shift": (1,)}, lambda x, p: np.roll(x, p["shift"], p["axis"])),
    "Pad": (
        {"padding": ((0, 0), (1, 2), (0, 3), (0, 0)), "mode": "reflect", "value": 0},
        lambda x, p: np.pad(x, p["padding"], mode=p["mode"]),
    ),
    "Reduce": (
        {"how": "mean", "axes": (1, 2), "keepdims": True},
        lambda x, p: x.mean(axis=p["axes"], keepdims=p["keepdims"]),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_shapes_are_those_of_numpy(name: str) -> None:
    params, function = CALLS[name]
    found = KINDS[name].shape(params, [IMAGE])
    assert found[1:] == function(np.zeros(IMAGE), params).shape[1:]


@pytest.mark.parametrize("name", CALLS)
def test_turned_parameters_do_the_same_with_channels_last(name: str) -> None:
    """Turning commutes with transposing: that is what it is for."""
    params, function = CALLS[name]
    turn = KINDS[name].turn
    assert turn is not None
    first = np.random.default_rng(0).normal(size=(2, 4, 6, 8))
    found = turn(params, 4)
    assert found is not None
    turned, channels_stay_first = found
    there = function(first, params)
    here = function(first.transpose(channels_last(4)), turned)
    if channels_stay_first:
        here = here.transpose(channels_first(here.ndim))
    np.testing.assert_allclose(here, there)


@given(
    parts=st.lists(
        st.one_of(
            st.integers(-3, 2),
            st.tuples(
                st.none() | st.integers(-4, 4), st.none() | st.integers(-4, 4), st.none() | st.sampled_from([1, 2, -1])
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_slices_of_any_kind(parts: list[Any]) -> None:
    array = np.zeros((2, 3, 4, 5))
    wanted = (EVERYTHING, *parts)
    expected = array[slices(wanted, 4)]
    try:
        found = KINDS["Slice"].shape({"parts": wanted}, [array.shape])
    except ShapeError:
        assert expected.size == 0
    else:
        assert found[1:] == expected.shape[1:]


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("Slice", {"parts": (EVERYTHING, (6, None, None))}, "nothing is left"),
        ("Take", {"axis": 3, "indices": (4,)}, "takes place 4 of 4"),
        ("Squeeze", {"axis": (1,)}, "not all of length 1"),
        ("BroadcastTo", {"sides": (6, 8, 5)}, "a side of 4 cannot be made one of 5"),
        ("DepthToSpace", {"block_size": 3}, "cannot be spread over blocks of 3"),
        ("SpaceToDepth", {"block_size": 4}, "cannot be divided into blocks of 4"),
        ("Pad", {"padding": ((0, 0), (6, 0), (0, 0), (0, 0)), "mode": "reflect"}, "too short to be mirrored"),
        ("Reduce", {"axes": (0,), "keepdims": False}, "cannot be taken along"),
        ("ExpandDims", {"axis": (1, 2, 3, 4, 5)}, "more axes than are kept"),
    ],
)
def test_what_cannot_be_done_is_a_reason(name: str, params: dict[str, Any], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        KINDS[name].shape(params, [IMAGE])


@pytest.mark.parametrize(
    ("name", "params", "free"),
    [
        ("Slice", {"parts": (EVERYTHING, (1, -1, None), EVERYTHING, EVERYTHING)}, True),
        ("Slice", {"parts": (EVERYTHING, (1, 5, None), EVERYTHING, EVERYTHING)}, False),
        ("Slice", {"parts": (EVERYTHING, 2, EVERYTHING, EVERYTHING)}, False),
        ("Take", {"axis": 3}, True),
        ("Take", {"axis": 1}, False),
        ("Binary", {"constant": {"shape": (1, 1, 4), "values": ()}}, True),
        ("Binary", {"constant": {"shape": (6, 8, 4), "values": ()}}, False),
        ("Where", {"parts": ("tensor", {"shape": (6, 8, 4), "values": ()})}, False),
        ("BroadcastTo", {}, False),
    ],
)
def test_which_of_them_take_images_of_any_size(name: str, params: dict[str, Any], free: bool) -> None:
    assert KINDS[name].sizes_free(params, ()) is free


def map_of(name: str, params: dict[str, Any], shape: tuple[int | None, ...]) -> Preparation | None:
    rule = KINDS[name].affine
    assert rule is not None
    return rule(Step(params, shape, list), [Preparation.nothing(3)])


def test_reversing_channels_is_a_map_and_so_is_choosing_one() -> None:
    reverse = (EVERYTHING, EVERYTHING, EVERYTHING, (None, None, -1))
    turned = map_of("Slice", {"parts": reverse}, (None, 8, 8, 3))
    assert turned is not None
    assert turned.turned
    one = map_of("Slice", {"parts": (EVERYTHING, EVERYTHING, EVERYTHING, 1)}, (None, 8, 8))
    assert one is not None
    assert (one.axis, one.matrix.tolist()) == (None, [[0, 1, 0]])
    chosen = map_of("Take", {"axis": 3, "indices": [2, 0]}, (None, 8, 8, 2))
    assert chosen is not None
    assert chosen.matrix.tolist() == [[0, 0, 1], [1, 0, 0]]
    grey = map_of("Reduce", {"how": "mean", "axes": [3], "keepdims": True}, (None, 8, 8, 1))
    assert grey is not None
    np.testing.assert_allclose(grey.matrix, [[1 / 3] * 3])
    scaled = map_of(
        "Binary",
        {"function": "subtract", "constant": {"shape": [3], "values": [1, 2, 3]}, "constant_first": True},
        (None, 8, 8, 3),
    )
    assert scaled is not None
    assert (scaled.matrix == -np.eye(3)).all()
    assert scaled.offset.tolist() == [1, 2, 3]
