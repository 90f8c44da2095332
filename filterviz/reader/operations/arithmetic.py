"""Arithmetic of two tensors, or of one and a constant: scaling, bounds, comparisons, products of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from filterviz.layers.config_values import Unsupported
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Source, rows
from filterviz.reader.operations.constants import Constant

ONE, OTHER = ("x1", "x", "a", "value"), ("x2", "y", "b", "bias")
"""Names of the two operands in Keras and in TensorFlow."""

MERGES = {
    "add": "Add",
    "subtract": "Subtract",
    "multiply": "Multiply",
    "divide": "Divide",
    "maximum": "Maximum",
    "minimum": "Minimum",
}
"""Function of two tensors of the same rank -> the kind of layer that it is."""

COMPARISONS = frozenset({"equal", "not_equal", "greater", "greater_equal", "less", "less_equal"})
"""Functions that compare two values."""

LOGICAL = frozenset({"logical_and", "logical_or", "logical_xor"})
"""Functions of two truth values."""


def _binary(function: str, first: Sequence[str] = ONE, second: Sequence[str] = OTHER) -> Reading:
    def reading(given: Arguments) -> Found:
        given.only("data_format", "NHWC")
        one, other = given.operands(first, second)
        if isinstance(one, Source) and isinstance(other, Source):
            if function in MERGES and one.rank == other.rank:
                return MERGES[function], {}
            return "Binary", {"function": function}
        if isinstance(one, Constant) and isinstance(other, Constant):
            raise given.decline("is called on constants alone")
        return _with_constant(function, one, other)

    return reading


def _with_constant(function: str, one: Source | Constant, other: Source | Constant) -> Found:
    first = isinstance(one, Constant)
    value, source = (one, other) if isinstance(one, Constant) else (other, one)
    assert isinstance(value, Constant)
    assert isinstance(source, Source)
    if value.array.ndim > source.rank or (value.array.ndim == source.rank and value.array.shape[0] != 1):
        raise Unsupported(f"It joins a constant of shape {list(value.array.shape)} with each image of a batch.")
    number = value.number
    if number is not None and (found := _with_number(function, number, first)) is not None:
        return found
    if (channels := _by_channel(value, source)) is not None and (found := _scaled(function, channels, first)):
        return found
    return "Binary", {"function": function, "constant": value.params, "constant_first": first}


def _with_number(function: str, number: float, first: bool) -> Found | None:
    if function == "power" and not first and abs(number) <= 64:
        return "Power", {"exponent": number}
    if function == "maximum":
        return "Clip", {"low": number, "high": 3e38}
    if function == "minimum":
        return "Clip", {"low": -3e38, "high": number}
    return _scaled(function, number, first)


def _scaled(function: str, value: float | tuple[float, ...], first: bool) -> Found | None:
    """Return arithmetic with numbers as one scale and one offset; ``None`` where it is not of that form."""
    numbers = np.asarray(value, np.float64)

    def plain(array: np.ndarray) -> float | tuple[float, ...]:
        return float(array) if array.ndim == 0 else tuple(array.tolist())

    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    if function == "add":
        offset = value
    elif function == "subtract":
        scale, offset = (-1.0, value) if first else (1.0, plain(-numbers))
    elif function == "multiply":
        scale = value
    elif function == "divide" and not first and np.abs(numbers).min() > 1e-30:
        scale = plain(1 / numbers)
    else:
        return None
    return "Rescaling", {"scale": scale, "offset": offset}


def _by_channel(value: Constant, source: Source) -> tuple[float, ...] | None:
    """Return the numbers of a constant that has one for each channel; ``None`` where it has others."""
    rank = source.rank
    shape = (1,) * (rank - value.array.ndim) + value.array.shape
    axis = source.channel_axis
    if rank < 2 or shape[axis] != source.shape[axis] or math.prod(shape) != shape[axis]:
        return None
    return tuple(value.array.reshape(-1).tolist())


def _logical(function: str) -> Reading:
    def reading(given: Arguments) -> Found:
        one, other = given.operands(ONE, OTHER)
        if not (isinstance(one, Source) and isinstance(other, Source) and one.truth and other.truth):
            raise given.decline("is called on other things than truth values")
        return "Binary", {"function": function}

    return reading


def _where(given: Arguments) -> Found:
    """Read a choice between two values, each a tensor or a constant, by a condition."""
    parts: list[object] = []
    condition, *values = given.operands(("condition",), ("x1", "x", "t"), ("x2", "y", "e"))
    if not isinstance(condition, Source) or not condition.truth:
        raise given.unsupported("condition", None)
    for value in values:
        parts.append("tensor" if isinstance(value, Source) else value.params)
    return "Where", {"parts": tuple(parts)}


def _sum_of_all(given: Arguments) -> Found:
    """Read ``tf.add_n``."""
    sources = given.several()
    return ("Add", {}) if len(sources) > 1 else ("Identity", {})


def _matmul(given: Arguments) -> Found:
    """Read a product of matrices that keeps the images of a batch apart."""
    flags = [given.flag(*names, default=False) for names in (("transpose_a", "adj_x"), ("transpose_b", "adj_y"))]
    for name in ("adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse", "grad_a", "grad_b"):
        given.only(name, False)
    given.only("output_type", "float32")
    one, other = given.operands(ONE, OTHER)
    params = {"transpose_a": flags[0], "transpose_b": flags[1]}
    if isinstance(one, Source) and isinstance(other, Source):
        if min(one.rank, other.rank) < 3:
            raise given.decline("works across the images of a batch")
        return "MatMul", params
    if not isinstance(one, Source) or not isinstance(other, Constant) or other.array.ndim != 2:
        raise given.unsupported("x1", None)
    return "MatMul", {**params, "constant": other.params}


def _grey(given: Arguments) -> Found:
    """Read ``rgb_to_grayscale``: the weighted sum of three colours."""
    source = given.one()
    given.only("data_format", "channels_first" if source.first else "channels_last")
    if source.first or source.shape[-1] != 3:
        raise given.decline("is only rebuilt for three colours, channels last")
    weights = Constant(np.array([[0.2989], [0.5870], [0.1140]]))
    return "MatMul", {"transpose_a": False, "transpose_b": False, "constant": weights.params}


_FUNCTIONS = {
    "add": "add addv2",
    "subtract": "subtract sub",
    "multiply": "multiply mul",
    "divide": "divide truediv realdiv truedivide",
    "maximum": "maximum fmax",
    "minimum": "minimum fmin",
    "power": "power pow",
    "mod": "mod floormod",
    "floor_divide": "floordivide floordiv",
    "arctan2": "arctan2",
    "hypot": "hypot",
    "logaddexp": "logaddexp",
    "logaddexp2": "logaddexp2",
    "heaviside": "heaviside",
    "divide_no_nan": "dividenonan divnonan",
    "squared_difference": "squareddifference",
    **{name: name.replace("_", "") for name in COMPARISONS},
}
"""Function -> its spellings in both libraries."""

_BOTH: dict[str, Operation] = {}
for _function, _spellings in _FUNCTIONS.items():
    _BOTH |= rows(_spellings, _binary(_function), "x1 x2 | x y a b")
for _function in LOGICAL:
    _BOTH |= rows(_function.replace("_", ""), _logical(_function), "x1 x2 | x y")

KERAS: dict[str, Operation] = {
    **_BOTH,
    **rows("fmod", _binary("fmod"), "x1 x2"),
    **rows("where", _where, "condition x1 x2"),
    **rows("matmul", _matmul, "x1 x2"),
    **rows("rgbtograyscale", _grey, "images | data_format"),
}

TENSORFLOW: dict[str, Operation] = {
    **_BOTH,
    **rows("biasadd biasaddv1", _binary("add"), "value bias data_format"),
    **rows("atan2", _binary("arctan2", ("y",), ("x",)), "y x"),
    **rows("scalarmul", _binary("multiply", ("scalar",), ("x",)), "scalar x"),
    **rows("where wherev2 selectv2", _where, "condition x y | t e"),
    **rows("addn", _sum_of_all, "inputs"),
    **rows(
        "matmul batchmatmul batchmatmulv2",
        _matmul,
        "a b transpose_a transpose_b | adj_x adj_y adjoint_a adjoint_b "
        "a_is_sparse b_is_sparse output_type grad_a grad_b",
    ),
    **rows("image.rgbtograyscale", _grey, "images"),
}
