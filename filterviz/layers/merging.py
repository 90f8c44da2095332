"""Layers that combine several inputs, by adding, multiplying, comparing or joining them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.kind import AxisOrder, LayerKind, Trait
from filterviz.layers.shapes import ShapeError, Shapes, merged
from filterviz.spec import Shape


def _merge(name: str, mode: str = "", rule: affine.AffineRule | None = None, *traits: Trait) -> LayerKind:
    return LayerKind(
        name,
        shape=lambda params, shapes: merged(shapes),
        merge_mode=mode,
        several=True,
        receptive_field=fields.VALUE_BY_VALUE,
        affine=rule,
        traits=frozenset(traits),
    )


def _added(_: Step, sources: Sequence[Preparation]) -> Preparation | None:
    return affine.summed(sources, (1.0,) * len(sources))


def _subtracted(_: Step, sources: Sequence[Preparation]) -> Preparation | None:
    return affine.summed(sources, (1.0, -1.0))


def _averaged(_: Step, sources: Sequence[Preparation]) -> Preparation | None:
    return affine.summed(sources, (1 / len(sources),) * len(sources))


def _concatenated(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axis, rank = params["axis"], len(shapes[0])
    if any(len(shape) != rank for shape in shapes) or not -rank < axis < rank or axis % rank == 0:
        raise ShapeError("its inputs cannot be joined")
    axis %= rank
    sides = [shape[axis] for shape in shapes]
    rest = merged([(*shape[:axis], 1, *shape[axis + 1 :]) for shape in shapes])
    total = None if None in sides else sum(side for side in sides if side is not None)
    return (*rest[:axis], total, *rest[axis + 1 :])


def _joined(step: Step, sources: Sequence[Preparation]) -> Preparation | None:
    return affine.joined(sources, step.params["axis"] % step.rank, new=False)


_BOTH = (Trait.MERGES, Trait.GATES)

KINDS = (
    _merge("Add", "sum", _added, *_BOTH),
    _merge("Subtract", "", _subtracted, *_BOTH),
    _merge("Multiply", "mul", None, *_BOTH),
    _merge("Average", "ave", _averaged, Trait.MERGES),
    _merge("Maximum", "max", None, Trait.MERGES),
    _merge("Minimum", "", None, Trait.MERGES),
    _merge("Divide", "", None, Trait.GATES, Trait.OPERATION),
    LayerKind(
        "Concatenate",
        lambda values: {"axis": values.whole("axis", -8, 8, -1)},
        _concatenated,
        merge_mode="concat",
        axis_order=AxisOrder.AXIS,
        several=True,
        receptive_field=fields.along_channels(),
        affine=_joined,
        traits=frozenset({Trait.JOINS_MASKS}),
    ),
)

NOT_REBUILT = frozenset({"Dot"})
