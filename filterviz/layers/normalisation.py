"""Normalisation over channels, layers, groups and images, and scaling by what was learned or measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from filterviz.errors import Refused
from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.config_values import MOST_FILTERS, ConfigValues, Unsupported, unwrapped
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, WeightShapes
from filterviz.layers.shapes import ShapeError, Shapes, known
from filterviz.spec import Shape

EPSILON = 1e-7
"""The smallest deviation by which Normalization divides, Keras's ``epsilon()``."""


def _one_axis(values: ConfigValues) -> int:
    """Read the axis of a layer that is rebuilt for a single one."""
    axis = values.axes()
    if not isinstance(axis, int):
        raise Unsupported("it normalises over several axes at once.")
    return axis


def _scaled(values: ConfigValues) -> Params:
    """Read how a layer scales and shifts what it has normalised."""
    return {
        "epsilon": values.number("epsilon", 1e-3),
        "center": values.flag("center", True),
        "scale": values.flag("scale", True),
    }


def _scale_roles(params: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(("gamma",) if params.get("scale", True) else ()), *(("beta",) if params.get("center", True) else ()))


def _scale_of_channels(params: Mapping[str, Any], shapes: Shapes) -> WeightShapes:
    size = (known(shapes[0][params["axis"]], "number of channels"),)
    return (size,) * len(_scale_roles(params))


def _sides_of(found: int | tuple[int, ...] | None, shape: Shape) -> tuple[int, ...]:
    """Return the sizes of some axes, in the order in which Keras keeps them."""
    wanted = () if found is None else (found,) if isinstance(found, int) else found
    return tuple(known(shape[axis], "input size") for axis in sorted(axis % len(shape) for axis in wanted))


# Batch, layer and group normalisation -------------------------------------------------------------------------------


def _read_batch(values: ConfigValues) -> Params:
    # In Keras 1, mode 1 normalised each sample, and mode 2 with the batch's own moments, after training too.
    values.only("mode", 0)
    values.only("renorm", False)
    values.only("virtual_batch_size", None)
    values.only("adjustment", None)
    return {"axis": _one_axis(values), **_scaled(values)}


def _batch_weights(params: Params, shapes: Shapes) -> WeightShapes:
    size = (known(shapes[0][params["axis"]], "number of channels"),)
    return (*_scale_of_channels(params, shapes), size, size)


def _read_layer(values: ConfigValues) -> Params:
    values.only("rms_scaling", False)
    return {"axis": values.axes(), **_scaled(values)}


def _layer_weights(params: Params, shapes: Shapes) -> WeightShapes:
    return (_sides_of(params["axis"], shapes[0]),) * len(_scale_roles(params))


def _read_group(values: ConfigValues) -> Params:
    return {
        "groups": values.whole("groups", -1, MOST_FILTERS, default=32),
        "axis": _one_axis(values),
        **_scaled(values),
    }


def _read_instance(values: ConfigValues) -> Params:
    """Read ``InstanceNormalization`` of tensorflow-addons, a GroupNormalization with one group per channel.

    keras-contrib has another layer of this name, with other arithmetic and without groups. The number of groups in the
    file does not matter: once built, the layer writes down as many as there are channels.
    """
    if "groups" not in values:
        raise values.decline("axis")
    return {**_read_group(values), "groups": -1}


# Normalization, which was measured and not learned ------------------------------------------------------------------


def _read_measured(values: ConfigValues) -> Params:
    """Read ``Normalization``: its moments are among its weights, or were given to it and stand in its settings."""
    params: Params = {"axis": values.axes(None) if values.has("axis") else -1, "invert": values.flag("invert", False)}
    given = [_along(values, key, params["axis"]) for key in ("mean", "variance") if key in values]
    if len(given) == 2:
        params["mean"], params["variance"] = given
    return params


def _along(values: ConfigValues, key: str, axis: Any) -> float | tuple[float, ...]:
    """Read numbers along the axes that are kept, however deeply they are nested: ``[[[[0.1]], [[0.2]]]]``."""
    value = unwrapped(values.raw(key))
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list) and isinstance(axis, tuple):
        return tuple(values.flattened(key, value))
    if isinstance(value, list) and not isinstance(axis, int):
        raise values.decline(key)
    while isinstance(value, list) and value and all(isinstance(one, list) and len(one) == 1 for one in value):
        value = [one[0] for one in value]
    return ConfigValues(key, {key: value}).numbers(key, 0.0)


def _measured_weights(params: Params, shapes: Shapes) -> WeightShapes:
    sides = _sides_of(params["axis"], shapes[0])
    if "mean" in params:
        for given in (params["mean"], params["variance"]):
            if isinstance(given, tuple) and len(given) not in (1, prod(sides)):
                raise ShapeError(f"it is given {len(given)} numbers for {prod(sides)} places")
        return ()
    return (sides, sides, ())


