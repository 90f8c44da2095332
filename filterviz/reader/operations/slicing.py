"""Operations that take parts of a tensor: slices, splits, chosen positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from filterviz.reader.config import Slot
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Several, rows
from filterviz.reader.operations.constants import unwrap

MOST_PARTS = 256
"""The most tensors that one operation may give: each is a node of the graph."""

EVERYTHING = (None, None, None)
"""Start, stop and step of a slice that leaves an axis whole."""

LIMIT = 2**31
"""No position along an axis is as large."""

MOST_INDICES = 65_536
"""The most positions that are chosen one by one."""


def _get_item(given: Arguments) -> Found:
    """Read ``x[:, ::2, 1:, ..., None]``: for each axis a slice or a position; ``None`` makes a new axis."""
    rank = given.one().rank
    given.only("var")
    key = unwrap(given.raw("slice_spec", "key"))
    listed = key if isinstance(key, list) else [key]
    if not listed or len(listed) > 16 or not any(given.named(name) for name in ("slice_spec", "key")):
        raise given.unsupported("key", key)
    items = [_item(given, item) for item in listed]
    taking = [item for item in items if item is not None]
    if taking.count("...") > 1 or len(taking) - taking.count("...") > rank:
        raise given.unsupported("key", key)
    where = items.index("...") if "..." in items else len(items)
    filled = [*items[:where], *[EVERYTHING] * (rank - len(taking) + taking.count("...")), *items[where + 1 :]]
    parts = tuple(item for item in filled if item is not None)
    if parts[0] != EVERYTHING:
        raise given.decline("takes some of the images of a batch")
    steps: list[tuple[str, dict[str, Any]]] = []
    if any(part != EVERYTHING for part in parts):
        steps.append(("Slice", {"parts": parts}))
    kept = [item for item in filled if not isinstance(item, int)]
    new = tuple(axis for axis, item in enumerate(kept) if item is None)
    if 0 in new:
        raise given.decline("makes a new axis in front of that of a batch")
    if new:
        steps.append(("ExpandDims", {"axis": new}))
    return steps or ("Identity", {})


def _item(given: Arguments, item: Any) -> Any:
    if item is None:
        return None
    if isinstance(item, Mapping):
        if item.get("class_name") == "__ellipsis__":
            return "..."
        inner = item.get("config") if item.get("class_name") == "__slice__" else item
        if not isinstance(inner, Mapping) or not {"start", "stop", "step"} >= set(inner):
            raise given.unsupported("key", item)
        sides = [inner.get(key) for key in ("start", "stop", "step")]
        if any(isinstance(side, Slot | list | dict | str) for side in sides):
            raise given.unsupported("key", item)
        return tuple(None if side is None else given.values(slice=side).whole("slice", -LIMIT, LIMIT) for side in sides)
    if isinstance(item, bool) or not isinstance(item, int):
        raise given.unsupported("key", item)
    return given.values(slice=item).whole("slice", -LIMIT, LIMIT)


def _one_axis(rank: int, axis: int, part: Any) -> tuple[str, dict[str, Any]]:
    return "Slice", {"parts": tuple(part if at == axis else EVERYTHING for at in range(rank))}


def _divided(given: Arguments, axis: int, bounds: Sequence[int]) -> Found:
    """Return the parts of one axis between each bound and the next."""
    rank = given.one().rank
    _not_too_many(given, len(bounds) - 1)
    if any(one >= two for one, two in pairwise(bounds)):
        raise given.decline("gives a tensor without any values")
    return Several([[_one_axis(rank, axis, (one, two, None))] for one, two in pairwise(bounds)])


def _not_too_many(given: Arguments, tensors: int) -> None:
    if tensors > MOST_PARTS:
        raise given.decline(f"gives {tensors} tensors, more than are followed here")


def _side(given: Arguments, axis: int) -> int:
    side = given.one().shape[axis]
    if side is None:
        raise given.decline("divides a side whose length the file leaves open")
    return side


def _equal(given: Arguments, side: int, count: int, uneven: bool) -> list[int]:
    """Return the bounds of equal parts; if they may be ``uneven``, the first ones can be longer by one."""
    if side % count and not uneven:
        raise given.decline(f"cannot divide a side of {side} into {count} equal parts")
    small, more = divmod(side, count)
    return [number * small + min(number, more) for number in range(count + 1)]


def _split(default: int, *, sizes: bool = False, uneven: bool = False) -> Reading:
    """Return what reads a split into equal parts, or into those that a list describes.

    Args:
        default: The axis, where none is named.
        sizes: Whether a list holds the sizes of the parts (TensorFlow), or where they begin (Keras).
        uneven: Whether parts may differ by one in length.
    """

    def reading(given: Arguments) -> Found:
        rank = given.one().rank
        axis = given.axis(given.raw("axis", "split_dim") if given.given("axis", "split_dim") else default, rank)
        value = unwrap(given.raw("indices_or_sections", "num_or_size_splits", "num_split"))
        side = _side(given, axis)
        given.only("num", *range(1, MOST_PARTS))
        if not isinstance(value, list):
            count = given.values(sections=value).whole("sections", 1, MOST_PARTS)
            return _divided(given, axis, _equal(given, side, count, uneven))
        if len(value) > MOST_PARTS:
            raise given.unsupported("indices_or_sections", value)
        listed = [given.values(sections=item).whole("sections", -1, LIMIT) for item in value]
        if not sizes:
            if -1 in listed:
                raise given.unsupported("indices_or_sections", value)
            return _divided(given, axis, [0, *listed, side])
        if listed.count(-1) > 1:
            raise given.unsupported("num_or_size_splits", value)
        rest = side - sum(item for item in listed if item != -1)
        bounds = [0]
        for item in listed:
            bounds.append(bounds[-1] + (rest if item == -1 else item))
        if bounds[-1] != side:
            raise given.unsupported("num_or_size_splits", value)
        return _divided(given, axis, bounds)

    return reading


def _unstack(given: Arguments) -> Found:
    rank = given.one().rank
    axis = given.axis(given.raw("axis", default=0), rank)
    side = _side(given, axis)
    given.only("num", side)
    _not_too_many(given, side)
    return Several([[_one_axis(rank, axis, position)] for position in range(side)])


def _take(given: Arguments) -> Found:
    """Read chosen positions along an axis, in any order; those at equal distances become a slice."""
    source = given.one()
    rank = source.rank
    given.only("batch_dims", 0)
    given.only("mode")
    for name in ("validate_indices", "bad_indices_policy"):
        given.only(name, True, "")
    value = given.raw("axis")
    if value is None and given.keras:  # Keras flattens the whole batch first.
        raise given.unsupported("axis", None)
    axis = given.axis(0 if value is None else value, rank)
    indices = unwrap(given.raw("indices"))
    if isinstance(indices, Slot):
        raise given.unsupported("indices", indices)
    if not isinstance(indices, list):
        return _one_axis(rank, axis, given.values(indices=indices).whole("indices", -LIMIT, LIMIT))
    if not 0 < len(indices) <= MOST_INDICES or any(isinstance(item, list) for item in indices):
        raise given.unsupported("indices", indices)
    side = _side(given, axis)
    positions = [given.values(indices=item).whole("indices", -side, side - 1) % side for item in indices]
    first, last = positions[0], positions[-1]
    step = positions[1] - first if len(positions) > 1 else 0
    if step and positions == [*range(first, last + step, step)][: len(positions)]:
        stop = last + (1 if step > 0 else -1)
        return _one_axis(rank, axis, (first, None if stop < 0 else stop, step))
    return "Take", {"indices": tuple(positions), "axis": axis}


def _start_and_size(given: Arguments) -> Found:
    """Read ``keras.ops.slice`` and ``tf.slice``: a block by where it begins and by its size; -1 is the rest."""
    rank = given.one().rank
    starts, sizes = unwrap(given.raw("start_indices", "begin")), unwrap(given.raw("shape", "size"))
    if not isinstance(starts, list) or not isinstance(sizes, list) or not len(starts) == len(sizes) == rank:
        raise given.unsupported("size", sizes)
    parts: list[Any] = []
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if isinstance(start, Slot) or isinstance(size, Slot):
            raise given.unsupported("size", sizes)
        begin = given.values(begin=start).whole("begin", 0, LIMIT)
        length = given.values(size=size).whole("size", -1, LIMIT)
        if axis == 0 and (begin, length) != (0, -1):
            raise given.decline("takes some of the images of a batch")
        parts.append((begin or None, None if length == -1 else begin + length, None))
    return "Slice", {"parts": tuple(parts)}


def _strided(given: Arguments) -> Found:
    """Read ``tf.strided_slice``, as ``TensorFlowOpLayer`` has it: three lists, and masks that say which count."""
    given.one()
    lists = [unwrap(given.raw(name)) for name in ("begin", "end", "strides")]
    begin, end = lists[:2]
    strides = lists[2] if lists[2] is not None else [1] * len(begin if isinstance(begin, list) else ())
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    begins, ends, ellipsis, new, shrink = (given.whole(name, low=0, high=2**16, default=0) for name in names)
    given.only("var")
    if not all(isinstance(item, list) and len(item) == len(begin) <= 16 for item in (begin, end, strides)):
        raise given.unsupported("begin", begin)
    spec: list[Any] = []
    for at, (one, two, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << at
        if ellipsis & bit:
            spec.append({"class_name": "__ellipsis__"})
        elif new & bit:
            spec.append(None)
        elif shrink & bit:
            spec.append(one)
        else:
            spec.append({"start": None if begins & bit else one, "stop": None if ends & bit else two, "step": step})
    inner = Arguments(given.function, {"x": Slot(0), "key": _normal(spec)}, given.sources, given.keras)
    return _get_item(inner)


def _normal(spec: list[Any]) -> list[Any]:
    """Return slices with a step of 1 left out of whole ones, so that a batch that is left whole is seen to be."""
    whole = {"start": None, "stop": None, "step": 1}
    return [{**item, "step": None} if item == whole else item for item in spec]


KERAS: dict[str, Operation] = {
    **rows("getitem", _get_item, "x key"),
    **rows("split", _split(0), "x | indices_or_sections axis"),
    **rows("arraysplit", _split(0, uneven=True), "x | indices_or_sections axis"),
    **rows("hsplit", _split(1), "x | indices_or_sections"),
    **rows("dsplit", _split(2), "x | indices_or_sections"),
    **rows("unstack", _unstack, "x | num axis"),
    **rows("take", _take, "x indices | axis"),
    **rows("slice", _start_and_size, "inputs start_indices | shape"),
}

TENSORFLOW: dict[str, Operation] = {
    **rows("getitem", _get_item, "tensor slice_spec | var"),
    **rows("split", _split(0, sizes=True), "value num_or_size_splits axis num | num_split split_dim"),
    **rows("unstack unpack", _unstack, "value num axis"),
    **rows("gather gatherv2", _take, "params indices axis | validate_indices batch_dims bad_indices_policy"),
    **rows("slice", _start_and_size, "input begin size"),
    **rows(
        "stridedslice",
        _strided,
        "input begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask var",
    ),
}
