"""The original script a second time: TensorFlow 1 graph mode and NumPy, one tile after another.

Nothing here comes from filterviz. It is what the ``classic`` recipe is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def render(
    layer_output: Callable[[tf.Tensor], tf.Tensor], filters: Sequence[int], starts: NDArray[np.float64], steps: int = 40
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Tiles and curves (``[n, steps + 1]``) for some filters of a layer, as the script rendered them.

    Args:
        layer_output: builds the layer's output from the placeholder of the input image.
        filters: of the layer.
        starts: ``[n, height, width, channels]``.
        steps: of gradient ascent.
    """
    tiles, curves = [], []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        picture = tf.compat.v1.placeholder(tf.float32, [None, *starts.shape[1:]])
        output = layer_output(picture)
        for index, start in zip(filters, starts, strict=True):
            loss = tf.reduce_mean(output[..., index])
            gradient = tf.gradients(loss, picture)[0]
            gradient /= tf.sqrt(tf.reduce_mean(tf.square(gradient))) + 1e-5
            data = np.array(start[np.newaxis])
            curve = []
            for _ in range(steps):
                loss_value, gradient_value = session.run([loss, gradient], {picture: data})
                curve.append(loss_value)
                data += gradient_value * 1.0
            curve.append(session.run(loss, {picture: data}))
            tiles.append(deprocess(data[0]))
            curves.append(curve)
    return np.stack(tiles), np.asarray(curves, np.float64)


def deprocess(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    picture = picture - picture.mean()
    picture = picture / (picture.std() + 1e-5)
    picture = picture * 0.1 + 0.5
    picture = np.clip(picture, 0, 1) * 255
    return np.clip(picture, 0, 255).astype("uint8")


def wall(tiles: NDArray[np.uint8], size: int = 64, margin: int = 5) -> NDArray[np.uint8]:
    """The script's 5 x 5 grid: filter ``i + 5 j`` at row ``i``, column ``j``."""
    results = np.zeros((5 * size + 4 * margin, 5 * size + 4 * margin, 3), np.uint8)
    for i in range(5):
        for j in range(5):
            top, left = i * (size + margin), j * (size + margin)
            results[top : top + size, left : left + size] = tiles[i + j * 5]
    return results
