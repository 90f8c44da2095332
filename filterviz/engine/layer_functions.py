"""Functions of TensorFlow for what the reader knows and Keras 3 has no layer or no setting for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.function_tables import Operation
from filterviz.engine.tensor_functions import Params, resized
from filterviz.layers.rearranging import slices
from filterviz.reader.small_floats import LARGEST_E4M3


def hard_sigmoid_2(values: tf.Tensor) -> tf.Tensor:
    """Compute ``hard_sigmoid`` as Keras 1 and 2 did."""
    return tf.clip_by_value(0.2 * values + 0.5, 0, 1)


def rounded(how: Params) -> Operation:
    """Return the rounding that a quantised Dense layer applies to its inputs; gradients pass it unchanged, as in Keras.

    Args:
        how: Type and range; see :data:`filterviz.reader.quantised.ROUNDING`.
    """

    def to_float8(inputs: tf.Tensor) -> tf.Tensor:
        scale = tf.cast(how["float8"], inputs.dtype)
        small = tf.cast(
            tf.clip_by_value(inputs / scale, -LARGEST_E4M3, LARGEST_E4M3), tf.dtypes.experimental.float8_e4m3fn
        )
        return tf.cast(small, inputs.dtype) * scale

    def to_whole(inputs: tf.Tensor) -> tf.Tensor:
        largest = tf.reduce_max(tf.abs(inputs), axis=-1, keepdims=True)
        scale = how["high"] / (largest + how["epsilon"])
        return tf.clip_by_value(tf.round(inputs * scale), how["low"], how["high"]) / scale

    apply = to_float8 if "float8" in how else to_whole
    return lambda inputs: inputs + tf.stop_gradient(apply(inputs) - inputs)


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


def resize(params: Params) -> Operation:
    """Make a ``Resizing`` with an interpolation that Keras 3 has no name for, without regard to proportions."""
    size, method, antialias = (params["height"], params["width"]), params["interpolation"], params["antialias"]
    return lambda inputs: resized(inputs, size, method, antialias=antialias)


def upsample(params: Params) -> Operation:
    """Make an ``UpSampling2D`` with an interpolation that Keras 3 has no name for."""

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        size = tf.shape(inputs)[1:3] * tf.constant(params["size"])
        enlarged = resized(inputs, size, params["interpolation"])
        sides = (
            None if side is None else side * factor
            for side, factor in zip(inputs.shape[1:3], params["size"], strict=True)
        )
        enlarged.set_shape([inputs.shape[0], *sides, inputs.shape[3]])
        return enlarged

    return apply


def _reflect(params: Params) -> Operation:
    amounts = [(0, 0), *params["padding"], (0, 0)]
    return lambda inputs: tf.pad(inputs, amounts, "REFLECT")


LAYER_FUNCTIONS: Mapping[str, Callable[[Params], Operation]] = {
    "Power": _power,
    "Clip": _clip,
    "Slice": _slice,
    "Divide": _divide,
    "ReflectionPadding2D": _reflect,
}
"""Kind -> what makes the function for its parameters."""


def normalise(arrays: Sequence[Any], axis: int | tuple[int, ...] | None, *, invert: bool) -> Operation:
    """Return what ``keras.layers.Normalization`` computes with what it has learned.

    Args:
        arrays: Mean and variance, each a number or an array with the sides of the axes that are kept.
        axis: The axis or axes that are kept, each with moments of its own; ``None`` for none.
        invert: Whether it undoes a normalisation.
    """
    mean = np.asarray(arrays[0], np.float32)
    deviation = np.maximum(np.sqrt(np.asarray(arrays[1], np.float32)), keras.config.epsilon())

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        rank = inputs.shape.rank
        kept = {one % rank for one in ((axis,) if isinstance(axis, int) else axis or ())}
        about, scale = (tf.constant(_spread(one, kept, rank, inputs.shape), inputs.dtype) for one in (mean, deviation))
        return inputs * scale + about if invert else (inputs - about) / scale

    return apply


def _spread(values: NDArray[np.float32], kept: set[int], rank: int, shape: tf.TensorShape) -> NDArray[np.float32]:
    """Return moments with as many axes as the input: of its size where they are kept, and of size 1 elsewhere."""
    if values.size == 1:
        return values.reshape((1,) * rank)
    return values.reshape([shape[axis] if axis in kept else 1 for axis in range(rank)])


def batch_moments(layer: keras.layers.BatchNormalization, axis: int, *, whole: bool) -> Operation:
    """Return a batch normalisation that was saved with ``training=True``: it uses the moments of what it is given.

    Args:
        layer: The layer with its scale and offset.
        axis: The axis of the channels.
        whole: Whether the moments are those of the whole batch, as in Keras 2, and not of each image alone, which
            makes each tile independent of those that are made beside it.
    """

    def apply(inputs: tf.Tensor) -> tf.Tensor:
        rank = inputs.shape.rank
        axes = [one for one in range(0 if whole else 1, rank) if one != axis % rank]
        sides = [1] * rank
        sides[axis] = inputs.shape[axis]
        mean, variance = tf.nn.moments(inputs, axes, keepdims=True)
        scale = tf.math.rsqrt(variance + layer.epsilon)
        if layer.scale:
            scale *= tf.cast(tf.reshape(layer.gamma, sides), inputs.dtype)
        moved = (inputs - mean) * scale
        return moved + tf.cast(tf.reshape(layer.beta, sides), inputs.dtype) if layer.center else moved

    return apply


def both_directions(forward: Operation, backward: Operation, params: Params) -> Operation:
    """Return a recurrent layer that reads a sequence from both ends.

    Args:
        forward: The layer that begins at the start.
        backward: The layer that begins at the end, and gives its outputs in that order.
        params: Parameters, of which ``merge_mode`` and ``return_sequences`` are used.
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
