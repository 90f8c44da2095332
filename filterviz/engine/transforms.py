"""Random changes of view between the steps, so that a pattern does not depend on the exact position of single pixels.

Olah et al., "Feature Visualization", Distill 2017, "Transformation robustness": a pattern that stops working when it is
shifted by a pixel or rotated by a degree is an accident of the network, not what the filter detects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Views:
    """The limits within which views are drawn. A view is a rotation, a zoom and a shift of the whole image.

    Attributes:
        shift: Largest shift in either direction, as a share of the side; 0.5 reaches every position of a periodic
            image.
        turn: Largest rotation in either direction, in degrees.
        zoom: Largest change of scale in either direction, as a share.
    """

    shift: float = 0.5
    turn: float = 8.0
    zoom: float = 0.08

    def draw(self, seed: int, steps: int) -> NDArray[np.float32]:
        """One random view for each step.

        All tiles of a batch share the views, so that a tile does not depend on the rest of its batch.

        Returns:
            Float32 ``[steps, 4]``: angle in radians, zoom factor, and the shifts down and right as shares of the height
            and width.
        """
        limits = np.array([np.radians(self.turn), self.zoom, self.shift, self.shift])
        drawn = np.random.default_rng(seed).uniform(-limits, limits, (steps, 4))
        drawn[:, 1] += 1
        return drawn.astype(np.float32)


UNCHANGED = np.array([0, 1, 0, 0], np.float32)
"""The view that shows images as they are."""


def apply_view(images: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """Rotate, zoom and shift images, all of them in the same way.

    Args:
        images: Float32 ``[n, channels, height, width]``. They are periodic: what leaves on one side comes back on the
            opposite side.
        view: Float32 ``[4]``, a row of :meth:`Views.draw`.

    Returns:
        Float32 of the same shape, interpolated bilinearly.
    """
    _, channels, height, width = images.shape
    positions = height * width
    weights, sources = _interpolation(view, height, width)
    # A sparse matrix with four entries in each row: row i holds the weights of the four positions that make up position
    # i of the view. It is the same for all images and channels.
    index = tf.stack([tf.repeat(tf.range(positions, dtype=tf.int64), 4), tf.reshape(sources, [-1])], axis=1)
    matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=index, values=tf.reshape(weights, [-1]), dense_shape=[positions, positions]
    )

    @tf.custom_gradient
    def multiply(columns: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            # Transposed first: the product's own transpose_a adds up in whatever order its threads finish.
            transposed = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
            return tf.raw_ops.SparseMatrixMatMul(a=transposed, b=upstream)

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=columns), gradient

    viewed = multiply(tf.transpose(tf.reshape(images, [-1, positions])))
    return tf.reshape(tf.transpose(viewed), [-1, channels, height, width])


def _interpolation(view: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The four source positions of every position of a view.

    Returns:
        Their weights, float32, and their indices (row by row), int64; both ``[height * width, 4]``.
    """
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
    first_row, second_row = row % height * width, (row + 1) % height * width
    first, second = column % width, (column + 1) % width
    weights = tf.stack([(1 - below) * (1 - beside), (1 - below) * beside, below * (1 - beside), below * beside], axis=1)
    sources = tf.stack([first_row + first, first_row + second, second_row + first, second_row + second], axis=1)
    return weights, sources
