"""What the reader knows and Keras has no layer for, as functions of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from filterviz.engine.tensors import TENSORS, Params
from filterviz.engine.tensors import Operation as Operation
from filterviz.reader.operation_shapes import slices


def hard_sigmoid_2(values: tf.Tensor) -> tf.Tensor:
    """``hard_sigmoid`` as Keras 1 and 2 had it."""
    return tf.clip_by_value(0.2 * values + 0.5, 0, 1)


def _power(params: Params) -> Operation:
    return lambda inputs: tf.pow(inputs, tf.cast(params["exponent"], inputs.dtype))


def _clip(params: Params) -> Operation:
    def apply(inputs: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(inputs, tf.cast(params["low"], inputs.dtype), tf.cast(params["high"], inputs.dtype))

    return apply


def _slice(params: Params) -> Operation:
    return lambda inputs: inputs[slices(params["parts"], inputs.shape.rank)]


def _divide(_: Params) -> Operation:
    def apply(inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        return inputs[0] / inputs[1]

    return apply


OPERATIONS: Mapping[str, Callable[[Params], Operation]] = {
    "Power": _power,
    "Clip": _clip,
    "Slice": _slice,
    "Divide": _divide,
    **TENSORS,
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
