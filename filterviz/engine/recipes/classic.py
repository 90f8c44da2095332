"""The ``classic`` recipe: the arithmetic of the script that filterviz grew from, so its pictures can be made again.

F. Chollet, "How convolutional neural networks see the world" (2016) and "Deep Learning with Python" (2017), section
5.4.2: from a grey, slightly noisy start, 40 steps up the gradient of the filter's mean output, each step of the same
size for every tile because the gradient is divided by its root mean square.

The recipe is kept as it is, weaknesses included: a filter whose ReLU is silent on the start picture has no gradient and
keeps its noise (it is flagged ``silent``), and 0-255 pixel values are fed to networks trained on 0-1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.batch_invariant import root_mean_square
from filterviz.engine.finish import standardise, visible
from filterviz.engine.network import Network
from filterviz.engine.objectives import channel_mean, own_channel
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.seeds import filter_seeds
from filterviz.spec import PixelRange

STEP = 1.0
"""Length of a step, in pixel values of 0-255, as the root mean square over a tile."""

EPSILON = 1e-5
"""Keeps the division by the root mean square of a gradient finite."""


def start_pictures(seeds: Sequence[int], size: tuple[int, int], channels: int) -> NDArray[np.float64]:
    """The start pictures: ``uniform(0, 20) + 128`` for every pixel and channel.

    Args:
        seeds: one for each picture; a picture depends on its own seed alone.
        size: height and width in pixels.
        channels: of the network's input.

    Returns:
        Pixel values (0-255), ``[n, height, width, channels]``.
    """
    shape = (*size, channels)
    return np.stack([np.random.default_rng(seed).random(shape) * 20 + 128 for seed in seeds])


class Classic:
    """The recipe, compiled for one layer of one network. Batches of the same shape share the compiled step.

    Args:
        network: the layer, answering to pictures in the network's own units.
        pixel_range: the network's; ``None`` feeds pixel values as they are, as the script did.
    """

    def __init__(self, network: Network, pixel_range: PixelRange | None) -> None:
        self.channels = network.input_channels
        self.units = PixelScaling.of(pixel_range, self.channels)
        self._network = network
        self.respond = tf.function(self._respond, reduce_retracing=True, autograph=False)
        self.ascend = tf.function(self._ascend, reduce_retracing=True, autograph=False)

    def begin(
        self, filters: Sequence[int], size: tuple[int, int], seed: int, start: NDArray[np.floating] | None = None
    ) -> ClassicAscent:
        """A batch of tiles at their start.

        Args:
            filters: ``n`` channels of the layer.
            size: height and width of the tiles.
            seed: of the run, for the start pictures.
            start: pixel values (0-255) to begin with, ``[n, height, width, channels]``, in place of seeded noise.
        """
        if start is None:
            start = start_pictures(filter_seeds(seed, filters), size, self.channels)
        return ClassicAscent(self, filters, start)

    def _respond(self, pictures: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
        return channel_mean(own_channel(self._network(tf.cast(pictures, tf.float32), filters)))

    def _ascend(self, pictures: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            responses = self._respond(pictures, filters)
        gradient = tape.gradient(responses, pictures)
        size = root_mean_square(gradient)
        change = gradient / (size + EPSILON)
        # A tile whose gradient is not finite keeps its last finite picture; its neighbours go on.
        sound = tf.reduce_all(tf.math.is_finite(change), axis=[1, 2, 3], keepdims=True)
        change = tf.where(sound, change, tf.zeros_like(change))
        return pictures + change * (STEP * self.units.scale), responses


class ClassicAscent:
    """A batch of tiles being made. See :class:`filterviz.engine.recipes.base.Ascent`."""

    def __init__(self, recipe: Classic, filters: Sequence[int], start: NDArray[np.floating]) -> None:
        self._recipe = recipe
        self._filters = tf.constant(filters, tf.int32)
        # The script added float32 gradients to a float64 array, so small steps are not rounded away.
        self._pictures = tf.constant(recipe.units.to_network(start), tf.float64)

    def step(self) -> NDArray[np.float32]:
        """Take one step; returns the responses before it, ``[n]``."""
        self._pictures, responses = self._recipe.ascend(self._pictures, self._filters)
        values: NDArray[np.float32] = responses.numpy()
        return values

    def responses(self) -> NDArray[np.float32]:
        """The responses to the pictures as they are, ``[n]``."""
        values: NDArray[np.float32] = self._recipe.respond(self._pictures, self._filters).numpy()
        return values

    def tiles(self) -> NDArray[np.uint8]:
        """The pictures as the script displayed them, uint8 ``[n, height, width, 1 or 3]``."""
        pixels = self._recipe.units.to_pixels(self._pictures.numpy())
        return np.stack([standardise(visible(picture)) for picture in pixels])
