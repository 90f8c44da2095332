"""Makes functions of TensorFlow and Keras for the kinds that only operations on tensors become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from filterviz.engine.function_tables import ALONG, FUNCTIONS, PAIRS, REDUCTIONS, Operation

Params = Mapping[str, Any]


def constant(stored: Params, like: tf.Tensor) -> tf.Tensor:
    """Return a constant of the file in the type of a tensor.

    Args:
        stored: Its ``values``, row after row, and its ``shape``.
        like: The tensor.
    """
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
    """Make a division by the norm, which is taken to be at least ``epsilon``."""
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


def resized(inputs: tf.Tensor, size: Any, method: str, *, antialias: bool = False) -> tf.Tensor:
    """Return images resized without regard to their proportions, in their own type.

    Args:
        inputs: Images ``[batch, height, width, channels]``.
        size: The new height and width.
        method: The interpolation, by its name in ``tf.image.resize``.
        antialias: Whether images that become smaller are smoothed first.
    """
    return tf.cast(tf.image.resize(inputs, size, method, antialias=antialias), inputs.dtype)


def _resize(params: Params) -> Operation:
    size, method, antialias = (params["height"], params["width"]), params["method"], params["antialias"]
    return lambda inputs: resized(inputs, size, method, antialias=antialias)


TENSOR_FUNCTIONS: Mapping[str, Callable[[Params], Operation]] = {
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
