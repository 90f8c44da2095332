"""Dense and Embedding: products with a matrix, and rows of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers import receptive_field as fields
from filterviz.layers.activations import activation, activation_roles, activation_weights
from filterviz.layers.config_values import MOST_FILTERS, MOST_UNITS, ConfigValues
from filterviz.layers.convolutions import bias, bias_role
from filterviz.layers.kind import NOT_NEEDED, AxisOrder, LayerKind, Params, Trait, WeightShapes
from filterviz.layers.shapes import Shapes, known


def _read_dense(values: ConfigValues) -> Params:
    return {
        "units": values.whole("units", 1, MOST_UNITS),
        "activation": activation(values),
        "use_bias": values.flag("use_bias", True),
    }


def _dense_weights(params: Mapping[str, Any], shapes: Shapes) -> WeightShapes:
    kernel = (known(shapes[0][-1], "input size"), params["units"])
    own = activation_weights(params, (*shapes[0][:-1], params["units"]))
    return (kernel, *bias(params, params["units"]), *own)


def _dense_input(config: Mapping[str, Any]) -> list[int | None] | None:
    size = config.get("input_dim")
    return [None, size] if isinstance(size, int) else None


def _read_embedding(values: ConfigValues) -> Params:
    return {
        "input_dim": values.whole("input_dim", 1, 10**7),
        "output_dim": values.whole("output_dim", 1, MOST_FILTERS),
        "mask_zero": values.flag("mask_zero", False),
    }


_QUANTISED_DENSE = {
    "int8": ("kernel", "bias", "scale"),
    "int4": ("kernel", "bias", "scale", "zero", "groups"),
    "float8": ("kernel", "bias", "inputs_scale", NOT_NEEDED, "scale", *[NOT_NEEDED] * 3),
    "gptq": ("bias", "kernel", "scale", "zero", "groups"),
    "awq": ("bias", "kernel", "scale", "zero", "awq_scales", "groups"),
}
_QUANTISED_EMBEDDING = {"int8": ("kernel", "scale"), "int4": ("kernel", "scale", "zero", "groups")}

KINDS = (
    LayerKind(
        "Dense",
        _read_dense,
        lambda params, shapes: (*shapes[0][:-1], params["units"]),
        weights=_dense_weights,
        roles=lambda params: ("kernel", *bias_role(params), *activation_roles(params)),
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=fields.IN_POSITION,
        input_shape=_dense_input,
        quantised=_QUANTISED_DENSE,
        traits=frozenset({Trait.DENSE, Trait.ROUNDS_INPUTS}),
    ),
    LayerKind(
        "Embedding",
        _read_embedding,
        lambda params, shapes: (*shapes[0], params["output_dim"]),
        weights=lambda params, shapes: ((params["input_dim"], params["output_dim"]),),
        roles=lambda params: ("embeddings",),
        axis_order=AxisOrder.AS_WRITTEN,
        no_effect=frozenset({"dropout"}),
        own_settings=frozenset({"output_dim"}),
        input_shape=lambda config: [None, config.get("input_length")],
        quantised=_QUANTISED_EMBEDDING,
        traits=frozenset({Trait.LOOKUP}),
    ),
)

NOT_REBUILT = frozenset({"EinsumDense", "ReversibleEmbedding"})
