"""One number for each picture of a batch: the same number, to the bit, whatever else is in the batch.

TensorFlow computes several quotients at a time in another way than the last few, and rewrites a division by a few
numbers as a product with their reciprocals. A last digit that depends on how many pictures there are is enough for a
tile to come out another way some dozen steps later. Computed in float64 and rounded, both ways agree.
"""

from __future__ import annotations

import tensorflow as tf


def mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over everything but the batch: float32 ``[n, ...]`` to ``[n, 1, ...]``."""
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)), keepdims=True)


def root_mean_square(values: tf.Tensor) -> tf.Tensor:
    """The root mean square over everything but the batch: float32 ``[n, ...]`` to ``[n, 1, ...]``."""
    return tf.sqrt(mean(tf.square(values)))


def quotient(above: tf.Tensor | float, below: tf.Tensor) -> tf.Tensor:
    """``above / below`` for a few float32 numbers.

    Example:
        >>> quotient(1.0, tf.constant([4.0, 3.0])).numpy()
        array([0.25      , 0.33333334], dtype=float32)
    """
    exact = tf.cast(above, tf.float64) / tf.cast(below, tf.float64)
    return tf.cast(exact, tf.float32)
