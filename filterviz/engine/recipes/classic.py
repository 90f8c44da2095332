"""The ``classic`` recipe: the arithmetic of the script that filterviz grew from, so that its images can be reproduced.

F. Chollet, "How convolutional neural networks see the world" (2016) and "Deep Learning with Python" (2017), section
5.4.2: from a grey, slightly noisy start, 40 steps up the gradient of the filter's mean output. The gradient is divided
by its root mean square, so that all steps of all tiles are equally large.

The recipe is kept as it is, weaknesses included. A filter whose ReLU is not active on the start image has no gradient
and keeps its noise (it is flagged ``silent``), and networks trained on 0-1 are fed pixel values of 0-255.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.batch_invariant import root_mean_square
from filterviz.engine.finish import standardise, visible
from filterviz.engine.network import Network
from filterviz.engine.objectives import channel_mean
from filterviz.engine.recipes.base import CompiledRecipe, Conditions
from filterviz.engine.seeds import filter_seeds

STEP = 1.0
"""Root mean square of a step over a tile, in pixel values of 0-255."""

EPSILON = 1e-5
"""Keeps the division by the root mean square of a gradient finite."""


def start_images(seeds: Sequence[int], size: tuple[int, int], channels: int) -> NDArray[np.float64]:
    """The start images: ``uniform(0, 20) + 128`` for every pixel and channel.

    Args:
        seeds: One seed per image; an image depends on its own seed alone.
        size: Height and width in pixels.
        channels: Number of channels of the network's input.

    Returns:
        Pixel values of 0-255, ``[n, height, width, channels]``.
    """
    shape = (*size, channels)
    return np.stack([np.random.default_rng(seed).random(shape) * 20 + 128 for seed in seeds])


class ClassicRecipe(CompiledRecipe):
    """The recipe, compiled. Its units are pixel values of 0-255."""

    pre_activation = False

    def __init__(self, network: Network, conditions: Conditions) -> None:
        super().__init__(network, conditions)
        self.respond = tf.function(self._respond, reduce_retracing=True, autograph=False)
        self.ascend = tf.function(self._ascend, reduce_retracing=True, autograph=False)

    def begin(
        self, filters: Sequence[int], size: tuple[int, int], seed: int, start: NDArray[np.floating] | None = None
    ) -> ClassicAscent:
        """See :meth:`CompiledRecipe.begin`."""
        if start is None:
            start = start_images(filter_seeds(seed, filters), size, self.channels)
        return ClassicAscent(self, filters, start)

    def _respond(self, images: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
        """The responses ``[n]`` of ``n`` filters to their images ``[n, height, width, channels]``, in network units."""
        return channel_mean(self.objective.values(self.network(tf.cast(images, tf.float32), filters)))

    def _ascend(self, images: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step; returns the new images and the responses before it."""
        with tf.GradientTape() as tape:
            tape.watch(images)
            responses = self._respond(images, filters)
        gradient = tape.gradient(responses, images)
        change = gradient / (root_mean_square(gradient) + EPSILON)
        # A tile whose gradient is not finite keeps its last finite image; the other tiles go on.
        finite = tf.reduce_all(tf.math.is_finite(change), axis=[1, 2, 3], keepdims=True)
        change = tf.where(finite, change, tf.zeros_like(change))
        return images + change * (STEP * self.scaling.scale), responses


class ClassicAscent:
    """A batch of tiles in the making, see :class:`filterviz.engine.recipes.base.Ascent`.

    Args:
        recipe: The compiled recipe.
        filters: The ``n`` channels of the layer that the tiles are for.
        start: Start images ``[n, height, width, channels]`` in pixel values of 0-255.
    """

    def __init__(self, recipe: ClassicRecipe, filters: Sequence[int], start: NDArray[np.floating]) -> None:
        self._recipe = recipe
        self._filters = tf.constant(filters, tf.int32)
        # The script added float32 gradients to a float64 array, so small steps are not rounded away.
        self.images = tf.constant(recipe.scaling.to_network(start), tf.float64)

    def step(self) -> NDArray[np.float32]:
        """Take one step and return the responses before it, ``[n]``."""
        self.images, responses = self._recipe.ascend(self.images, self._filters)
        values: NDArray[np.float32] = responses.numpy()
        return values

    def responses(self) -> NDArray[np.float32]:
        """The responses to the images as they are now, ``[n]``."""
        values: NDArray[np.float32] = self._recipe.respond(self.images, self._filters).numpy()
        return values

    def tiles(self) -> NDArray[np.uint8]:
        """The images as the script displayed them, ``[n, height, width, 1 or 3]``."""
        pixels = self._recipe.scaling.to_pixels(self.images.numpy())
        return np.stack([standardise(visible(image)) for image in pixels])

    def state(self) -> tuple[NDArray[np.floating], ...]:
        """The images, float64."""
        return (self.images.numpy(),)

    def restore(self, state: Sequence[NDArray[np.floating]], step: int) -> None:  # noqa: ARG002 - all steps are alike
        """See :meth:`filterviz.engine.recipes.base.Ascent.restore`."""
        self.images = tf.constant(state[0])
