"""Functions on tensors by the names that the reader gives them, as functions of TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

Operation = Callable[..., tf.Tensor]
"""What a layer or an operation computes: a function of a tensor, or of a list of several."""


def _numbers(function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Operation:
    """Return a comparison whose truth values are 0 and 1."""
    return lambda one, other: tf.cast(function(one, other), tf.float32)


def _truth(function: Callable[..., tf.Tensor]) -> Operation:
    """Return a function of truth values that are kept as 0 and 1."""
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
"""Name -> a function of each value; its further parameters go by name."""

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
"""Name -> a function of two values in the same position."""

ALONG: Mapping[str, Operation] = {
    "cumprod": tf.math.cumprod,
    "cumsum": tf.cumsum,
    "log_softmax": tf.nn.log_softmax,
    "sparsemax": keras.ops.sparsemax,
}
"""Name -> a function along an axis that leaves the shape as it is."""

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
"""Name -> a function that combines all values along some axes."""
