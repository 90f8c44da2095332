"""Pooling: by sliding windows, over whole images, and to a given number of windows."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.config_values import LARGEST_KERNEL, ConfigValues
from filterviz.layers.convolutions import positions
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, needs_its_size
from filterviz.layers.shapes import ShapeError, Shapes, known
from filterviz.spec import Shape

RANKS = (1, 2, 3)


def _read(values: ConfigValues, rank: int) -> Params:
    size = values.wholes("pool_size", rank, 1, LARGEST_KERNEL, default=2)
    # The strides are the window's size unless the file says otherwise.
    strides = values.wholes("strides", rank, 1, LARGEST_KERNEL) if "strides" in values else size
    return {"pool_size": size, "strides": strides, "padding": values.choice("padding", ("valid", "same"), "valid")}


def _shape(params: Params, shapes: Shapes) -> Shape:
    return (None, *positions(params, shapes[0], "pool_size"), shapes[0][-1])


def _growth(params: Mapping[str, Any]) -> float:
    """Return by which factor pooling changes the number of positions; by default it moves on by its own size."""
    steps = params.get("strides") or params["pool_size"]
    return 1.0 / float(prod(steps) if isinstance(steps, list | tuple) else steps**2)


def _pooling(name: str, rank: int, short: str, *traits: Trait) -> LayerKind:
    image = rank == 2
    return LayerKind(
        f"{name}Pooling{rank}D",
        lambda values: _read(values, rank),
        _shape,
        aliases=(f"{short}Pool{rank}D",),
        axis_order=AxisOrder.CHANNELS,
        rank=rank + 2,
        receptive_field=fields.moving(fields.window("pool_size")) if image else None,
        affine=affine.unchanged if image else None,
        growth=_growth,
        traits=frozenset(traits),
    )


def _global(name: str, rank: int, short: str) -> LayerKind:
    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *((1,) * rank if params["keepdims"] else ()), shapes[0][-1])

    traits = {2: {Trait.UNIT_BY_UNIT}, 1: {Trait.USES_MASKS} if name == "Average" else set()}
    return LayerKind(
        f"Global{name}Pooling{rank}D",
        lambda values: {"keepdims": values.flag("keepdims", False)},
        shape,
        aliases=(f"Global{short}Pool{rank}D",),
        axis_order=AxisOrder.CHANNELS,
        rank=rank + 2,
        growth=lambda params: 0.0,
        traits=frozenset(traits.get(rank, set())),
    )


def _adaptive_shape(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    for side, wanted in zip(shapes[0][1:-1], params["output_size"], strict=True):
        if known(side, "input size") < wanted:
            raise ShapeError(f"it makes {wanted} windows of a side of {side}")
    return (None, *params["output_size"], shapes[0][-1])


def _adaptive(name: str, rank: int) -> LayerKind:
    """As many windows as are wanted, of whatever size that takes."""
    return LayerKind(
        f"Adaptive{name}Pooling{rank}D",
        lambda values: {"output_size": values.wholes("output_size", rank, 1, 8192)},
        _adaptive_shape,
        axis_order=AxisOrder.CHANNELS,
        rank=rank + 2,
        sizes_free=needs_its_size,
    )


KINDS = (
    *(_pooling("Max", rank, "Max", *((Trait.MAXIMUM,) if rank == 2 else ())) for rank in RANKS),
    *(_pooling("Average", rank, "Avg") for rank in RANKS),
    *(_global("Max", rank, "Max") for rank in RANKS),
    *(_global("Average", rank, "Avg") for rank in RANKS),
    *(_adaptive(name, rank) for name in ("Average", "Max") for rank in RANKS),
)
