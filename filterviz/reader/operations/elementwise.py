"""Operations on each value alone: activations, rounding, bounds, conversions."""

from __future__ import annotations

from typing import Any

from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, rows
from filterviz.reader.operations.constants import unwrap

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "half", "single", "double", "float"})
"""Types whose values pass on as they are; a conversion to whole numbers would cut them off."""

PLAIN = (
    *("abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh", "deg2rad"),
    *("erf", "erfc", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "negative", "rad2deg"),
    *("reciprocal", "rsqrt", "sign", "sin", "sinc", "sinh", "sqrt", "square", "tan", "tanh_shrink", "trunc"),
    *("hard_tanh", "log_sigmoid", "sparse_sigmoid", "sparse_plus"),
)
"""Functions of one value without further arguments."""

LIKE = ("zeros_like", "ones_like")
"""Functions that keep nothing of a tensor but its shape."""

ACTIVATIONS = ("relu", "relu6", "sigmoid", "tanh", "selu", "softplus", "softsign", "hard_sigmoid", "hard_silu")
"""Functions that are activations of Keras, without further arguments."""

TRUTHS = frozenset({"isfinite", "isinf", "isnan", "logical_not"})
"""Functions of one value that give truth values."""


def elementwise(function: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """Return the kind and the parameters for a function of each value alone."""
    return "Elementwise", {"function": function, **arguments}


def _function(name: str, **numbers: float) -> Reading:
    """Return what reads a function of each value alone.

    Args:
        name: Name of the function.
        **numbers: The numbers that it takes beside the value, with their defaults.
    """

    def reading(given: Arguments) -> Found:
        given.one()
        return elementwise(name, **{key: given.number(key, default=default) for key, default in numbers.items()})

    return reading


def _activation(name: str) -> Reading:
    def reading(given: Arguments) -> Found:
        given.one()
        return "Activation", {"activation": name}

    return reading


def _like(function: str) -> Reading:
    def reading(given: Arguments) -> Found:
        given.one()
        given.only("dtype", *FLOATS)
        given.only("optimize", True, False)
        return elementwise(function)

    return reading


def _gelu(given: Arguments) -> Found:
    """Read ``gelu``, which Keras 3 approximates by a hyperbolic tangent by default, and TensorFlow only if asked to."""
    given.one()
    if given.flag("approximate", default=given.keras):
        return elementwise("gelu_approximate")
    return "Activation", {"activation": "gelu"}


def _elu(given: Arguments) -> Found:
    given.one()
    return "ELU", {"alpha": given.number("alpha", default=1.0)}


def _leaky_relu(given: Arguments) -> Found:
    given.one()
    return "LeakyReLU", {"negative_slope": given.number("negative_slope", "alpha", default=0.2)}


def _silu(given: Arguments) -> Found:
    """Read ``x * sigmoid(beta * x)``; only TensorFlow has the ``beta``."""
    given.one()
    given.only("beta", 1, 1.0)
    return "Activation", {"activation": "silu"}


def _round(given: Arguments) -> Found:
    given.one()
    return elementwise("round", decimals=given.whole("decimals", low=-16, high=16, default=0))


def _nan_to_num(given: Arguments) -> Found:
    given.one()
    filled = {name: given.number(name, default=0.0) for name in ("nan", "posinf", "neginf") if given.given(name)}
    return elementwise("nan_to_num", **filled)


def _clip(given: Arguments) -> Found:
    """Read a clipping between two numbers; one that is missing or beyond what float32 holds is no bound."""
    given.one()
    bounds = []
    for name, other, open_end in (("x_min", "clip_value_min", -3e38), ("x_max", "clip_value_max", 3e38)):
        value = unwrap(given.raw(name, other))
        if isinstance(value, list) or (value is not None and not isinstance(value, bool | int | float)):
            raise given.unsupported(name, value)
        if value is not None and value != value:
            raise given.unsupported(name, value)
        bounds.append(open_end if value is None else max(-3e38, min(float(value), 3e38)))
    return "Clip", {"low": bounds[0], "high": bounds[1]}


def _cast(given: Arguments) -> Found:
    """Read a conversion to another type of floating-point numbers; truth values become 0 and 1."""
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
    """Read ``check_numerics`` of TensorFlow, which stops a training that has gone wrong."""
    given.raw("message")
    return _identity(given)


_BOTH: dict[str, Operation] = {}
for _name in PLAIN:
    _BOTH |= rows(_name.replace("_", ""), _function(_name), "x | features input")
for _name in TRUTHS:
    _BOTH |= rows(_name.replace("_", ""), _function(_name), "x")
for _name in LIKE:
    _BOTH |= rows(_name.replace("_", ""), _like(_name), "x input | dtype optimize layout")
for _name in ACTIVATIONS:
    _BOTH |= rows(_name.replace("_", ""), _activation(_name), "x | features")

KERAS: dict[str, Operation] = {
    **_BOTH,
    **rows("absolute fabs", _function("abs"), "x"),
    **rows("logsigmoid", _activation("log_sigmoid"), "x"),
    **rows("gelu", _gelu, "x | approximate"),
    **rows("elu", _elu, "x | alpha"),
    **rows("celu", _function("celu", alpha=1.0), "x | alpha"),
    **rows("leakyrelu", _leaky_relu, "x | negative_slope"),
    **rows("silu swish", _silu, "x"),
    **rows("hardswish", _activation("hard_silu"), "x"),
    **rows("hardshrink", _function("hard_shrink", threshold=0.5), "x | threshold"),
    **rows("softshrink", _function("soft_shrink", threshold=0.5), "x | threshold"),
    **rows("squareplus", _function("squareplus", b=4.0), "x | b"),
    **rows("threshold", _function("threshold", threshold=0.0, default_value=0.0), "x | threshold default_value"),
    **rows("round", _round, "x | decimals"),
    **rows("nantonum", _nan_to_num, "x | nan posinf neginf"),
    **rows("clip", _clip, "x x_min x_max"),
    **rows("cast saturatecast", _cast, "x dtype"),
    **rows("converttotensor", _converted, "x | dtype sparse ragged"),
    **rows("stopgradient", _identity, "variable"),
    **rows("copy", _identity, "x"),
}
"""Operations of Keras 3 by the names of their classes, without capitals."""

TENSORFLOW: dict[str, Operation] = {
    **_BOTH,
    **rows("acos", _function("arccos"), "x"),
    **rows("acosh", _function("arccosh"), "x"),
    **rows("asin", _function("arcsin"), "x"),
    **rows("asinh", _function("arcsinh"), "x"),
    **rows("atan", _function("arctan"), "x"),
    **rows("atanh", _function("arctanh"), "x"),
    **rows("neg", _function("negative"), "x"),
    **rows("logsigmoid", _activation("log_sigmoid"), "x"),
    **rows("inv", _function("reciprocal"), "x"),
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
}
"""Operations of TensorFlow by their names without prefix, capitals and underscores."""
