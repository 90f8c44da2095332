"""The ``natural`` recipe: images that a person can read.

It combines the techniques of Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007): a Fourier
parametrisation with decorrelated colours (:mod:`~filterviz.engine.parametrisation`), random views between the steps
(:mod:`~filterviz.engine.transforms`), an objective that keeps its gradient where the filter is not active
(:mod:`~filterviz.engine.objectives`), and Adam (Kingma and Ba 2015, arXiv:1412.6980). Several images of one filter are
made together, and each gives up some of its response to differ from the others ("Diversity").

The contrast of an image is fixed, so the length of its spectrum means nothing and only the direction is optimised:
after each step the spectrum is scaled back to a root mean square of one. A step of Adam then turns the spectrum by the
same angle for every filter of every network, whatever the scale of its responses, and a few dozen large steps do the
work of hundreds of small ones. Only the mean colour may change faster, where a filter is active everywhere
(:func:`_pace_of_mean`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine import batch_invariant, parametrisation
from filterviz.engine.finish import displayed
from filterviz.engine.network import Network
from filterviz.engine.objectives import channel_mean, gram, leaky_mean, mean_similarity, nearest_to_firing, response
from filterviz.engine.recipes.base import CompiledRecipe, Conditions
from filterviz.engine.seeds import image_seeds
from filterviz.engine.transforms import UNCHANGED, Views, apply_view
from filterviz.imaging import mosaic

LEAK = 0.1
"""Slope of the objective below zero in the first step: small enough that edges score higher than flat colour."""

MEAN_PACE = 5.0
"""How much faster than everything else the mean of an image may change, see :func:`_pace_of_mean`."""

FIRST_STEP, LAST_STEP = 0.8, 0.08
"""Size of the first and last step, in units of the root mean square of a spectrum. It falls along a cosine."""

MOMENTUM, MEMORY = 0.9, 0.99
"""Adam's decay rates of the mean and of the mean square of the gradient."""

CONTRAST_GROWTH, MOST_CONTRAST = 1.08, 10.0
"""If a filter is still not active after half of the steps, each further step raises the contrast of its image by this
factor, up to this limit. Some filters respond only to pure black, or to a white dot on it, which needs more contrast
than a photograph has."""

FLOOR = 0.01
"""Gradients below this share of an image's root mean square count as noise, which Adam does not amplify."""

DIVERSITY = 1.0
"""The share of its own response that an image loses if it is just like the others of its filter. At 1 the images show
different things that the filter responds to. At 2 some images of simple edge filters no longer excited the filter."""

FREE_VIEWS = Views()
NUDGES = Views(shift=1 / 16)
"""Used where the position in the image has a meaning: the network has a fixed input size, or the objective says so."""

State = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
"""Of ``n`` images: spectra ``[n, channels, height, width // 2 + 1, 2]``, contrast ``[n]``, and Adam's means of the
gradient and of its square, of the spectra's shape."""


