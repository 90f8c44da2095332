"""How each kind of layer is made: by a constructor of Keras, or by a function of TensorFlow where Keras has none.

Nothing is deserialised: the classes in :data:`CONSTRUCTORS` are the only ones of Keras that are ever instantiated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from filterviz.engine.function_tables import Operation
from filterviz.engine.layer_functions import LAYER_FUNCTIONS, resize, upsample
from filterviz.engine.tensor_functions import TENSOR_FUNCTIONS, Params

CONSTRUCTORS: Mapping[str, Callable[..., keras.layers.Layer]] = {
    constructor.__name__: constructor
    for constructor in (
        *(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D),
        *(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D),
        *(keras.layers.SeparableConv1D, keras.layers.SeparableConv2D),
        *(keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose),
        *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D),
        *(keras.layers.AveragePooling1D, keras.layers.AveragePooling2D, keras.layers.AveragePooling3D),
        *(keras.layers.GlobalMaxPooling1D, keras.layers.GlobalMaxPooling2D, keras.layers.GlobalMaxPooling3D),
        *(keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D),
        keras.layers.GlobalAveragePooling3D,
        *(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D),
        *(keras.layers.Cropping1D, keras.layers.Cropping2D, keras.layers.Cropping3D),
        *(keras.layers.UpSampling1D, keras.layers.UpSampling2D, keras.layers.UpSampling3D),
        *(keras.layers.AdaptiveAveragePooling1D, keras.layers.AdaptiveAveragePooling2D),
        *(keras.layers.AdaptiveAveragePooling3D, keras.layers.AdaptiveMaxPooling1D),
        *(keras.layers.AdaptiveMaxPooling2D, keras.layers.AdaptiveMaxPooling3D),
        *(keras.layers.Resizing, keras.layers.CenterCrop, keras.layers.Rescaling, keras.layers.Masking),
        *(keras.layers.RMSNormalization, keras.layers.UnitNormalization),
        *(keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.GroupNormalization),
        *(keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU, keras.layers.PReLU),
        *(keras.layers.Softmax, keras.layers.Flatten, keras.layers.Reshape, keras.layers.Permute),
        *(keras.layers.RepeatVector, keras.layers.Dense, keras.layers.Embedding),
        *(keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM),
        *(keras.layers.ConvLSTM1D, keras.layers.ConvLSTM2D, keras.layers.ConvLSTM3D),
        *(keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply, keras.layers.Average),
        *(keras.layers.Maximum, keras.layers.Minimum, keras.layers.Concatenate, keras.layers.Identity),
    )
} | {"InstanceNormalization": keras.layers.GroupNormalization}
"""Kind -> what is called to make a layer of it."""

FUNCTIONS: Mapping[str, Callable[[Params], Operation]] = {**LAYER_FUNCTIONS, **TENSOR_FUNCTIONS}
"""Kind that Keras has no layer for -> what makes the function for its parameters."""

KERAS_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
"""The interpolations that layers of Keras 3 know."""

OTHER_INTERPOLATIONS: Mapping[str, Callable[[Params], Operation]] = {"Resizing": resize, "UpSampling2D": upsample}
"""Kind -> what makes the function for interpolations that Keras 3 does not know."""


def function_of(kind: str, params: Params) -> Operation | None:
    """Return the function for a kind that Keras has no layer for, or none for these settings; else ``None``."""
    if kind in FUNCTIONS:
        return FUNCTIONS[kind](params)
    if kind in OTHER_INTERPOLATIONS and params["interpolation"] not in KERAS_INTERPOLATIONS:
        return OTHER_INTERPOLATIONS[kind](params)
    return None


def _channels_of_convolution(inputs: tf.Tensor, kernel: tf.Tensor, params: Params) -> tf.Tensor:
    # Not tf.nn.conv2d: processors without oneDNN have no gradient of its dilated form.
    return tf.nn.convolution(
        inputs, kernel, params["strides"], params["padding"].upper(), None, params["dilation_rate"]
    )


def _channels_of_dense(inputs: tf.Tensor, kernel: tf.Tensor, _: Params) -> tf.Tensor:
    return tf.tensordot(inputs, kernel, 1)


SLICED: Mapping[str, Callable[[tf.Tensor, tf.Tensor, Params], tf.Tensor]] = {
    "Conv2D": _channels_of_convolution,
    "Dense": _channels_of_dense,
}
"""Kind of which single channels can be computed -> the product with some columns of its kernel."""


def inference(layer: keras.layers.Layer) -> Operation:
    """Return a layer as it computes once a network is trained."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return lambda inputs: layer(inputs, training=False)
    return lambda inputs: layer(inputs)


def apply(
    operation: Operation, sources: Sequence[tuple[int, tuple[int, ...] | None]], made: Mapping[int, tf.Tensor]
) -> Any:
    """Apply an operation to the outputs of some nodes, each with its axes turned first."""
    inputs = [made[source] if turn is None else tf.transpose(made[source], turn) for source, turn in sources]
    return operation(inputs[0] if len(inputs) == 1 else inputs)
