"""Random changes of view between the steps, so that a pattern may not depend on a single pixel's place.

Olah et al., "Feature Visualization", Distill 2017, "Transformation robustness": a pattern that stops working when it is
shifted by a pixel or turned by a degree is an accident of the network, not what the filter looks for.
"""

from __future__ import annotations

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


def look(pictures: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """Pictures turned, zoomed and shifted, all in the same way; what leaves on one side comes back on the other.

    Args:
        pictures: float32 ``[n, height, width, channels]``, periodic.
        view: float32 ``[4]``, a row of :meth:`Views.draw`.

    Returns:
        float32 of the same shape, interpolated bilinearly.
    """
    _, height, width, channels = pictures.shape
    count = tf.shape(pictures)[0]
    angle, zoom, down, right = tf.unstack(view)
    rows, columns = tf.meshgrid(
        tf.range(height, dtype=tf.float32) - height / 2, tf.range(width, dtype=tf.float32) - width / 2, indexing="ij"
    )
    cosine, sine = zoom * tf.cos(angle), zoom * tf.sin(angle)
    from_row = cosine * rows + sine * columns + (0.5 + down) * height
    from_column = cosine * columns - sine * rows + (0.5 + right) * width
    top, left = tf.floor(from_row), tf.floor(from_column)
    below, beside = from_row - top, from_column - left

    # Places first, so that one gathered row holds a whole place: every picture, every channel.
    places = tf.reshape(tf.transpose(pictures, [1, 2, 0, 3]), [height * width, -1])

    def corner(row: tf.Tensor, column: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        index = tf.cast(row, tf.int32) % height * width + tf.cast(column, tf.int32) % width
        return tf.gather(places, tf.reshape(index, [-1])) * tf.reshape(weight, [-1, 1])

    seen = (
        corner(top, left, (1 - below) * (1 - beside))
        + corner(top, left + 1, (1 - below) * beside)
        + corner(top + 1, left, below * (1 - beside))
        + corner(top + 1, left + 1, below * beside)
    )
    return tf.transpose(tf.reshape(seen, [height, width, count, channels]), [2, 0, 1, 3])
