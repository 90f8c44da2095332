"""Operations that leave values as they are and arrange them anew: reshaping, transposing, joining, repeating."""

from __future__ import annotations

from typing import Any

from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Slot
from filterviz.reader.operations.arguments import Arguments, Found, KindAndParams, Operation, Reading, rows
from filterviz.reader.operations.constants import unwrap

MOST_REPEATS = 64
"""The most copies of a tensor along one axis that are made."""


def _last(axis: int, rank: int) -> int:
    """Return an axis, the last one as -1."""
    return -1 if axis == rank - 1 else axis


def _reshape(given: Arguments) -> Found:
    source = given.one()
    shape = unwrap(given.raw("newshape", "shape"))
    if not isinstance(shape, list) or not 1 < len(shape) <= 7 or any(isinstance(side, Slot) for side in shape[1:]):
        raise given.unsupported("shape", shape)
    sides = [-1 if side is None else side for side in shape[1:]]
    whole = tuple(given.values(shape=side).whole("shape", -1, 2**31) for side in sides)
    batch = shape[0]
    if (isinstance(batch, int) and batch > 0) or 0 in whole:
        raise given.decline(f"puts the images of a batch together: {shape}")
    known = None not in source.shape[1:]
    if whole.count(-1) > 1 or (batch == -1 and -1 in whole):
        raise given.unsupported("shape", shape)
    if batch == -1 and not known:
        raise Unsupported("It cannot be computed: the file leaves open how large its images are.")
    return "Reshape", {"target_shape": whole}


def _transpose(given: Arguments) -> Found:
    rank = given.one().rank
    given.only("conjugate", False)
    axes = unwrap(given.raw("axes", "perm"))
    return _ordered(given, axes if axes is not None else [*range(rank)][::-1], rank)


def _ordered(given: Arguments, axes: Any, rank: int) -> Found:
    if not isinstance(axes, list):
        raise given.unsupported("axes", axes)
    order = [given.values(axes=axis).whole("axes", -rank, rank - 1) % rank for axis in axes]
    if sorted(order) != list(range(rank)):
        raise given.unsupported("axes", axes)
    if order[0] != 0:
        raise given.decline("moves the axis of a batch")
    return "Permute", {"dims": tuple(order[1:])}


def swapped(rank: int, one: int, other: int) -> KindAndParams:
    """Return the kind and the parameters for two axes, neither of them the batch's, that change places."""
    order = [*range(rank)]
    order[one], order[other] = other, one
    return "Permute", {"dims": tuple(order[1:])}


def _swapaxes(given: Arguments) -> Found:
    rank = given.one().rank
    one, other = (given.axis(given.raw(name), rank, name) for name in ("axis1", "axis2"))
    return swapped(rank, one, other)


def _moveaxis(given: Arguments) -> Found:
    rank = given.one().rank
    source = given.axes(given.raw("source"), rank, "source")
    destination = given.axes(given.raw("destination"), rank, "destination")
    if len(source) != len(destination):
        raise given.unsupported("destination", list(destination))
    order: list[int] = [axis for axis in range(rank) if axis not in source]
    for to, axis in sorted(zip(destination, source, strict=True)):
        order.insert(to, axis)
    return "Permute", {"dims": tuple(order[1:])}


def _expand_dims(given: Arguments) -> Found:
    rank = given.one().rank
    value = unwrap(given.raw("axis", "dim"))
    listed = value if isinstance(value, list) else [value]
    return "ExpandDims", {"axis": tuple(sorted(given.axes(listed, rank + len(listed))))}


def _squeeze(given: Arguments) -> Found:
    source = given.one()
    value = unwrap(given.raw("axis", "squeeze_dims"))
    if value in (None, []):
        if None in source.shape[1:]:
            raise given.unsupported("axis", None)
        axes = tuple(axis for axis, side in enumerate(source.shape) if axis and side == 1)
        return ("Squeeze", {"axis": axes}) if axes else ("Identity", {})
    return "Squeeze", {"axis": tuple(sorted(given.axes(value, source.rank)))}


def _stack(given: Arguments) -> Found:
    sources = given.several()
    rank = sources[0].rank + 1
    return "Stack", {"axis": _last(given.axis(given.raw("axis", default=0), rank), rank)}


