"""What the reader knows and Keras has no layer for, as functions of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from filterviz.reader.layers import slices

Operation = Callable[..., tf.Tensor]
Params = Mapping[str, Any]

FUNCTIONS: Mapping[str, Operation] = {
    "abs": tf.abs,
    "exp": tf.exp,
    "log": tf.math.log,
    "negative": tf.negative,
    "sqrt": tf.sqrt,
    "rsqrt": tf.math.rsqrt,
    "square": tf.square,
}

LARGEST_FLOAT8 = 448.0
"""Of ``float8_e4m3fn``."""

REDUCTIONS: Mapping[str, Operation] = {
    "mean": tf.reduce_mean,
    "max": tf.reduce_max,
    "min": tf.reduce_min,
    "sum": tf.reduce_sum,
}


def hard_sigmoid_2(values: tf.Tensor) -> tf.Tensor:
    """``hard_sigmoid`` as Keras 1 and 2 had it."""
    return tf.clip_by_value(0.2 * values + 0.5, 0, 1)


def rounded(how: Params) -> Operation:
    """What a quantised Dense layer does to its inputs first; gradients pass through as if it did nothing, as in Keras.

    Args:
        how: see :data:`filterviz.reader.quantised.ROUNDING`.
    """

    def to_float8(inputs: tf.Tensor) -> tf.Tensor:
        scale = tf.cast(how["float8"], inputs.dtype)
        small = tf.cast(
            tf.clip_by_value(inputs / scale, -LARGEST_FLOAT8, LARGEST_FLOAT8), tf.dtypes.experimental.float8_e4m3fn
        )
        return tf.cast(small, inputs.dtype) * scale

    def to_whole(inputs: tf.Tensor) -> tf.Tensor:
        largest = tf.reduce_max(tf.abs(inputs), axis=-1, keepdims=True)
        scale = how["high"] / (largest + how["epsilon"])
        return tf.clip_by_value(tf.round(inputs * scale), how["low"], how["high"]) / scale

    apply = to_float8 if "float8" in how else to_whole
    return lambda inputs: inputs + tf.stop_gradient(apply(inputs) - inputs)


def _elementwise(params: Params) -> Operation:
    return FUNCTIONS[params["function"]]


def _power(params: Params) -> Operation:
    return lambda inputs: tf.pow(inputs, tf.cast(params["exponent"], inputs.dtype))


def _clip(params: Params) -> Operation:
    def apply(inputs: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(inputs, tf.cast(params["low"], inputs.dtype), tf.cast(params["high"], inputs.dtype))

    return apply


def _reduce(params: Params) -> Operation:
    reduction, axes = REDUCTIONS[params["how"]], list(params["axes"])
    return lambda inputs: reduction(inputs, axis=axes, keepdims=params["keepdims"])


def _slice(params: Params) -> Operation:
    return lambda inputs: inputs[slices(params["parts"], inputs.shape.rank)]


def _divide(_: Params) -> Operation:
    def apply(inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        return inputs[0] / inputs[1]

    return apply


def _depth_to_space(params: Params) -> Operation:
    return lambda inputs: tf.nn.depth_to_space(inputs, params["block_size"])


OPERATIONS: Mapping[str, Callable[[Params], Operation]] = {
    "Elementwise": _elementwise,
    "Power": _power,
    "Clip": _clip,
    "Reduce": _reduce,
    "Slice": _slice,
    "Divide": _divide,
    "DepthToSpace": _depth_to_space,
}
"""Kind -> the function for its parameters."""


def both_directions(forward: Operation, backward: Operation, params: Params) -> Operation:
    """A recurrent layer that reads a sequence from both ends.

    Args:
        forward: the layer that begins at the start.
        backward: the one that begins at the end, and gives its answers in that order.
        params: ``merge_mode`` and ``return_sequences``.
    """

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        one, two = forward(inputs), backward(inputs)
        if params["return_sequences"]:
            two = tf.reverse(two, axis=[1])
        mode = params["merge_mode"]
        if mode == "concat":
            return tf.concat([one, two], axis=-1)
        return one * two if mode == "mul" else (one + two) / (2 if mode == "ave" else 1)

    return apply
