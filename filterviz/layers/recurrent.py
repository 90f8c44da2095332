"""Recurrent layers: over sequences of vectors, in one direction or both, and over sequences of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers.activations import activation_name
from filterviz.layers.config_values import MOST_FILTERS, ConfigValues, Unsupported
from filterviz.layers.convolutions import bias, bias_role, convolving, positions
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait, WeightShapes
from filterviz.layers.shapes import Shapes, channels_of, known
from filterviz.spec import Shape

ONLY_IN_TRAINING = frozenset({"dropout", "recurrent_dropout", "unit_forget_bias", "dropout_W", "dropout_U"})
"""Settings of recurrent layers that matter in training alone."""

BIDIRECTIONAL = "Bidirectional"


def _keeps_no_state(values: ConfigValues) -> None:
    """Make sure that a layer neither keeps nor returns its state, and reads time along the usual axis.

    Raises:
        Unsupported: It does something else.
    """
    if values.flag("return_state", False) or values.flag("stateful", False):
        raise Unsupported("it keeps or returns its state.")
    values.only("time_major", False)


def _recurrent(name: str, gates: int, *aliases: str) -> LayerKind:
    def read(values: ConfigValues) -> Params:
        params: Params = {
            "units": values.whole("units", 1, MOST_FILTERS),
            "activation": activation_name(values, default="tanh"),
            "use_bias": values.flag("use_bias", True),
            "return_sequences": values.flag("return_sequences", False),
            "go_backwards": values.flag("go_backwards", False),
        }
        _keeps_no_state(values)
        if values.flag("zero_output_for_mask", False):
            params["zero_output_for_mask"] = True
        if gates > 1:
            params["recurrent_activation"] = activation_name(values, "recurrent_activation", "sigmoid")
        if gates == 3:
            params["reset_after"] = values.flag("reset_after", False)
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *((shapes[0][1],) if params["return_sequences"] else ()), params["units"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        wide = gates * params["units"]
        offsets = ((2, wide),) if params.get("reset_after") else ((wide,),)
        kernel = (known(shapes[0][-1], "input size"), wide)
        return (kernel, (params["units"], wide), *(offsets if params["use_bias"] else ()))

    return LayerKind(
        name,
        read,
        shape,
        weights=weights,
        roles=_roles,
        aliases=aliases,
        axis_order=AxisOrder.AS_WRITTEN,
        rank=3,
        no_effect=ONLY_IN_TRAINING,
        traits=frozenset({Trait.USES_MASKS, Trait.SEVERAL_KERNELS}),
    )


def _roles(params: Mapping[str, Any]) -> tuple[str, ...]:
    return ("kernel", "recurrent", *bias_role(params))


CELLS = {
    kind.name: kind
    for kind in (_recurrent("SimpleRNN", 1), _recurrent("GRU", 3, "GRUV2"), _recurrent("LSTM", 4, "LSTMV2"))
}


def _read_both(values: ConfigValues) -> Params:
    cell = values.words("cell", CELLS, "")
    params = {"cell": cell, **CELLS[cell].read(values)}
    if params["go_backwards"]:
        raise Unsupported("it begins at the end.")
    merge_mode = values.raw("merge_mode")
    if merge_mode not in ("concat", "sum", "mul", "ave"):
        raise Unsupported("it gives its two directions apart.")
    return {**params, "merge_mode": merge_mode}


def _both_shape(params: Params, shapes: Shapes) -> Shape:
    *rest, units = CELLS[params["cell"]].shape(params, shapes)
    return (*rest, 2 * params["units"] if params["merge_mode"] == "concat" else units)


def _read_convolutional(values: ConfigValues, rank: int) -> Params:
    _keeps_no_state(values)
    values.only("groups", 1)
    values.only("zero_output_for_mask", False)
    return {
        "filters": values.whole("filters", 1, MOST_FILTERS),
        **convolving(values, rank),
        "activation": activation_name(values, default="tanh"),
        "recurrent_activation": activation_name(values, "recurrent_activation", "hard_sigmoid"),
        "return_sequences": values.flag("return_sequences", False),
        "go_backwards": values.flag("go_backwards", False),
    }


def _convolutional_shape(params: Params, shapes: Shapes) -> Shape:
    steps = (shapes[0][1],) if params["return_sequences"] else ()
    return (None, *steps, *positions(params, shapes[0][1:]), params["filters"])


def _convolutional_weights(params: Params, shapes: Shapes) -> WeightShapes:
    wide = 4 * params["filters"]
    return (
        (*params["kernel_size"], channels_of(shapes[0]), wide),
        (*params["kernel_size"], params["filters"], wide),
        *bias(params, wide),
    )


def _convolutional(rank: int) -> LayerKind:
    return LayerKind(
        f"ConvLSTM{rank}D",
        lambda values: _read_convolutional(values, rank),
        _convolutional_shape,
        weights=_convolutional_weights,
        roles=_roles,
        axis_order=AxisOrder.AS_WRITTEN,
        rank=rank + 3,
        no_effect=ONLY_IN_TRAINING,
        traits=frozenset({Trait.SEVERAL_KERNELS, Trait.CONVOLVES}),
    )


KINDS = (
    *CELLS.values(),
    LayerKind(
        BIDIRECTIONAL,
        _read_both,
        _both_shape,
        weights=lambda params, shapes: 2 * CELLS[params["cell"]].weights(params, shapes),
        roles=lambda params: 2 * _roles(params),
        axis_order=AxisOrder.AS_WRITTEN,
        rank=3,
        no_effect=ONLY_IN_TRAINING,
        traits=frozenset({Trait.USES_MASKS, Trait.SEVERAL_KERNELS}),
    ),
    *map(_convolutional, (1, 2, 3)),
)

NOT_REBUILT = frozenset({"RNN", "AbstractRNNCell", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"})