def _concatenate(given: Arguments) -> Found:
    sources = given.several()
    value = given.raw("axis", "concat_dim")
    rank = sources[0].rank
    axis = _last(given.axis(0 if value is None else value, rank), rank)
    return ("Concatenate", {"axis": axis}) if len(sources) > 1 else ("Identity", {})


def _joined(axis: int, least: int) -> Reading:
    """Return what reads ``hstack`` or ``dstack``, which join tensors along a certain axis.

    Args:
        axis: The axis.
        least: The least number of axes at which these functions do so.
    """

    def reading(given: Arguments) -> Found:
        sources = given.several()
        rank = sources[0].rank
        if rank < least:
            raise given.decline(f"is not rebuilt for tensors of {rank} axes")
        return "Concatenate", {"axis": _last(axis, rank)}

    return reading


def _tile(given: Arguments) -> Found:
    rank = given.one().rank
    value = unwrap(given.raw("repeats", "multiples"))
    listed = value if isinstance(value, list) else [value]
    repeats = [given.values(repeats=item).whole("repeats", 1, MOST_REPEATS) for item in listed[:16]]
    if len(repeats) > rank:
        raise given.unsupported("repeats", value)
    repeats = [1] * (rank - len(repeats)) + repeats
    if repeats[0] != 1:
        raise given.decline("repeats the images of a batch")
    return "Tile", {"repeats": tuple(repeats)}


def _repeat(given: Arguments) -> Found:
    rank = given.one().rank
    if not given.given("axis"):
        raise given.unsupported("axis", None)
    axis = given.axis(given.raw("axis"), rank)
    return "Repeat", {"repeats": given.whole("repeats", low=1, high=MOST_REPEATS), "axis": axis}


def _roll(given: Arguments) -> Found:
    rank = given.one().rank
    if not given.given("axis"):
        raise given.unsupported("axis", None)
    axes = given.axes(given.raw("axis"), rank)
    shift = unwrap(given.raw("shift"))
    listed = shift if isinstance(shift, list) else [shift] * len(axes)
    if len(listed) != len(axes):
        raise given.unsupported("shift", shift)
    shifts = tuple(given.values(shift=item).whole("shift", -65536, 65536) for item in listed)
    return "Roll", {"shift": shifts, "axis": axes}


def _broadcast_to(given: Arguments) -> Found:
    source = given.one()
    shape = unwrap(given.raw("shape"))
    rank = source.rank
    if not isinstance(shape, list) or len(shape) != rank or shape[0] not in (None, -1):
        raise given.unsupported("shape", shape)
    sides = tuple(given.values(shape=side).whole("shape", 1, 2**31) for side in shape[1:])
    return "BroadcastTo", {"sides": sides}


KERAS: dict[str, Operation] = {
    **rows("reshape", _reshape, "x | newshape shape"),
    **rows("transpose", _transpose, "x | axes"),
    **rows("swapaxes", _swapaxes, "x | axis1 axis2"),
    **rows("moveaxis", _moveaxis, "x | source destination"),
    **rows("expanddims", _expand_dims, "x | axis"),
    **rows("squeeze", _squeeze, "x | axis"),
    **rows("stack", _stack, "x | axis"),
    **rows("concatenate", _concatenate, "xs | axis"),
    **rows("hstack", _joined(1, 2), "xs"),
    **rows("dstack", _joined(2, 3), "xs"),
    **rows("tile", _tile, "x | repeats"),
    **rows("repeat", _repeat, "x | repeats axis"),
    **rows("roll", _roll, "x | shift axis"),
    **rows("broadcastto", _broadcast_to, "x | shape"),
}

TENSORFLOW: dict[str, Operation] = {
    **rows("reshape", _reshape, "tensor shape"),
    **rows("transpose", _transpose, "a perm conjugate"),
    **rows("expanddims expanddimsv2", _expand_dims, "input axis | dim"),
    **rows("squeeze squeezev2", _squeeze, "input axis | squeeze_dims"),
    **rows("stack pack", _stack, "values axis"),
    **rows("concat concatv2", _concatenate, "values axis | concat_dim"),
    **rows("tile", _tile, "input multiples"),
    **rows("repeat", _repeat, "input repeats axis"),
    **rows("roll", _roll, "input shift axis"),
    **rows("broadcastto", _broadcast_to, "input shape"),
}
