"""Operations on tensors that the reader knows, as functions of TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Operation = Callable[..., tf.Tensor]
Params = Mapping[str, Any]


def _numbers(function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Operation:
    """A comparison; truth values are kept as 0 and 1."""
    return lambda one, other: tf.cast(function(one, other), tf.float32)


def _truth(function: Callable[..., tf.Tensor]) -> Operation:
    """A function of truth values that are kept as 0 and 1."""
    return lambda *values: tf.cast(function(*(value > 0.5 for value in values)), tf.float32)


FUNCTIONS: Mapping[str, Operation] = {
    "abs": tf.abs,
    "arccos": tf.acos,
    "arccosh": tf.acosh,
    "arcsin": tf.asin,
    "arcsinh": tf.asinh,
    "arctan": tf.atan,
    "arctanh": tf.atanh,
    "cbrt": keras.ops.cbrt,
    "ceil": tf.math.ceil,
    "celu": keras.ops.celu,
    "cos": tf.cos,
    "cosh": tf.cosh,
    "deg2rad": keras.ops.deg2rad,
    "erf": tf.math.erf,
    "erfc": tf.math.erfc,
    "exp": tf.exp,
    "exp2": keras.ops.exp2,
    "expm1": tf.math.expm1,
    "floor": tf.floor,
    "gelu_approximate": lambda inputs: tf.nn.gelu(inputs, approximate=True),
    "hard_shrink": keras.ops.hard_shrink,
    "hard_tanh": keras.ops.hard_tanh,
    "isfinite": lambda inputs: tf.cast(tf.math.is_finite(inputs), tf.float32),
    "isinf": lambda inputs: tf.cast(tf.math.is_inf(inputs), tf.float32),
    "isnan": lambda inputs: tf.cast(tf.math.is_nan(inputs), tf.float32),
    "log": tf.math.log,
    "log10": keras.ops.log10,
    "log1p": tf.math.log1p,
    "log2": keras.ops.log2,
    "log_sigmoid": tf.math.log_sigmoid,
    "logical_not": _truth(tf.logical_not),
    "nan_to_num": keras.ops.nan_to_num,
    "negative": tf.negative,
    "ones_like": tf.ones_like,
    "rad2deg": keras.ops.rad2deg,
    "reciprocal": tf.math.reciprocal,
    "round": keras.ops.round,
    "rsqrt": tf.math.rsqrt,
    "sign": tf.sign,
    "sin": tf.sin,
    "sinc": keras.ops.sinc,
    "sinh": tf.sinh,
    "soft_shrink": keras.ops.soft_shrink,
    "sparse_plus": keras.ops.sparse_plus,
    "sparse_sigmoid": keras.ops.sparse_sigmoid,
    "sqrt": tf.sqrt,
    "square": tf.square,
    "squareplus": keras.ops.squareplus,
    "tan": tf.tan,
    "tanh_shrink": keras.ops.tanh_shrink,
    "threshold": keras.ops.threshold,
    "trunc": keras.ops.trunc,
    "zeros_like": tf.zeros_like,
}
"""Functions of each value; their further parameters go by name."""

PAIRS: Mapping[str, Operation] = {
    "add": tf.add,
    "arctan2": tf.atan2,
    "divide": tf.divide,
    "divide_no_nan": tf.math.divide_no_nan,
    "equal": _numbers(tf.equal),
    "floor_divide": tf.math.floordiv,
    "fmod": keras.ops.fmod,
    "greater": _numbers(tf.greater),
    "greater_equal": _numbers(tf.greater_equal),
    "heaviside": keras.ops.heaviside,
    "hypot": keras.ops.hypot,
    "less": _numbers(tf.less),
    "less_equal": _numbers(tf.less_equal),
    "logaddexp": keras.ops.logaddexp,
    "logaddexp2": keras.ops.logaddexp2,
    "logical_and": _truth(tf.logical_and),
    "logical_or": _truth(tf.logical_or),
    "logical_xor": _truth(tf.math.logical_xor),
    "maximum": tf.maximum,
    "minimum": tf.minimum,
    "mod": tf.math.floormod,
    "multiply": tf.multiply,
    "not_equal": _numbers(tf.not_equal),
    "power": tf.pow,
    "squared_difference": tf.math.squared_difference,
    "subtract": tf.subtract,
}
"""Functions of two values in the same place."""

ALONG: Mapping[str, Operation] = {
    "cumprod": tf.math.cumprod,
    "cumsum": tf.cumsum,
    "log_softmax": tf.nn.log_softmax,
    "sparsemax": keras.ops.sparsemax,
}
"""Functions along an axis that leave the shape as it is."""

REDUCTIONS: Mapping[str, Operation] = {
    "mean": tf.reduce_mean,
    "max": tf.reduce_max,
    "min": tf.reduce_min,
    "sum": tf.reduce_sum,
    "prod": tf.reduce_prod,
    "std": tf.math.reduce_std,
    "var": tf.math.reduce_variance,
    "logsumexp": tf.reduce_logsumexp,
    "euclidean_norm": tf.math.reduce_euclidean_norm,
    "ptp": lambda inputs, axis, keepdims: (
        tf.reduce_max(inputs, axis=axis, keepdims=keepdims) - tf.reduce_min(inputs, axis=axis, keepdims=keepdims)
    ),
}


def constant(stored: Params, like: tf.Tensor) -> tf.Tensor:
    """A constant of the file, of a tensor's type."""
    return tf.constant(np.asarray(stored["values"], np.float32).reshape(stored["shape"]), like.dtype)


