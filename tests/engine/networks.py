"""A small network written in TensorFlow operations, for testing recipes without a file."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


class TwoConvolutions:
    """3x3 convolution, ReLU, pooling, 3x3 convolution and (unless ``pre_activation``) ReLU; random kernels."""

    input_size = None
    minimum_size = 2

    def __init__(self, channels: int = 3, filters: int = 6, pre_activation: bool = False, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.input_channels = channels
        self.pre_activation = pre_activation
        self.first = random.normal(size=(3, 3, channels, 8)).astype(np.float32) * 0.3
        self.second = random.normal(size=(3, 3, 8, filters)).astype(np.float32) * 0.2
        self.bias = random.normal(size=filters).astype(np.float32) * 0.05

    def output(self, pictures: tf.Tensor) -> tf.Tensor:
        return self(pictures, tf.range(self.second.shape[-1]))

    def with_features(self, pictures: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return self(pictures, filters), self.output(pictures)

    def __call__(self, pictures: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
        hidden = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(pictures, self.first, 1, "SAME")), 2, 2, "VALID")
        kernel, bias = tf.gather(self.second, filters, axis=-1), tf.gather(self.bias, filters)
        output = tf.nn.conv2d(hidden, kernel, 1, "SAME") + bias
        return output if self.pre_activation else tf.nn.relu(output)
