"""What operations on tensors become that choose, repeat and arrange values: slices, stacks, padding and blocks.

Keras has no layers of these names, and a file's layers are never taken for them. Their parameters come from
:mod:`filterviz.reader.operations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.axes import axis_of, channels_last
from filterviz.layers.elementwise import operation, turned_axes, turned_list
from filterviz.layers.kind import (
    AxisOrder,
    Params,
    Trait,
    Turned,
    WeightShapes,
    needs_its_size,
)
from filterviz.layers.receptive_field import FieldRule, Line
from filterviz.layers.resizing import given_size
from filterviz.layers.shapes import ShapeError, Shapes, channels_of, known
from filterviz.spec import Shape

MOST_AXES = 8


def slices(parts: Sequence[Any], rank: int) -> tuple[slice | int, ...]:
    """Return one slice or position for each axis, the batch's included.

    Raises:
        ShapeError: There are more of them than axes.
    """
    missing = rank - sum(part != "..." for part in parts)
    if missing < 0:
        message = "it takes slices along more axes than there are"
        raise ShapeError(message)
    filled: list[slice | int] = []
    for part in parts:
        if part == "...":
            filled += [slice(None)] * missing
        else:
            filled.append(part if isinstance(part, int) else slice(*part))
    return (*filled, *[slice(None)] * (rank - len(filled)))


# Shapes -------------------------------------------------------------------------------------------------------------


def _sliced(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, part in zip(shapes[0], slices(params["parts"], len(shapes[0])), strict=True):
        if isinstance(part, int):
            if side is not None and not -side <= part < side:
                message = f"it takes place {part} of {side}"
                raise ShapeError(message)
            continue
        if part.step == 0 or (side is not None and not range(*part.indices(side))):
            message = "nothing is left of it"
            raise ShapeError(message)
        if side is None and part != slice(None):
            known(side if part != slice(None, None, -1) else 1, "size")
        sides.append(None if side is None else len(range(*part.indices(side))))
    return tuple(sides)


def _taken(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axis, indices = params["axis"], params["indices"]
    if known(shapes[0][axis], "size") <= max(indices):
        message = f"it takes place {max(indices)} of {shapes[0][axis]}"
        raise ShapeError(message)
    return (*shapes[0][:axis], len(indices), *shapes[0][axis + 1 :])


def _stacked(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    rank = len(shapes[0]) + 1
    axis = params["axis"] % rank
    if any(len(shape) != rank - 1 for shape in shapes):
        message = "its inputs have different numbers of axes"
        raise ShapeError(message)
    if len({shape[1:] for shape in shapes}) > 1:
        message = "its inputs have different shapes"
        raise ShapeError(message)
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


def _expanded(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides = list(shapes[0])
    for axis in params["axis"]:
        sides.insert(axis, 1)
    if len(sides) > MOST_AXES:
        message = "it makes more axes than are kept here"
        raise ShapeError(message)
    return tuple(sides)


def _squeezed(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axes = params["axis"]
    if any(axis >= len(shapes[0]) or shapes[0][axis] != 1 for axis in axes):
        message = f"the axes {list(axes)} are not all of length 1"
        raise ShapeError(message)
    return tuple(side for axis, side in enumerate(shapes[0]) if axis not in axes)


def _tiled(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    repeats = zip(shapes[0], params["repeats"], strict=True)
    return tuple(None if side is None else side * times for side, times in repeats)


def _repeated(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axis, times = params["axis"], params["repeats"]
    return tuple(side if at != axis or side is None else side * times for at, side in enumerate(shapes[0]))


def _broadcast_to(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    for side, goal in zip(shapes[0][1:], params["sides"], strict=True):
        if side not in (1, goal):
            message = f"a side of {side} cannot be made one of {goal}"
            raise ShapeError(message)
    return (None, *params["sides"])


def _padded(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, (before, after) in zip(shapes[0], params["padding"], strict=True):
        most = {"constant": None, "reflect": 1, "symmetric": 0}[params["mode"]]
        if most is not None and side is not None and max(before, after) > side - most:
            message = f"a side of {side} is too short to be mirrored {max(before, after)} wide"
            raise ShapeError(message)
        sides.append(None if side is None else side + before + after)
    return tuple(sides)


def _depth_to_space(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    block, channels = params["block_size"], channels_of(shapes[0])
    if channels % block**2:
        message = f"its {channels} channels cannot be spread over blocks of {block}"
        raise ShapeError(message)
    return (None, *(None if side is None else side * block for side in shapes[0][1:3]), channels // block**2)


def _space_to_depth(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    block, sides = params["block_size"], shapes[0][1:3]
    if any(side is not None and side % block for side in sides):
        message = f"its sides {list(sides)} cannot be divided into blocks of {block}"
        raise ShapeError(message)
    return (None, *(None if side is None else side // block for side in sides), channels_of(shapes[0]) * block**2)


# Turning: parameters for channels last ------------------------------------------------------------------------------


def _turned_slice(params: Params, rank: int) -> Turned:
    parts = tuple(params["parts"][axis] for axis in channels_last(rank))
    return {**params, "parts": parts}, not isinstance(params["parts"][1], int)


def _turned_expansion(params: Params, rank: int) -> Turned | None:
    axes = params["axis"]
    if 1 in axes:
        return None
    return {**params, "axis": tuple(sorted(axis_of(axis, rank + len(axes)) for axis in axes))}, True


def _turned_squeeze(params: Params, rank: int) -> Turned:
    axes = params["axis"]
    return {**params, "axis": tuple(sorted(axis_of(axis, rank) for axis in axes))}, 1 not in axes


def _turned_stack(params: Params, rank: int) -> Turned | None:
    axis = params["axis"] % (rank + 1)
    return None if axis == 1 else ({**params, "axis": axis_of(axis, rank + 1)}, True)


def _turned_broadcast(params: Params, rank: int) -> Turned:
    sides = (None, *params["sides"])
    return {**params, "sides": tuple(sides[axis] for axis in channels_last(rank))[1:]}, True


# Sizes of images ----------------------------------------------------------------------------------------------------


def _slices_fit_any_size(params: Mapping[str, Any], weights: WeightShapes) -> bool:  # noqa: ARG001
    """Return whether the slices of both sides go from their beginning to their end, apart from a few positions."""
    return all(_is_open(part) for part in params["parts"][1:-1])


def _is_open(part: Any) -> bool:
    if part == "...":
        return True
    if isinstance(part, int):
        return False
    start, stop, _ = part
    return bool((start is None or -64 < start < 64) and (stop is None or stop < 0))


# Receptive fields ---------------------------------------------------------------------------------------------------


def _slices_forwards(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and all(
        isinstance(part, slice) and (part.step or 1) > 0 for part in slices(params["parts"], fields.IMAGE)[1:3]
    )


def _slice_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    part = slices(params["parts"], fields.IMAGE)[1 + axis]
    return fields.cut(line, part if isinstance(part, slice) else slice(None))


def _repeat_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.enlarged(line, params["repeats"] if params["axis"] == 1 + axis else 1)


def _pad_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.padded(line, params["padding"][1 + axis], params["mode"])


def _adds_channels(params: Mapping[str, Any], before: int, after: int) -> bool:
    return (before, after) == (3, fields.IMAGE) and tuple(params["axis"]) == (3,)


def _repeats_channels(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and tuple(params["repeats"][1:3]) == (1, 1)


def _only_channels(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and tuple(params["axis"]) == (3,)


# Affine maps --------------------------------------------------------------------------------------------------------


@affine.single
def _sliced_map(step: Step, one: Preparation) -> Preparation | None:
    parts = step.params["parts"]
    return affine.sliced(one, slices(parts, step.rank + sum(isinstance(part, int) for part in parts)))


@affine.single
def _taken_map(step: Step, one: Preparation) -> Preparation | None:
    return affine.taken(one, list(step.params["indices"])) if step.params["axis"] == one.axis else None


@affine.single
def _repeated_map(step: Step, one: Preparation) -> Preparation | None:
    if one.axis is None:
        return None
    times = step.params["repeats"] if step.params["axis"] == one.axis else 1
    return affine.repeated(one, times, np.repeat)


@affine.single
def _tiled_map(step: Step, one: Preparation) -> Preparation | None:
    return None if one.axis is None else affine.repeated(one, step.params["repeats"][one.axis], np.tile)


@affine.single
def _expanded_map(step: Step, one: Preparation) -> Preparation | None:
    if one.axis is not None or len(step.params["axis"]) != 1:
        return None
    return replace(one, axis=step.params["axis"][0] % step.rank)


@affine.single
def _squeezed_map(step: Step, one: Preparation) -> Preparation | None:
    return replace(one, axis=None) if tuple(step.params["axis"]) == (one.axis,) else None


def _stacked_map(step: Step, sources: Sequence[Preparation]) -> Preparation | None:
    return affine.joined(sources, step.params["axis"] % step.rank, new=True)


KINDS = (
    operation(
        "Slice",
        _sliced,
        axis_order=AxisOrder.AS_WRITTEN,
        sizes_free=_slices_fit_any_size,
        receptive_field=FieldRule(_slices_forwards, _slice_side),
        affine=_sliced_map,
        turn=_turned_slice,
        traits=frozenset({Trait.KEEPS_AXES}),
    ),
    operation(
        "Take",
        _taken,
        axis_order=AxisOrder.AS_WRITTEN,
        sizes_free=lambda params, weights: bool(params["axis"] == 3),
        receptive_field=fields.along_channels(),
        affine=_taken_map,
        turn=turned_axes,
    ),
    operation(
        "Stack",
        _stacked,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=FieldRule(lambda params, before, after: (before, after) == (3, 4) and params["axis"] % 4 == 3),
        affine=_stacked_map,
        turn=_turned_stack,
        traits=frozenset({Trait.STACKS}),
    ),
    operation(
        "ExpandDims",
        _expanded,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=FieldRule(
            lambda params, before, after: (before, after) == (3, 4) and tuple(params["axis"]) == (3,)
        ),
        affine=_expanded_map,
        turn=_turned_expansion,
    ),
    operation(
        "Squeeze",
        _squeezed,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=FieldRule(_only_channels),
        affine=_squeezed_map,
        turn=_turned_squeeze,
    ),
    operation(
        "Tile",
        _tiled,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=FieldRule(
            lambda params, before, after: before == 4 and tuple(params["repeats"][1:3]) == (1, 1)
        ),
        affine=_tiled_map,
        turn=turned_list("repeats"),
    ),
    operation(
        "Repeat",
        _repeated,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=fields.moving(_repeat_side),
        affine=_repeated_map,
        turn=turned_axes,
    ),
    operation(
        "Roll",
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=FieldRule(lambda params, before, after: before == 4 and set(params["axis"]) == {3}),
        affine=affine.unchanged,
        turn=turned_axes,
    ),
    operation(
        "BroadcastTo", _broadcast_to, axis_order=AxisOrder.AS_WRITTEN, sizes_free=needs_its_size, turn=_turned_broadcast
    ),
    operation(
        "Pad",
        _padded,
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=fields.moving(_pad_side),
        affine=affine.unchanged,
        turn=turned_list("padding"),
    ),
    operation("Resize", given_size, axis_order=AxisOrder.CHANNELS, rank=4, affine=affine.unchanged),
    operation(
        "DepthToSpace",
        _depth_to_space,
        axis_order=AxisOrder.CHANNELS,
        rank=4,
        receptive_field=fields.moving(lambda params, axis, line: fields.enlarged(line, params["block_size"])),
        growth=lambda params: float(params["block_size"] ** 2),
    ),
    operation(
        "SpaceToDepth",
        _space_to_depth,
        axis_order=AxisOrder.CHANNELS,
        rank=4,
        receptive_field=fields.moving(lambda params, axis, line: fields.blocks(line, params["block_size"])),
        growth=lambda params: 1.0 / params["block_size"] ** 2,
    ),
)