def _elementwise(params: Params) -> Operation:
    function, further = FUNCTIONS[params["function"]], {key: params[key] for key in params if key != "function"}
    return lambda inputs: function(inputs, **further)


def _binary(params: Params) -> Operation:
    function, stored = PAIRS[params["function"]], params.get("constant")
    if stored is None:
        return lambda inputs: function(inputs[0], inputs[1])
    if params["constant_first"]:
        return lambda inputs: function(constant(stored, inputs), inputs)
    return lambda inputs: function(inputs, constant(stored, inputs))


def _where(params: Params) -> Operation:
    def apply(inputs: Any) -> tf.Tensor:
        condition, *tensors = inputs if isinstance(inputs, Sequence) else [inputs]
        rest = iter(tensors)
        one, other = (next(rest) if part == "tensor" else constant(part, condition) for part in params["parts"])
        kind = tensors[0].dtype if tensors else condition.dtype
        return tf.where(condition > 0.5, tf.cast(one, kind), tf.cast(other, kind))

    return apply


def _along(params: Params) -> Operation:
    function = ALONG[params["function"]]
    return lambda inputs: function(inputs, axis=params["axis"])


def _reduce(params: Params) -> Operation:
    reduction, axes = REDUCTIONS[params["how"]], list(params["axes"])
    return lambda inputs: reduction(inputs, axis=axes, keepdims=params["keepdims"])


def _normalize(params: Params) -> Operation:
    """Divided by the norm, which is taken as no less than ``epsilon``."""
    axes, order, epsilon = list(params["axis"]), params["order"], params["epsilon"]

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        if order == 2:
            squares = tf.reduce_sum(tf.square(inputs), axis=axes, keepdims=True)
            return inputs * tf.minimum(tf.math.rsqrt(squares), 1 / max(epsilon, 1e-30))
        norm = tf.norm(inputs, ord=order, axis=axes[0], keepdims=True)
        return inputs / tf.maximum(norm, tf.cast(epsilon, inputs.dtype))

    return apply


def _root_mean_square(params: Params) -> Operation:
    def apply(inputs: tf.Tensor) -> tf.Tensor:
        squares = tf.reduce_mean(tf.square(inputs), axis=list(params["axis"]), keepdims=True)
        return inputs * tf.math.rsqrt(squares + tf.cast(params["epsilon"], inputs.dtype))

    return apply


def _local_response(params: Params) -> Operation:
    return lambda inputs: tf.nn.local_response_normalization(inputs, **params)


def _matmul(params: Params) -> Operation:
    stored = params.get("constant")
    turns = {"transpose_a": params["transpose_a"], "transpose_b": params["transpose_b"]}
    if stored is None:
        return lambda inputs: tf.matmul(inputs[0], inputs[1], **turns)

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        matrix = constant(stored, inputs)
        turned = tf.linalg.matrix_transpose(inputs) if params["transpose_a"] else inputs
        return tf.tensordot(turned, tf.transpose(matrix) if params["transpose_b"] else matrix, 1)

    return apply


def _expand(params: Params) -> Operation:
    def apply(inputs: tf.Tensor) -> tf.Tensor:
        for axis in params["axis"]:
            inputs = tf.expand_dims(inputs, axis)
        return inputs

    return apply


def _broadcast_to(params: Params) -> Operation:
    return lambda inputs: tf.broadcast_to(inputs, tf.concat([tf.shape(inputs)[:1], params["sides"]], 0))


def _pad(params: Params) -> Operation:
    mode, amounts = params["mode"].upper(), np.asarray(params["padding"])
    return lambda inputs: tf.pad(inputs, amounts, mode, tf.cast(params["value"], inputs.dtype))


def _resize(params: Params) -> Operation:
    size = (params["height"], params["width"])

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        resized = tf.image.resize(inputs, size, params["method"], antialias=params["antialias"])
        return tf.cast(resized, inputs.dtype)

    return apply


KINDS: Mapping[str, Callable[[Params], Operation]] = {
    "Elementwise": _elementwise,
    "Binary": _binary,
    "Where": _where,
    "Along": _along,
    "Reduce": _reduce,
    "Normalize": _normalize,
    "RootMeanSquare": _root_mean_square,
    "LocalResponse": _local_response,
    "MatMul": _matmul,
    "Take": lambda params: lambda inputs: tf.gather(inputs, list(params["indices"]), axis=params["axis"]),
    "Stack": lambda params: (
        lambda inputs: tf.stack(inputs if isinstance(inputs, list | tuple) else [inputs], axis=params["axis"])
    ),
    "ExpandDims": _expand,
    "Squeeze": lambda params: lambda inputs: tf.squeeze(inputs, axis=list(params["axis"])),
    "Tile": lambda params: lambda inputs: tf.tile(inputs, list(params["repeats"])),
    "Repeat": lambda params: lambda inputs: tf.repeat(inputs, params["repeats"], axis=params["axis"]),
    "Roll": lambda params: lambda inputs: tf.roll(inputs, list(params["shift"]), axis=list(params["axis"])),
    "BroadcastTo": _broadcast_to,
    "Pad": _pad,
    "Resize": _resize,
    "SpaceToDepth": lambda params: lambda inputs: tf.nn.space_to_depth(inputs, params["block_size"]),
    "DepthToSpace": lambda params: lambda inputs: tf.nn.depth_to_space(inputs, params["block_size"]),
}
"""Kind -> what makes the function for its parameters."""
