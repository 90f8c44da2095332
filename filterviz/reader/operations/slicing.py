"""Operations that take parts of a tensor: slices, splits, chosen places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Slot
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Several, rows
from filterviz.reader.operations.constants import plain

MOST_PARTS = 256
EVERYTHING = (None, None, None)
LIMIT = 2**31


def _get_item(given: Arguments) -> Found:
    """``x[:, ::2, 1:, ..., None]``: for each axis start, stop and step, or one place; ``None`` makes a new axis."""
    rank = len(given.one().shape)
    given.only("var")
    key = plain(given.raw("slice_spec", "key"))
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
        message = f"The operation {given.function[:60]!r} takes some of the pictures of a batch."
        raise Unsupported(message)
    steps: list[tuple[str, dict[str, Any]]] = []
    if any(part != EVERYTHING for part in parts):
        steps.append(("Slice", {"parts": parts}))
    kept = [item for item in filled if not isinstance(item, int)]
    new = tuple(axis for axis, item in enumerate(kept) if item is None)
    if 0 in new:
        message = f"The operation {given.function[:60]!r} makes a new axis in front of that of a batch."
        raise Unsupported(message)
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
    """The parts of one axis between each bound and the next."""
    rank = len(given.one().shape)
    if len(bounds) - 1 > MOST_PARTS:
        message = f"The operation {given.function[:60]!r} gives {len(bounds) - 1} tensors, more than are followed here."
        raise Unsupported(message)
    if any(one >= two for one, two in pairwise(bounds)):
        message = f"The operation {given.function[:60]!r} gives a tensor without any values."
        raise Unsupported(message)
    return Several([[_one_axis(rank, axis, (one, two, None))] for one, two in pairwise(bounds)])


def _side(given: Arguments, axis: int) -> int:
    side = given.one().shape[axis]
    if side is None:
        message = f"The operation {given.function[:60]!r} divides a side whose length the file leaves open."
        raise Unsupported(message)
    return side


def _equal(given: Arguments, side: int, count: int, uneven: bool) -> list[int]:
    """Bounds of that many parts; where they cannot be equal, the first ones are longer by one."""
    if side % count and not uneven:
        message = f"The operation {given.function[:60]!r} cannot divide a side of {side} into {count} equal parts."
        raise Unsupported(message)
    small, more = divmod(side, count)
    return [number * small + min(number, more) for number in range(count + 1)]


def _split(default: int, *, sizes: bool = False, uneven: bool = False) -> Reading:
    """A number of equal parts, or a list: of the sizes of the parts (TensorFlow), or of where they begin (Keras)."""

    def reading(given: Arguments) -> Found:
        rank = len(given.one().shape)
        axis = given.axis(given.raw("axis", "split_dim") if given.given("axis", "split_dim") else default, rank)
        value = plain(given.raw("indices_or_sections", "num_or_size_splits", "num_split"))
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
    rank = len(given.one().shape)
    axis = given.axis(given.raw("axis") if given.given("axis") else 0, rank)
    side = _side(given, axis)
    given.only("num", side)
    if side > MOST_PARTS:
        message = f"The operation {given.function[:60]!r} gives {side} tensors, more than are followed here."
        raise Unsupported(message)
    return Several([[_one_axis(rank, axis, place)] for place in range(side)])


def _take(given: Arguments) -> Found:
    """Chosen places along an axis, in any order."""
    source = given.one()
    rank = len(source.shape)
    given.only("batch_dims", 0)
    given.only("mode")
    for name in ("validate_indices", "bad_indices_policy"):
        given.only(name, True, "")
    value = given.raw("axis")
    if value is None and given.keras:  # the tensor is flattened first, with the whole batch
        raise given.unsupported("axis", None)
    axis = given.axis(0 if value is None else value, rank)
    indices = plain(given.raw("indices"))
    if isinstance(indices, Slot):
        raise given.unsupported("indices", indices)
    if not isinstance(indices, list):
        return _one_axis(rank, axis, given.values(indices=indices).whole("indices", -LIMIT, LIMIT))
    if not 0 < len(indices) <= 65_536 or any(isinstance(item, list) for item in indices):
        raise given.unsupported("indices", indices)
    side = _side(given, axis)
    places = [given.values(indices=item).whole("indices", -side, side - 1) % side for item in indices]
    if (
        len(places) > 1
        and (step := places[1] - places[0])
        and places == [*range(places[0], places[-1] + step, step)][: len(places)]
    ):
        stop = places[-1] + (1 if step > 0 else -1)
        return _one_axis(rank, axis, (places[0], None if stop < 0 else stop, step))
    return "Take", {"indices": tuple(places), "axis": axis}


def _start_and_size(given: Arguments) -> Found:
    """``keras.ops.slice`` and ``tf.slice``: a block that begins somewhere and is so large; -1 is the rest."""
    source = given.one()
    rank = len(source.shape)
    starts, sizes = plain(given.raw("start_indices", "begin")), plain(given.raw("shape", "size"))
    if not isinstance(starts, list) or not isinstance(sizes, list) or not len(starts) == len(sizes) == rank:
        raise given.unsupported("size", sizes)
    parts: list[Any] = []
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if isinstance(start, Slot) or isinstance(size, Slot):
            raise given.unsupported("size", sizes)
        begin = given.values(begin=start).whole("begin", 0, LIMIT)
        length = given.values(size=size).whole("size", -1, LIMIT)
        if axis == 0 and (begin, length) != (0, -1):
            message = f"The operation {given.function[:60]!r} takes some of the pictures of a batch."
            raise Unsupported(message)
        parts.append((begin or None, None if length == -1 else begin + length, None))
    return "Slice", {"parts": tuple(parts)}


def _strided(given: Arguments) -> Found:
    """``tf.strided_slice``, as ``TensorFlowOpLayer`` has it: three lists, and masks that say which count."""
    rank = len(given.one().shape)
    lists = [plain(given.raw(name)) for name in ("begin", "end", "strides")]
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
    assert rank
    return _get_item(inner)


def _normal(spec: list[Any]) -> list[Any]:
    """Whole slices in their plain form, so that a batch that is left whole is seen to be."""
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