def _measured_map(step: Step, sources: Sequence[Preparation]) -> Preparation | None:
    """Follow a Normalization: what it subtracts and divides by was measured on the pixels, or given to it."""
    if len(sources) > 1:
        return None
    try:
        return _normalised(step, sources[0])
    except (Refused, ValueError):  # arrays that cannot be read are refused where they are needed
        return None


def _normalised(step: Step, one: Preparation) -> Preparation | None:
    params, shape, rank = step.params, step.shape, step.rank
    given: list[Any] = [params["mean"], params["variance"]] if "mean" in params else list(step.read())[:2]
    if len(given) < 2:
        return None
    wanted = params["axis"] if isinstance(params["axis"], list | tuple) else [params["axis"]]
    kept = sorted(axis % rank for axis in wanted if axis is not None)
    apart = one.axis is not None and one.axis in kept
    sides = [side for axis in kept if (side := shape[axis]) is not None]
    if len(sides) == len(kept) > 1:
        given = [np.reshape(values, sides) if np.size(values) > 1 else values for values in given]
    mean, variance = (affine.by_channel(np.asarray(values, np.float64), one, apart) for values in given)
    if mean is None or variance is None or (variance < 0).any():
        return None
    if not mean.any() and (variance == 1).all():
        return one  # these are the moments it begins with: it has measured nothing
    deviation = np.maximum(np.sqrt(variance), EPSILON)
    if params.get("invert"):
        return one.after(deviation, mean)
    prepared = one.after(1 / deviation, -mean / deviation)
    return replace(prepared, measured=one.measured or one.undone(mean, variance))


@affine.single
def _rescaled(step: Step, one: Preparation) -> Preparation | None:
    scale, offset = (np.asarray(step.params[key], np.float64) for key in ("scale", "offset"))
    return affine.rescaled(one, scale, offset, step.rank)


KINDS = (
    LayerKind(
        "BatchNormalization",
        _read_batch,
        weights=_batch_weights,
        roles=lambda params: (*_scale_roles(params), "moving_mean", "moving_variance"),
        aliases=("BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"),
        axis_order=AxisOrder.AXIS,
        no_effect=frozenset({"momentum", "renorm_clipping", "renorm_momentum"}),
        receptive_field=fields.IN_POSITION,
        untrainable=2,
        traits=frozenset({Trait.MOMENTS}),
    ),
    LayerKind(
        "LayerNormalization",
        _read_layer,
        weights=_layer_weights,
        roles=_scale_roles,
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.IN_POSITION,
        traits=frozenset({Trait.SORTS_AXES}),
    ),
    LayerKind(
        "RMSNormalization",
        lambda values: {"axis": values.axes(), "epsilon": values.number("epsilon", 1e-6)},
        weights=lambda params, shapes: (_sides_of(params["axis"], shapes[0]),),
        roles=lambda params: ("gamma",),
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.along_channels(),
    ),
    LayerKind(
        "UnitNormalization",
        lambda values: {"axis": values.axes()},
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.along_channels(),
    ),
    LayerKind(
        "InstanceNormalization",
        _read_instance,
        weights=_scale_of_channels,
        roles=_scale_roles,
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.IN_POSITION,
    ),
    LayerKind(
        "GroupNormalization",
        _read_group,
        weights=_scale_of_channels,
        roles=_scale_roles,
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.IN_POSITION,
    ),
    LayerKind(
        "Normalization",
        _read_measured,
        weights=_measured_weights,
        roles=lambda params: () if "mean" in params else ("mean", "variance", "count"),
        axis_order=AxisOrder.AXIS,
        receptive_field=fields.IN_POSITION,
        affine=_measured_map,
        untrainable=3,
        traits=frozenset({Trait.MEASURED, Trait.LEAVES_PIXELS}),
    ),
    LayerKind(
        "LayerScale",
        lambda values: {"projection_dim": values.whole("projection_dim", 1, MOST_FILTERS)},
        weights=lambda params, shapes: ((params["projection_dim"],),),
        roles=lambda params: ("scale",),
        axis_order=AxisOrder.AS_WRITTEN,
        no_effect=frozenset({"init_values"}),
        receptive_field=fields.IN_POSITION,
    ),
    LayerKind(
        "Rescaling",
        lambda values: {"scale": values.numbers("scale", 1.0), "offset": values.numbers("offset", 0.0)},
        receptive_field=fields.VALUE_BY_VALUE,
        affine=_rescaled,
        traits=frozenset({Trait.UNIT_BY_UNIT, Trait.LEAVES_PIXELS, Trait.ONE_PER_AXIS_VALUE}),
    ),
)
