"""Operations on each value alone, or along an axis of one tensor, whose shape stays as it is."""

from __future__ import annotations

from typing import Any

from filterviz.layers.config_values import Unsupported
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, operation, rows
from filterviz.reader.operations.constants import plain

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "half", "single", "double", "float"})
"""Types whose values pass on as they are; a conversion to whole numbers would cut them off."""

PLAIN = (
    *("abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh", "deg2rad"),
    *("erf", "erfc", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "negative", "rad2deg"),
    *("reciprocal", "rsqrt", "sign", "sin", "sinc", "sinh", "sqrt", "square", "tan", "tanh_shrink", "trunc"),
    *("hard_tanh", "log_sigmoid", "sparse_sigmoid", "sparse_plus", "zeros_like", "ones_like"),
)
"""Functions of one value without further arguments."""

TRUTHS = frozenset({"isfinite", "isinf", "isnan", "logical_not"})
"""Functions of one value that give a truth value."""


def elementwise(function: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """The kind for a function of each value alone."""
    return "Elementwise", {"function": function, **arguments}


def _plain(function: str) -> Reading:
    def reading(given: Arguments) -> Found:
        given.one()
        return elementwise(function)

    return reading


def _activation(name: str) -> Reading:
    def reading(given: Arguments) -> Found:
        given.one()
        return "Activation", {"activation": name}

    return reading


def _like(function: str) -> Reading:
    """``zeros_like`` and ``ones_like``."""

    def reading(given: Arguments) -> Found:
        given.one()
        given.only("dtype", *FLOATS)
        given.only("optimize", True, False)
        return elementwise(function)

    return reading


def _gelu(given: Arguments) -> Found:
    """Approximated by a hyperbolic tangent by default in Keras 3; in TensorFlow only where it says so."""
    given.one()
    if given.flag("approximate", default=given.keras):
        return elementwise("gelu_approximate")
    return "Activation", {"activation": "gelu"}


def _elu(given: Arguments) -> Found:
    given.one()
    return "ELU", {"alpha": given.number("alpha", default=1.0)}


def _celu(given: Arguments) -> Found:
    given.one()
    return elementwise("celu", alpha=given.number("alpha", default=1.0))


def _leaky_relu(given: Arguments) -> Found:
    given.one()
    return "LeakyReLU", {"negative_slope": given.number("negative_slope", "alpha", default=0.2)}


def _silu(given: Arguments) -> Found:
    """``x * sigmoid(beta * x)``; only TensorFlow has the ``beta``."""
    given.one()
    given.only("beta", 1, 1.0)
    return "Activation", {"activation": "silu"}


def _shrink(function: str) -> Reading:
    def reading(given: Arguments) -> Found:
        given.one()
        return elementwise(function, threshold=given.number("threshold", default=0.5))

    return reading


def _squareplus(given: Arguments) -> Found:
    given.one()
    return elementwise("squareplus", b=given.number("b", default=4.0))


def _threshold(given: Arguments) -> Found:
    given.one()
    threshold, value = given.number("threshold", default=0.0), given.number("default_value", default=0.0)
    return elementwise("threshold", threshold=threshold, default_value=value)


def _round(given: Arguments) -> Found:
    given.one()
    return elementwise("round", decimals=given.whole("decimals", low=-16, high=16, default=0))


def _nan_to_num(given: Arguments) -> Found:
    given.one()
    filled = {name: given.number(name, default=0.0) for name in ("nan", "posinf", "neginf") if given.given(name)}
    return elementwise("nan_to_num", **filled)


def _clip(given: Arguments) -> Found:
    """Between two numbers; beyond what float32 holds there is no bound."""
    given.one()
    bounds = []
    for name, other, open_end in (("x_min", "clip_value_min", -3e38), ("x_max", "clip_value_max", 3e38)):
        value = plain(given.raw(name, other))
        if isinstance(value, list) or (value is not None and not isinstance(value, bool | int | float)):
            raise given.unsupported(name, value)
        if value is not None and value != value:
            raise given.unsupported(name, value)
        bounds.append(open_end if value is None else max(-3e38, min(float(value), 3e38)))
    return "Clip", {"low": bounds[0], "high": bounds[1]}


def _cast(given: Arguments) -> Found:
    """To another type of decimal numbers; truth values become 0 and 1."""
    given.one()
    name = given.raw("dtype", "DstT")
    if name is not None and (not isinstance(name, str) or name.lower().removeprefix("dt_") not in FLOATS):
        raise given.unsupported("dtype", name)
    return "Identity", {}


def _identity(given: Arguments) -> Found:
    given.one()
    return "Identity", {}


def _converted(given: Arguments) -> Found:
    given.only("sparse", False)
    given.only("ragged", False)
    return _cast(given)


def _checked(given: Arguments) -> Found:
    """``check_numerics`` of TensorFlow: stops a training that has gone wrong."""
    given.raw("message")
    return _identity(given)


def _along(function: str, axis: int | None = -1) -> Reading:
    """Something along one axis that leaves the shape as it is."""

    def reading(given: Arguments) -> Found:
        rank = len(given.one().shape)
        value = given.raw("axis", "dim")
        if value is None and (axis is None or (given.keras and given.named("axis"))):
            # ``axis=None`` flattens the tensor first, with the whole batch.
            raise given.unsupported("axis", None)
        found = given.axis(axis if value is None else value, rank)
        if function in ("cumsum", "cumprod"):
            for name in ("exclusive", "reverse"):
                given.only(name, False)
            given.only("dtype", *FLOATS)
        return _along_axis(function, found, rank)

    return reading


def _along_axis(function: str, axis: int, rank: int) -> Found:
    axis = -1 if axis == rank - 1 else axis
    if function == "softmax":
        return "Softmax", {"axis": axis}
    return "Along", {"function": function, "axis": axis}


def _normalize(given: Arguments) -> Found:
    """``keras.ops.normalize``: divided by the length along one axis or several, but by no less than ``epsilon``."""
    rank = len(given.one().shape)
    axes = given.axes(-1 if not given.given("axis") else given.raw("axis"), rank)
    if given.named("axis") and not given.given("axis"):
        raise given.unsupported("axis", None)
    order = given.whole("order", low=1, high=64, default=2)
    epsilon = given.number("epsilon", default=1e-7)
    if len(axes) > 1 and order != 2:  # the norm of a matrix is another thing
        raise given.unsupported("order", order)
    return "Normalize", {"axis": axes, "order": order, "epsilon": epsilon}


def _l2_normalize(given: Arguments) -> Found:
    """``tf.math.l2_normalize``: the squares are summed, but to no less than ``epsilon``."""
    rank = len(given.one().shape)
    value = given.raw("axis", "dim")
    if value is None:
        raise given.unsupported("axis", None)
    epsilon = given.number("epsilon", default=1e-12)
    return "Normalize", {"axis": given.axes(value, rank), "order": 2, "epsilon": max(epsilon, 0.0) ** 0.5}


def _rms(given: Arguments) -> Found:
    rank = len(given.one().shape)
    given.only("scale")
    axes = given.axes(given.raw("axis") if given.given("axis") else -1, rank)
    return "RootMeanSquare", {"axis": axes, "epsilon": given.number("epsilon", default=1e-7)}


def _local_response(given: Arguments) -> Found:
    """``tf.nn.local_response_normalization``, which AlexNet and GoogLeNet have."""
    source = given.one()
    if len(source.shape) != 4 or source.first:
        message = f"The operation {given.function[:60]!r} is not rebuilt for channels that come first."
        raise Unsupported(message)
    return "LocalResponse", {
        "depth_radius": given.whole("depth_radius", low=0, high=4096, default=5),
        "bias": given.number("bias", default=1.0),
        "alpha": given.number("alpha", default=1.0),
        "beta": given.number("beta", default=0.5),
    }


_SAME = {name.replace("_", ""): operation(_plain(name), "x | features input") for name in PLAIN[:-2]}
_SAME |= {name.replace("_", ""): operation(_plain(name), "x") for name in TRUTHS}
_SAME |= {name.replace("_", ""): operation(_like(name), "x input | dtype optimize layout") for name in PLAIN[-2:]}
_SAME |= {
    name.replace("_", ""): operation(_activation(name), "x | features")
    for name in ("relu", "relu6", "sigmoid", "tanh", "selu", "softplus", "softsign", "hard_sigmoid", "hard_silu")
}

KERAS: dict[str, Operation] = {
    **_SAME,
    **rows("absolute fabs", _plain("abs"), "x"),
    **rows("logsigmoid", _activation("log_sigmoid"), "x"),
    **rows("gelu", _gelu, "x | approximate"),
    **rows("elu", _elu, "x | alpha"),
    **rows("celu", _celu, "x | alpha"),
    **rows("leakyrelu", _leaky_relu, "x | negative_slope"),
    **rows("silu swish", _silu, "x"),
    **rows("hardswish", _activation("hard_silu"), "x"),
    **rows("hardshrink", _shrink("hard_shrink"), "x | threshold"),
    **rows("softshrink", _shrink("soft_shrink"), "x | threshold"),
    **rows("squareplus", _squareplus, "x | b"),
    **rows("threshold", _threshold, "x | threshold default_value"),
    **rows("round", _round, "x | decimals"),
    **rows("nantonum", _nan_to_num, "x | nan posinf neginf"),
    **rows("clip", _clip, "x x_min x_max"),
    **rows("cast saturatecast", _cast, "x dtype"),
    **rows("converttotensor", _converted, "x | dtype sparse ragged"),
    **rows("stopgradient", _identity, "variable"),
    **rows("copy", _identity, "x"),
    **rows("softmax", _along("softmax"), "x | axis"),
    **rows("logsoftmax", _along("log_softmax"), "x | axis"),
    **rows("sparsemax", _along("sparsemax"), "x | axis"),
    **rows("cumsum", _along("cumsum", None), "x | axis dtype"),
    **rows("cumprod", _along("cumprod", None), "x | axis dtype"),
    **rows("normalize", _normalize, "x | axis order epsilon"),
    **rows("rmsnorm rmsnormalization", _rms, "x scale | axis epsilon"),
}
"""Operations of Keras 3 by the names of their classes, without capitals."""

TENSORFLOW: dict[str, Operation] = {
    **_SAME,
    **{name: operation(_plain("arc" + name[1:]), "x") for name in ("acos", "acosh", "asin", "asinh", "atan", "atanh")},
    **rows("neg", _plain("negative"), "x"),
    **rows("logsigmoid", _activation("log_sigmoid"), "x"),
    **rows("inv", _plain("reciprocal"), "x"),
    **rows("gelu", _gelu, "features approximate"),
    **rows("elu", _elu, "features"),
    **rows("leakyrelu", _leaky_relu, "features alpha"),
    **rows("silu swish swishf32", _silu, "features beta"),
    **rows("round", _round, "x"),
    **rows("clipbyvalue", _clip, "t clip_value_min clip_value_max"),
    **rows("cast saturatecast", _cast, "x dtype | DstT Truncate"),
    **rows("identity stopgradient", _identity, "input"),
    **rows("checknumerics", _checked, "tensor message"),
    **rows("debugging.checknumerics debugging.assertallfinite", _checked, "tensor message"),
    **rows("softmax", _along("softmax"), "logits axis | dim"),
    **rows("logsoftmax", _along("log_softmax"), "logits axis | dim"),
    **rows("cumsum", _along("cumsum", 0), "x axis exclusive reverse"),
    **rows("cumprod", _along("cumprod", 0), "x axis exclusive reverse"),
    **rows("l2normalize", _l2_normalize, "x axis epsilon | dim"),
    **rows("localresponsenormalization lrn", _local_response, "input depth_radius bias alpha beta"),
}
"""Operations of TensorFlow by their names without prefix, capitals and underscores."""
