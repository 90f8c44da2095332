"""The parameters of operations on tensors whose channels come first in the file, for tensors with channels last.

A file that keeps channels first is rebuilt with channels last. What an operation says of axes, and the constants it
joins with a tensor, are turned with them. Where its result could not be told from one in the file's own order
(a shape was taken apart), ``None`` is given, and the operation works on tensors turned back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from filterviz.reader.axes import channels_last

Params = dict[str, Any]
Turned = tuple[Params, bool]
"""The parameters, and whether the channels of the result come first in the file's own terms."""


def turned(kind: str, params: Params, rank: int) -> Turned | None:
    """The parameters of a kind for tensors of that many axes which now have their channels last.

    Args:
        kind: of the operation.
        params: as the file has them.
        rank: of the tensors, batch included; at least 3.
    """
    turning = TURNS.get(kind)
    return None if turning is None else turning(params, rank)


def axis_of(axis: int, rank: int) -> int:
    """Where an axis lies when the channels, which came first, come last."""
    axis %= rank
    return axis if axis == 0 else rank - 1 if axis == 1 else axis - 1


def _constant(stored: Mapping[str, Any], rank: int) -> Params:
    shape = (1,) * (rank - len(stored["shape"])) + tuple(stored["shape"])
    array = np.asarray(stored["values"]).reshape(shape).transpose(channels_last(rank))
    return {"shape": array.shape, "values": tuple(array.reshape(-1).tolist())}


def _binary(params: Params, rank: int) -> Turned:
    if params.get("constant") is None:
        return params, True
    return {**params, "constant": _constant(params["constant"], rank)}, True


def _where(params: Params, rank: int) -> Turned:
    parts = (part if part == "tensor" else _constant(part, rank) for part in params["parts"])
    return {**params, "parts": tuple(parts)}, True


def _reduce(params: Params, rank: int) -> Turned:
    axes = [axis % rank for axis in params["axes"]]
    moved = tuple(axis_of(axis, rank) for axis in axes)
    return {**params, "axes": moved}, bool(params["keepdims"] or 1 not in axes)


def _axes(params: Params, rank: int) -> Turned:
    axis = params["axis"]
    moved = tuple(axis_of(one, rank) for one in axis) if isinstance(axis, tuple) else axis_of(axis, rank)
    return {**params, "axis": moved}, True


def _listed(key: str) -> Callable[[Params, int], Turned]:
    """One thing for each axis."""

    def turning(params: Params, rank: int) -> Turned:
        return {**params, key: tuple(params[key][axis] for axis in channels_last(rank))}, True

    return turning


def _slice(params: Params, rank: int) -> Turned:
    parts = tuple(params["parts"][axis] for axis in channels_last(rank))
    return {**params, "parts": parts}, not isinstance(params["parts"][1], int)


def _expand(params: Params, rank: int) -> Turned | None:
    axes = params["axis"]
    if 1 in axes:
        return None
    return {**params, "axis": tuple(sorted(axis_of(axis, rank + len(axes)) for axis in axes))}, True


def _squeeze(params: Params, rank: int) -> Turned:
    axes = params["axis"]
    return {**params, "axis": tuple(sorted(axis_of(axis, rank) for axis in axes))}, 1 not in axes


def _stack(params: Params, rank: int) -> Turned | None:
    axis = params["axis"] % (rank + 1)
    return None if axis == 1 else ({**params, "axis": axis_of(axis, rank + 1)}, True)


def _broadcast(params: Params, rank: int) -> Turned:
    sides = (None, *params["sides"])
    return {**params, "sides": tuple(sides[axis] for axis in channels_last(rank))[1:]}, True


TURNS: Mapping[str, Callable[[Params, int], Turned | None]] = {
    "Binary": _binary,
    "Where": _where,
    "Reduce": _reduce,
    "Normalize": _axes,
    "RootMeanSquare": _axes,
    "Take": _axes,
    "Repeat": _axes,
    "Roll": _axes,
    "Tile": _listed("repeats"),
    "Pad": _listed("padding"),
    "Slice": _slice,
    "ExpandDims": _expand,
    "Squeeze": _squeeze,
    "Stack": _stack,
    "BroadcastTo": _broadcast,
}
"""Kinds that mind the order of axes -> how their parameters are turned."""


def sizes_free(kind: str, params: Mapping[str, Any]) -> bool:
    """Whether an operation means the same for pictures of any size, channels last.

    A constant that holds a number for each place is for pictures of its own size, and so is a part that ends at a
    certain place.
    """
    constants = [params.get("constant"), *params.get("parts", ())] if kind in ("Binary", "Where") else []
    if any(isinstance(one, Mapping) and prod(one["shape"][:-1]) != 1 for one in constants):
        return False
    if kind == "Slice":
        return all(_open(part) for part in params["parts"][1:-1])
    if kind == "Take":
        return bool(params["axis"] == 3)
    return True


def _open(part: Any) -> bool:
    """Whether a slice goes from the beginning of a side to its end, but for a few places."""
    if part == "...":
        return True
    if isinstance(part, int):
        return False
    start, stop, _ = part
    return bool((start is None or -64 < start < 64) and (stop is None or stop < 0))
