"""What operations on tensors become that compute with values: functions, arithmetic, sums and products.

Keras has no layers of these names, and a file's layers are never taken for them. Their parameters come from
:mod:`filterviz.reader.operations`. Each kind can turn its parameters for tensors whose channels come first in the file
and last in the rebuilt network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.axes import axis_of, channels_last
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, Turned, WeightShapes, same_shape
from filterviz.layers.receptive_field import FieldRule
from filterviz.layers.shapes import ShapeError, Shapes, broadcast, merged
from filterviz.spec import Shape


def operation(
    name: str,
    shape: Callable[[Params, Shapes], Shape] = same_shape,
    *,
    axis_order: AxisOrder = AxisOrder.AS_WRITTEN,
    traits: frozenset[Trait] = frozenset(),
    **rest: Any,
) -> LayerKind:
    """Return a kind that only operations become, whose parameters come from the operation."""
    return LayerKind(name, shape=shape, axis_order=axis_order, traits=traits | {Trait.OPERATION}, **rest)


def turned_axes(params: Params, rank: int) -> Turned:
    """Turn the parameter ``axis``, one axis or several."""
    axis = params["axis"]
    moved = tuple(axis_of(one, rank) for one in axis) if isinstance(axis, tuple) else axis_of(axis, rank)
    return {**params, "axis": moved}, True


def turned_list(key: str) -> Callable[[Params, int], Turned]:
    """Return how a parameter is turned that holds something for each axis."""

    def turn(params: Params, rank: int) -> Turned:
        return {**params, key: tuple(params[key][axis] for axis in channels_last(rank))}, True

    return turn


def _turned_constant(stored: Mapping[str, Any], rank: int) -> Params:
    shape = (1,) * (rank - len(stored["shape"])) + tuple(stored["shape"])
    array = np.asarray(stored["values"]).reshape(shape).transpose(channels_last(rank))
    return {"shape": array.shape, "values": tuple(array.reshape(-1).tolist())}


def _turned_binary(params: Params, rank: int) -> Turned:
    if params.get("constant") is None:
        return params, True
    return {**params, "constant": _turned_constant(params["constant"], rank)}, True


def _turned_where(params: Params, rank: int) -> Turned:
    parts = (part if part == "tensor" else _turned_constant(part, rank) for part in params["parts"])
    return {**params, "parts": tuple(parts)}, True


def _turned_reduction(params: Params, rank: int) -> Turned:
    axes = [axis % rank for axis in params["axes"]]
    moved = tuple(axis_of(axis, rank) for axis in axes)
    return {**params, "axes": moved}, bool(params["keepdims"] or 1 not in axes)


def _binary(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    constant = params.get("constant")
    return broadcast(shapes, [] if constant is None else [constant["shape"]])


def _chosen(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    return broadcast(shapes, [part["shape"] for part in params["parts"] if part != "tensor"])


def _reduced(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    rank = len(shapes[0])
    axes = {axis % rank for axis in params["axes"] if -rank <= axis < rank}
    if len(axes) != len(params["axes"]) or 0 in axes:
        raise ShapeError(f"it cannot be taken along the axes {list(params['axes'])}")
    sides = [1 if axis in axes else side for axis, side in enumerate(shapes[0])]
    return tuple(sides) if params["keepdims"] else tuple(s for axis, s in enumerate(sides) if axis not in axes)


def _multiplied(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    """Return the shape of products of the matrices in the last two axes."""
    constant = params.get("constant")
    pair = [list(shapes[0]), list(constant["shape"]) if constant is not None else list(shapes[1])]
    for shape, transposed in zip(pair, (params["transpose_a"], params["transpose_b"]), strict=True):
        if transposed:
            shape[-2:] = shape[-2:][::-1]
    one, two = pair
    if (constant is None and len(one) != len(two)) or len(one) < 2 or one[-1] != two[-2] or one[-1] is None:
        raise ShapeError(f"matrices of {one[-2:]} and {two[-2:]} cannot be multiplied")
    if constant is not None:
        if params["transpose_a"] and len(one) < 3:
            raise ShapeError("it works across the images of a batch")
        return (*one[:-1], two[-1])
    rows = merged([(None, *one[1:-2]), (None, *two[1:-2])])
    return (*rows, one[-2], two[-1])


def _constants_fit_any_size(params: Mapping[str, Any], weights: WeightShapes) -> bool:  # noqa: ARG001
    """Return whether no constant holds a number for each position, which would fit images of its own size alone."""
    constants = [params.get("constant"), *params.get("parts", ())]
    return all(prod(one["shape"][:-1]) == 1 for one in constants if isinstance(one, Mapping))


@affine.single
def _with_constant(step: Step, one: Preparation) -> Preparation | None:
    constant = step.params.get("constant")
    if constant is None:
        return None
    values = np.asarray(constant["values"], np.float64).reshape(constant["shape"])
    first = bool(step.params.get("constant_first", False))
    return affine.computed(one, step.params["function"], values, step.rank, first=first)


@affine.single
def _matrix_product(step: Step, one: Preparation) -> Preparation | None:
    constant = step.params.get("constant")
    if constant is None or step.params.get("transpose_a") or step.params.get("transpose_b"):
        return None
    return affine.mixed(one, np.asarray(constant["values"], np.float64).reshape(constant["shape"]), step.rank)


@affine.single
def _negated(step: Step, one: Preparation) -> Preparation | None:
    return one.after(-1.0, 0.0) if step.params["function"] == "negative" else None


@affine.single
def _sum_of_channels(step: Step, one: Preparation) -> Preparation | None:
    how = step.params["how"]
    if how not in ("mean", "sum") or one.axis is None:
        return None
    axes = [axis % fields.IMAGE for axis in step.params["axes"]]
    return affine.reduced(one, axes, mean=how == "mean", keepdims=step.params["keepdims"])


def _multiplies_channels(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and "constant" in params and params["transpose_a"] is False


KINDS = (
    operation("Elementwise", axis_order=AxisOrder.ANY, receptive_field=fields.VALUE_BY_VALUE, affine=_negated),
    operation("Power", axis_order=AxisOrder.ANY, receptive_field=fields.VALUE_BY_VALUE),
    operation("Clip", axis_order=AxisOrder.ANY, receptive_field=fields.VALUE_BY_VALUE, affine=affine.unchanged),
    operation(
        "Binary",
        _binary,
        sizes_free=_constants_fit_any_size,
        receptive_field=fields.VALUE_BY_VALUE,
        affine=_with_constant,
        turn=_turned_binary,
    ),
    operation(
        "Where", _chosen, sizes_free=_constants_fit_any_size, receptive_field=fields.VALUE_BY_VALUE, turn=_turned_where
    ),
    operation("Along", axis_order=AxisOrder.AXIS, receptive_field=fields.along_channels()),
    operation("Normalize", receptive_field=fields.along_channels(), turn=turned_axes),
    operation("RootMeanSquare", receptive_field=fields.along_channels(), turn=turned_axes),
    operation("LocalResponse", rank=4, receptive_field=fields.IN_POSITION),
    operation(
        "Reduce",
        _reduced,
        receptive_field=fields.along_channels("axes"),
        affine=_sum_of_channels,
        turn=_turned_reduction,
    ),
    operation("MatMul", _multiplied, receptive_field=FieldRule(_multiplies_channels), affine=_matrix_product),
)
