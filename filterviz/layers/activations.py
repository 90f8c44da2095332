"""Activations: as layers, and as a setting of other layers.

A setting ``activation`` holds the name of a function, or a layer that stands in its place with settings, and sometimes
weights, of its own. :func:`activation` reads both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers import receptive_field as fields
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, WeightShapes, nothing_is_ignored
from filterviz.layers.older_names import OWN_HARD_SIGMOID, class_of, modern_settings
from filterviz.layers.shapes import Shapes, known
from filterviz.spec import Shape

ACTIVATIONS = frozenset(
    {
        *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "exponential"),
        *("sigmoid", "hard_sigmoid", "hard_silu", "log_sigmoid", "tanh", "hard_tanh", "tanh_shrink"),
        *("softmax", "log_softmax", "softplus", "softsign", "celu", "glu", "squareplus", OWN_HARD_SIGMOID),
    }
)
"""Names of functions that an activation can be."""

SAME_ACTIVATION = {"swish": "silu", "hard_swish": "hard_silu", "softmax_v2": "softmax", "leakyrelu": "leaky_relu"}
"""Other names under which files know an activation."""

MIXING = frozenset({"softmax", "log_softmax", "glu"})
"""Functions that work along an axis, so that one channel depends on all."""

PLAIN_RELU: Params = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}

Activation = str | Mapping[str, Any]
"""The name of an activation, or ``{"kind", "params"}`` of the layer that stands in its place."""


def activation(values: ConfigValues, key: str = "activation", default: str = "linear") -> Activation:
    """Read an activation, in any of the forms in which files write it.

    Raises:
        Unsupported: Keras has no such activation, or a setting of it is not known.
    """
    value = values.raw(key) if values.has(key) else default
    if isinstance(value, Mapping):
        class_name, inner = value.get("class_name"), value.get("config")
        if not isinstance(class_name, str):
            class_name = ""
        elif isinstance(inner, Mapping):
            class_name = class_of(value)  # a class of somebody's own may well be called LeakyReLU
        if isinstance(inner, Mapping) and class_name == LAYER.name:
            return activation(values.inside(inner))
        if isinstance(inner, Mapping) and class_name in _BY_NAME:
            return _layer_in_place(_BY_NAME[class_name], inner)
        value = inner if isinstance(inner, str) else class_name
        if isinstance(value, str) and value not in ACTIVATIONS:
            value = value.lower()
    if value is None:
        return "linear"
    if isinstance(value, str) and (name := SAME_ACTIVATION.get(value, value)) in ACTIVATIONS:
        return name
    raise Unsupported(f"its activation {str(value)[:40]!r} is not one that Keras has.", code=True)


def _layer_in_place(kind: LayerKind, config: Mapping[str, Any]) -> Activation:
    """Read a layer that stands in place of the name of an activation."""
    values = ConfigValues(str(config.get("name", kind.name))[:80], modern_settings(config, keras_3=True))
    params = kind.read(values)
    nothing_is_ignored(kind, values)
    return "relu" if kind is RELU and params == PLAIN_RELU else {"kind": kind.name, "params": params}


def activation_name(values: ConfigValues, key: str = "activation", default: str = "linear") -> str:
    """Read an activation that must be the name of a function.

    Raises:
        Unsupported: A layer stands in its place.
    """
    found = activation(values, key, default)
    if not isinstance(found, str):
        raise values.decline(key)
    return found


def mixes_channels(stated: Activation | None) -> bool:
    """Return whether an activation works along an axis, so that all channels are needed for one of them."""
    if isinstance(stated, Mapping):
        return bool(stated["kind"] in (SOFTMAX.name, PRELU.name))
    return stated in MIXING


def activation_weights(params: Mapping[str, Any], shape: Shape) -> WeightShapes:
    """Return the shapes of the arrays of an activation, where it is a layer with some, for inputs of a shape."""
    stated = params["activation"]
    return _BY_NAME[stated["kind"]].weights(stated["params"], [shape]) if isinstance(stated, Mapping) else ()


def activation_roles(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the arrays of an activation are, where it is a layer with some."""
    stated = params.get("activation")
    return _BY_NAME[stated["kind"]].roles(stated["params"]) if isinstance(stated, Mapping) else ()


def is_relu(params: Mapping[str, Any]) -> bool:
    """Return whether the setting ``activation`` is a plain ReLU."""
    return bool(params.get("activation") == "relu")


def _relu(values: ConfigValues) -> Params:
    return {
        "max_value": values.number("max_value", 0.0) if "max_value" in values else None,
        "negative_slope": values.number("negative_slope", 0.0),
        "threshold": values.number("threshold", values.number("theta", 0.0)),
    }


def _prelu(values: ConfigValues) -> Params:
    shared = values.raw("shared_axes")
    return {"shared_axes": None if not shared else [values.whole_of("shared_axes", axis, -5, 5) for axis in shared]}


def _prelu_weights(params: Mapping[str, Any], shapes: Shapes) -> WeightShapes:
    sides = list(shapes[0][1:])
    for axis in params["shared_axes"] or ():
        sides[axis - 1] = 1  # as Keras counts: from 1, and a negative axis one further to the front
    return (tuple(known(side, "input size") for side in sides),)


def _one_slope_per_channel(_: Mapping[str, Any], weights: WeightShapes) -> bool:
    return weights[0][:2] == (1, 1)


_OF_UNITS = frozenset({Trait.ACTIVATION, Trait.UNIT_BY_UNIT})

LAYER = LayerKind(
    "Activation",
    lambda values: {"activation": activation(values)},
    weights=lambda params, shapes: activation_weights(params, shapes[0]),
    roles=activation_roles,
    receptive_field=fields.VALUE_BY_VALUE,
    rectifies=is_relu,
    traits=_OF_UNITS | {Trait.TURNS_FREELY},
)
RELU = LayerKind(
    "ReLU",
    _relu,
    aliases=("ThresholdedReLU",),
    receptive_field=fields.VALUE_BY_VALUE,
    rectifies=lambda params: params["max_value"] is None and not params["negative_slope"] and not params["threshold"],
    traits=_OF_UNITS,
)
PRELU = LayerKind(
    "PReLU",
    _prelu,
    weights=_prelu_weights,
    roles=lambda params: ("alpha",),
    axis_order=AxisOrder.AS_WRITTEN,
    sizes_free=_one_slope_per_channel,
    receptive_field=fields.IN_POSITION,
    traits=frozenset({Trait.ACTIVATION, Trait.TURNS_FREELY, Trait.KEEPS_AXES, Trait.SHARED_SLOPES}),
)
SOFTMAX = LayerKind(
    "Softmax",
    lambda values: {"axis": values.axes()},
    axis_order=AxisOrder.AXIS,
    no_effect=frozenset({"robust_masking"}),
    receptive_field=fields.along_channels(),
    traits=_OF_UNITS | {Trait.USES_MASKS},
)

KINDS = (
    LAYER,
    RELU,
    LayerKind(
        "LeakyReLU",
        lambda values: {"negative_slope": values.number("negative_slope", values.number("alpha", 0.3))},
        receptive_field=fields.VALUE_BY_VALUE,
        traits=_OF_UNITS,
    ),
    LayerKind(
        "ELU",
        lambda values: {"alpha": values.number("alpha", 1.0)},
        receptive_field=fields.VALUE_BY_VALUE,
        traits=_OF_UNITS,
    ),
    PRELU,
    SOFTMAX,
)

_BY_NAME = {name: kind for kind in KINDS if kind is not LAYER for name in (kind.name, *kind.aliases)}
"""Layers that can stand in place of the name of an activation."""
