"""Random changes of view between the steps, so that a pattern may not depend on a single pixel's place.

Olah et al., "Feature Visualization", Distill 2017, "Transformation robustness": a pattern that stops working when it is
shifted by a pixel or turned by a degree is an accident of the network, not what the filter looks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Views:
    """How far a view may differ.

    Attributes:
        shift: in either direction, as a share of the side; 0.5 reaches every place of a periodic picture.
        turn: in degrees, either way.
        zoom: as a share, either way.
    """

    shift: float = 0.5
    turn: float = 8.0
    zoom: float = 0.08

    def draw(self, seed: int, steps: int) -> NDArray[np.float32]:
        """One view for each step: angle in radians, zoom factor, and shifts as shares of height and width.

        All tiles of a batch share the views, so a tile does not depend on what else is in its batch.

        Returns:
            float32 ``[steps, 4]``.
        """
        limits = np.array([np.radians(self.turn), self.zoom, self.shift, self.shift])
        drawn = np.random.default_rng(seed).uniform(-limits, limits, (steps, 4))
        drawn[:, 1] += 1
        return drawn.astype(np.float32)


STILL = np.array([0, 1, 0, 0], np.float32)
"""The view that shows pictures as they are."""


def look(pictures: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """Pictures turned, zoomed and shifted, all in the same way; what leaves on one side comes back on the other.

    Args:
        pictures: float32 ``[n, channels, height, width]``, periodic.
        view: float32 ``[4]``, a row of :meth:`Views.draw`.

    Returns:
        float32 of the same shape, interpolated bilinearly.
    """
    _, channels, height, width = pictures.shape
    places = height * width
    weights, sources = _seen_from(view, height, width)
    # One matrix says for every place what it takes from which four; each of its rows serves all pictures and channels.
    index = tf.stack([tf.repeat(tf.range(places, dtype=tf.int64), 4), tf.reshape(sources, [-1])], axis=1)
    matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=index, values=tf.reshape(weights, [-1]), dense_shape=[places, places]
    )

    @tf.custom_gradient
    def apply(columns: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            # Turned around first: the product's own transpose_a adds up in whatever order its threads finish.
            turned = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
            return tf.raw_ops.SparseMatrixMatMul(a=turned, b=upstream)

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=columns), gradient

    seen = apply(tf.transpose(tf.reshape(pictures, [-1, places])))
    return tf.reshape(tf.transpose(seen), [-1, channels, height, width])


def _seen_from(view: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """What each place of a view is made of: the weights of four places, and which (row by row), both ``[h * w, 4]``."""
    angle, zoom, down, right = tf.unstack(view)
    rows, columns = tf.meshgrid(
        tf.range(height, dtype=tf.float32) - height / 2, tf.range(width, dtype=tf.float32) - width / 2, indexing="ij"
    )
    cosine, sine = zoom * tf.cos(angle), zoom * tf.sin(angle)
    from_row = tf.reshape(cosine * rows + sine * columns + (0.5 + down) * height, [-1])
    from_column = tf.reshape(cosine * columns - sine * rows + (0.5 + right) * width, [-1])
    top, left = tf.floor(from_row), tf.floor(from_column)
    below, beside = from_row - top, from_column - left
    row, column = tf.cast(top, tf.int64), tf.cast(left, tf.int64)
    above, under = row % height * width, (row + 1) % height * width
    first, second = column % width, (column + 1) % width
    weights = tf.stack([(1 - below) * (1 - beside), (1 - below) * beside, below * (1 - beside), below * beside], axis=1)
    sources = tf.stack([above + first, above + second, under + first, under + second], axis=1)
    return weights, sources
