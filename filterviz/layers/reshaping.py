"""Layers that arrange values anew: Flatten, Reshape, Permute and RepeatVector."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from filterviz.layers import affine
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.config_values import ConfigValues
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, needs_its_size
from filterviz.layers.shapes import ShapeError, Shapes
from filterviz.spec import Shape


def _flattened(_: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides = shapes[0][1:]
    return (None, None if None in sides else prod(side for side in sides if side is not None))


def _read_reshape(values: ConfigValues) -> Params:
    target = values.raw("target_shape")
    if not isinstance(target, list) or len(target) > 6:
        raise values.refuse("target_shape")
    sides = [-1 if side is None else values.whole_of("target_shape", side, -1, 2**31) for side in target]
    if sides.count(-1) > 1 or 0 in sides:
        raise values.refuse("target_shape")
    return {"target_shape": tuple(sides)}


def _reshaped(params: Params, shapes: Shapes) -> Shape:
    sides, target = shapes[0][1:], params["target_shape"]
    if None in sides:
        return (None, *(None if side == -1 else side for side in target))
    size, fixed = prod(side for side in sides if side is not None), prod(side for side in target if side != -1)
    if (size % fixed if -1 in target else size != fixed) or not fixed:
        raise ShapeError(f"{size} values cannot be brought into the shape {list(target)}")
    return (None, *(size // fixed if side == -1 else side for side in target))


def _read_permute(values: ConfigValues) -> Params:
    dims = values.raw("dims")
    if not isinstance(dims, list) or any(type(dim) is not int for dim in dims):
        raise values.refuse("dims")
    if not 1 <= len(dims) <= 8 or sorted(dims) != list(range(1, len(dims) + 1)):
        raise values.refuse("dims")
    return {"dims": tuple(dims)}


def _permuted(params: Params, shapes: Shapes) -> Shape:
    if len(params["dims"]) != len(shapes[0]) - 1:
        raise ShapeError("it permutes another number of axes than there are")
    return (None, *(shapes[0][axis] for axis in params["dims"]))


@affine.single
def _permuted_map(step: Step, one: Preparation) -> Preparation:
    return affine.turned(one, (0, *step.params["dims"]))


PERMUTE = "Permute"

KINDS = (
    LayerKind(
        "Flatten",
        shape=_flattened,
        axis_order=AxisOrder.AS_WRITTEN,
        sizes_free=needs_its_size,
        traits=frozenset({Trait.LISTS, Trait.CHANNELS_LAST_FIRST}),
    ),
    LayerKind(
        "Reshape",
        _read_reshape,
        _reshaped,
        axis_order=AxisOrder.AS_WRITTEN,
        sizes_free=needs_its_size,
        traits=frozenset({Trait.LISTS}),
    ),
    LayerKind(PERMUTE, _read_permute, _permuted, axis_order=AxisOrder.AS_WRITTEN, affine=_permuted_map),
    LayerKind(
        "RepeatVector",
        lambda values: {"n": values.whole("n", 1, 65536)},
        lambda params, shapes: (None, params["n"], shapes[0][-1]),
        axis_order=AxisOrder.AS_WRITTEN,
        rank=2,
    ),
)
