"""One number for each image of a batch that is the same, to the bit, whatever else is in the batch.

TensorFlow computes several quotients at a time with other instructions than the last few, and rewrites a division by
few numbers as a product with their reciprocals. The last digit then depends on the number of images, which is enough
for a tile to come out differently some dozen steps later. Computed in float64 and rounded, both ways agree.
"""

from __future__ import annotations

import tensorflow as tf


def mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over all axes except the batch: float32 ``[n, ...]`` to ``[n, 1, ...]``."""
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)), keepdims=True)


def root_mean_square(values: tf.Tensor) -> tf.Tensor:
    """The root mean square over all axes except the batch: float32 ``[n, ...]`` to ``[n, 1, ...]``."""
    return tf.sqrt(mean(tf.square(values)))


def quotient(dividend: tf.Tensor | float, divisor: tf.Tensor) -> tf.Tensor:
    """``dividend / divisor`` for a few float32 numbers.

    Example:
        >>> quotient(1.0, tf.constant([4.0, 3.0])).numpy()
        array([0.25      , 0.33333334], dtype=float32)
    """
    exact = tf.cast(dividend, tf.float64) / tf.cast(divisor, tf.float64)
    return tf.cast(exact, tf.float32)