class NaturalRecipe(CompiledRecipe):
    """The recipe, compiled. Its units are 0-1."""

    pre_activation = True

    def __init__(self, network: Network, conditions: Conditions) -> None:
        super().__init__(network, conditions)
        fixed = network.input_size is not None or self.objective.positional
        self.views = NUDGES if fixed else FREE_VIEWS
        # Reversing the matrix is free; reversing the channels of every image is not.
        self._colours = self.scaling.ordered(parametrisation.colour_matrix(self.channels))
        self.ascend = tf.function(self._ascend, reduce_retracing=True, autograph=False)
        self.render = tf.function(parametrisation.render, autograph=False)

    def begin(
        self, filters: Sequence[int], size: tuple[int, int], seed: int, start: NDArray[np.floating] | None = None
    ) -> NaturalAscent:
        """See :meth:`CompiledRecipe.begin`. With several images per filter, ``start`` holds ``n * pictures`` images."""
        if start is None:
            seeds = [own for channel in filters for own in image_seeds(seed, channel, self.pictures)]
            spectra = parametrisation.start_spectra(seeds, size, self.channels)
        else:
            spectra = parametrisation.spectra_of(start)
        return NaturalAscent(self, filters, spectra, size, self.views.draw(seed, self.steps))

    def step_size(self, step: int) -> float:
        """The size of a step, counted from 0."""
        fall = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return LAST_STEP + (FIRST_STEP - LAST_STEP) * fall

    def _values_and_similarity(self, logits: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The values to maximise, ``[n, positions]``, and the similarity to lower, ``[n]``, zero for single images."""
        images = self.scaling.scaled(parametrisation.colours(logits, self._colours))
        if self.pictures == 1:
            return self.objective.values(self.network(images, filters)), tf.zeros(tf.shape(logits)[0])
        output, features = self.network.with_features(images, filters)
        return self.objective.values(output), mean_similarity(gram(features), self.pictures)

    def _ascend(
        self,
        state: State,
        filters: tf.Tensor,
        view: tf.Tensor,
        step: tf.Tensor,
        step_size: tf.Tensor,
        size: tuple[int, int],
    ) -> tuple[State, tf.Tensor]:
        """One step of Adam on the sphere of normalised spectra; returns the new state and the responses before it."""
        spectra, contrast, mean, square = state
        with tf.GradientTape() as tape:
            tape.watch(spectra)
            viewed = apply_view(parametrisation.logits(spectra, size, contrast), view)
            values, similarity = self._values_and_similarity(viewed, filters)
            responses = response(values)
            # Once a filter is active, positions below zero need not be raised, so their weight fades by half-time.
            leak = LEAK * tf.maximum(1 - 2 * step / self.steps, 0)
            wanted = leaky_mean(values, leak) - DIVERSITY * similarity * tf.stop_gradient(responses)
            scores = tf.where(responses > 0, wanted, nearest_to_firing(values))
        gradient = _direction(tape.gradient(scores, spectra))

        mean += (1 - MOMENTUM) * (gradient - mean)
        square += (1 - MEMORY) * (tf.square(gradient) - square)
        # Adam's bias correction of both means, here once as a factor of the step.
        reach = step_size * tf.sqrt(1 - tf.pow(MEMORY, step + 1)) / (1 - tf.pow(MOMENTUM, step + 1))
        floor = FLOOR * tf.sqrt(batch_invariant.mean(square))
        pace = parametrisation.mean_factors(_pace_of_mean(values, responses), size)
        moved = spectra + reach * pace * tf.math.divide_no_nan(mean, tf.sqrt(square) + floor)
        late = 2 * step >= self.steps
        raised = tf.minimum(contrast * CONTRAST_GROWTH, MOST_CONTRAST)
        contrast = tf.where(tf.logical_and(late, responses <= 0), raised, contrast)
        return (_normalised(moved), contrast, mean, square), responses


class NaturalAscent:
    """A batch of tiles in the making, see :class:`filterviz.engine.recipes.base.Ascent`.

    Args:
        recipe: The compiled recipe.
        filters: The ``n`` channels of the layer that the tiles are for.
        spectra: The start spectra of ``n * pictures`` images, see :func:`parametrisation.start_spectra`.
        size: Height and width of an image in pixels.
        views: The view of each step, ``[steps, 4]``.
    """

    def __init__(
        self,
        recipe: NaturalRecipe,
        filters: Sequence[int],
        spectra: NDArray[np.float32],
        size: tuple[int, int],
        views: NDArray[np.float32],
    ) -> None:
        self._recipe = recipe
        self._filters = tf.constant(np.repeat(filters, recipe.pictures), tf.int32)
        self._size = size
        self._views = views
        self._step = 0
        start = tf.constant(spectra)
        contrast = tf.fill([len(spectra)], parametrisation.CONTRAST)
        self.tensors: State = (_normalised(start), contrast, tf.zeros_like(start), tf.zeros_like(start))

    def step(self) -> NDArray[np.float32]:
        """Take one step and return the responses before it, ``[n * pictures]``, to the view of that step."""
        self.tensors, responses = self._ascend(self._views[self._step])
        self._step += 1
        return responses

    def responses(self) -> NDArray[np.float32]:
        """The responses to the images as they are now, ``[n * pictures]``."""
        # The new state is discarded. Compiling a function for the responses alone would take longer than this step.
        return self._ascend(UNCHANGED)[1]

    def _ascend(self, view: NDArray[np.float32]) -> tuple[State, NDArray[np.float32]]:
        state, responses = self._recipe.ascend(
            self.tensors,
            self._filters,
            tf.constant(view),
            tf.constant(self._step, tf.float32),
            tf.constant(self._recipe.step_size(self._step), tf.float32),
            self._size,
        )
        return state, responses.numpy()

    def tiles(self) -> NDArray[np.uint8]:
        """The tiles, ``[n, height, width, 1 or 3]``; several images of one filter share a tile."""
        images = [displayed(image) for image in self.render().numpy()]
        each = self._recipe.pictures
        return np.stack([mosaic.join(images[first : first + each]) for first in range(0, len(images), each)])

    def state(self) -> tuple[NDArray[np.floating], ...]:
        """The arrays of :data:`State`."""
        return tuple(tensor.numpy() for tensor in self.tensors)

    def restore(self, state: Sequence[NDArray[np.floating]], step: int) -> None:
        """See :meth:`filterviz.engine.recipes.base.Ascent.restore`."""
        spectra, contrast, mean, square = map(tf.constant, state)
        self.tensors, self._step = (spectra, contrast, mean, square), step

    def render(self) -> tf.Tensor:
        """The images as they are now, float32 ``[n * pictures, height, width, channels]`` in 0-1."""
        spectra, contrast, _, _ = self.tensors
        return self._recipe.render(spectra, self._size, contrast)


def _pace_of_mean(values: tf.Tensor, responses: tf.Tensor) -> tf.Tensor:
    """How much faster than the rest of an image its mean should change, ``[n]``, 1 to :data:`MEAN_PACE`.

    If a filter responds to one colour everywhere, the mean has to take over the whole contrast. At the pace of the rest
    it does not get there in time, and regions of the start noise where the filter was below zero remain as ragged
    patches of the opposite colour. Such filters are above zero nearly everywhere; edge filters are not, and their mean
    keeps the common pace.

    Args:
        values: The values that are maximised, ``[n, positions]``. Nothing can be said from a single position.
        responses: Their :func:`~filterviz.engine.objectives.response`, ``[n]``.
    """
    if values.shape[1] == 1:
        return tf.ones_like(responses)
    even = batch_invariant.quotient(channel_mean(values), tf.maximum(responses, 1e-30))
    even = tf.where(tf.math.is_finite(even), tf.clip_by_value(even, 0.0, 1.0), 0.0)
    return 1 + (MEAN_PACE - 1) * even


def _direction(gradient: tf.Tensor) -> tf.Tensor:
    """Each image's gradient divided by its mean absolute value; zero where that is not finite.

    Only the direction counts, and some filters have weights so small that Adam's squares would be zero in float32. A
    tile whose gradient is not finite keeps its last finite image; the other tiles go on.
    """
    size = batch_invariant.mean(tf.abs(gradient))
    usable = tf.logical_and(tf.math.is_finite(size), size > 0)
    return tf.math.multiply_no_nan(gradient, tf.where(usable, batch_invariant.quotient(1.0, size), 0.0))


def _normalised(spectra: tf.Tensor) -> tf.Tensor:
    """Spectra scaled to a root mean square of one."""
    return spectra * batch_invariant.quotient(1.0, batch_invariant.root_mean_square(spectra))
