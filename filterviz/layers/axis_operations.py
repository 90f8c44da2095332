"""What operations on tensors become that add, drop, repeat and shift along axes.

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
from filterviz.layers.kind import Params, Trait, Turned, needs_its_size
from filterviz.layers.receptive_field import FieldRule, Line
from filterviz.layers.shapes import ShapeError, Shapes
from filterviz.spec import Shape

MOST_AXES = 8
"""The most axes of a tensor that are followed."""


def _stacked(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    rank = len(shapes[0]) + 1
    axis = params["axis"] % rank
    if any(len(shape) != rank - 1 for shape in shapes):
        raise ShapeError("its inputs have different numbers of axes")
    if len({shape[1:] for shape in shapes}) > 1:
        raise ShapeError("its inputs have different shapes")
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


def _expanded(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides = list(shapes[0])
    for axis in params["axis"]:
        sides.insert(axis, 1)
    if len(sides) > MOST_AXES:
        raise ShapeError("it makes more axes than are kept here")
    return tuple(sides)


def _squeezed(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axes = params["axis"]
    if any(axis >= len(shapes[0]) or shapes[0][axis] != 1 for axis in axes):
        raise ShapeError(f"the axes {list(axes)} are not all of length 1")
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
            raise ShapeError(f"a side of {side} cannot be made one of {goal}")
    return (None, *params["sides"])


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


def _repeat_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.enlarged(line, params["repeats"] if params["axis"] == 1 + axis else 1)


def _only_channels(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and tuple(params["axis"]) == (3,)


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
        "Stack",
        _stacked,
        receptive_field=FieldRule(lambda params, before, after: (before, after) == (3, 4) and params["axis"] % 4 == 3),
        affine=_stacked_map,
        turn=_turned_stack,
        traits=frozenset({Trait.STACKS}),
    ),
    operation(
        "ExpandDims",
        _expanded,
        receptive_field=FieldRule(
            lambda params, before, after: (before, after) == (3, 4) and tuple(params["axis"]) == (3,)
        ),
        affine=_expanded_map,
        turn=_turned_expansion,
    ),
    operation(
        "Squeeze", _squeezed, receptive_field=FieldRule(_only_channels), affine=_squeezed_map, turn=_turned_squeeze
    ),
    operation(
        "Tile",
        _tiled,
        receptive_field=FieldRule(
            lambda params, before, after: before == 4 and tuple(params["repeats"][1:3]) == (1, 1)
        ),
        affine=_tiled_map,
        turn=turned_list("repeats"),
    ),
    operation("Repeat", _repeated, receptive_field=fields.moving(_repeat_side), affine=_repeated_map, turn=turned_axes),
    operation(
        "Roll",
        receptive_field=FieldRule(lambda params, before, after: before == 4 and set(params["axis"]) == {3}),
        affine=affine.unchanged,
        turn=turned_axes,
    ),
    operation("BroadcastTo", _broadcast_to, sizes_free=needs_its_size, turn=_turned_broadcast),
)
