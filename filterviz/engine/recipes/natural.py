"""The ``natural`` recipe: pictures a person can read.

Put together from the pieces of Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007): a Fourier
parametrisation with decorrelated colours (:mod:`~filterviz.engine.parametrisation`), random views between the steps
(:mod:`~filterviz.engine.transforms`), a rectified objective that keeps a gradient where the filter is silent
(:mod:`~filterviz.engine.objectives`), and Adam (Kingma and Ba 2015, arXiv:1412.6980). Asked for several pictures of a
filter, it makes them together and has each give up some of its response to be unlike the others ("Diversity").

The contrast of a picture is fixed, so a spectrum's length means nothing and only its direction is optimised: after each
step it is brought back to length one (per coefficient). A step of Adam is then the same turn for every filter of every
network, whatever the scale of its responses, and a few dozen large steps do the work of hundreds of small ones. Only
the mean colour may go further, where a filter answers to it everywhere (:func:`_pace_of_mean`).
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
from filterviz.engine.objectives import (
    channel_mean,
    gram,
    leaky_mean,
    nearest_to_firing,
    own_channel,
    own_neuron,
    response,
    sameness,
)
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.seeds import picture_seeds
from filterviz.engine.transforms import STILL, Views, look
from filterviz.imaging import mosaic
from filterviz.spec import PixelRange

LEAK = 0.1
"""Slope of the objective below zero at the start: little enough that edges beat flat colour."""

MEAN_PACE = 5.0
"""How much faster than everything else the mean of a picture may change, see :func:`_pace_of_mean`."""

FIRST_STEP, LAST_STEP = 0.8, 0.08
"""Size of the steps, in units of a coefficient's root mean square; it falls from one to the other along a cosine."""

MOMENTUM, MEMORY = 0.9, 0.99
"""Adam's decay rates of the mean and of the mean square of the gradient."""

MORE, MOST = 1.08, 10.0
"""A tile still silent at half-time gets so much more contrast with each step, up to this. Some filters answer to
nothing but pure black or a white dot on it, which no photograph's contrast holds."""

FLOOR = 0.01
"""Gradients below this share of a picture's root mean square count as noise and are not blown up by Adam."""

DIVERSITY = 1.0
"""What likeness costs: a picture that is just like the others of its filter loses so many times its own response.
At 1 they show different things that the filter likes. At 2 some of a simple edge's left the filter altogether."""

ANYWHERE = Views()
IN_PLACE = Views(shift=1 / 16)
"""Where a network's size is fixed, place has a meaning, and a picture is only nudged."""


State = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
"""Spectra, the contrast of each picture, and Adam's means of the gradient and of its square."""


class Natural:
    """The recipe, compiled for one layer of one network. Batches of the same shape share the compiled step.

    Args:
        network: answers with the layer's pre-activation to pictures in the network's own units.
        pixel_range: the network's.
        steps: to take in all; the size of each depends on it.
        objective: one of ``spec.OBJECTIVES``.
        pictures: of each filter; several are made to differ, and share a tile.
    """

    def __init__(
        self, network: Network, pixel_range: PixelRange, steps: int, objective: str = "channel", pictures: int = 1
    ) -> None:
        self.channels = network.input_channels
        self.steps = steps
        self.pictures = pictures
        self.views = ANYWHERE if network.input_size is None and objective != "neuron" else IN_PLACE
        self._objective = objective
        self._network = network
        self._units = PixelScaling.of(pixel_range, self.channels)
        # Nothing is lost on turning channels around where they arise in the right order.
        self._colours = self._units.ordered(parametrisation.colour_matrix(self.channels))
        self.ascend = tf.function(self._ascend, reduce_retracing=True, autograph=False)
        self.render = tf.function(parametrisation.pictures, autograph=False)

    def begin(
        self, filters: Sequence[int], size: tuple[int, int], seed: int, start: NDArray[np.floating] | None = None
    ) -> NaturalAscent:
        """A batch of tiles at their start.

        Args:
            filters: ``n`` channels of the layer.
            size: height and width of the tiles.
            seed: of the run, for the start pictures and the views.
            start: pictures in 0-1 to begin with, ``[n * pictures, height, width, channels]``, in place of noise.
        """
        if start is None:
            seeds = [own for channel in filters for own in picture_seeds(seed, channel, self.pictures)]
            spectra = parametrisation.start_spectra(seeds, size, self.channels)
        else:
            spectra = parametrisation.spectra(start)
        return NaturalAscent(self, filters, spectra, size, self.views.draw(seed, self.steps))

    def step_size(self, step: int) -> float:
        """How far to go in a step, counted from 0."""
        fall = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return LAST_STEP + (FIRST_STEP - LAST_STEP) * fall

    def _shown(self, logits: tf.Tensor) -> tf.Tensor:
        """The pictures as the network takes them, ``[n, height, width, channels]``."""
        return self._units.scaled(parametrisation.colours(logits, self._colours))

    def _answers_and_sameness(self, logits: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What is to be raised, ``[n, positions]``, and what is to be lowered, ``[n]``; nothing where each is alone."""
        if self.pictures == 1:
            return self._own(self._network(self._shown(logits), filters)), tf.zeros(tf.shape(logits)[0])
        output, features = self._network.with_features(self._shown(logits), filters)
        return self._own(output), sameness(gram(features), self.pictures)

    def _own(self, output: tf.Tensor) -> tf.Tensor:
        if self._objective == "neuron":
            return own_neuron(output)
        return -own_channel(output) if self._objective == "negative" else own_channel(output)

    def _ascend(
        self,
        state: State,
        filters: tf.Tensor,
        view: tf.Tensor,
        step: tf.Tensor,
        step_size: tf.Tensor,
        size: tuple[int, int],
    ) -> tuple[State, tf.Tensor]:
        """One step of Adam on the sphere of spectra of length one; returns the new state and the responses before."""
        spectra, contrast, mean, square = state
        with tf.GradientTape() as tape:
            tape.watch(spectra)
            seen = look(parametrisation.logits(spectra, size, contrast), view)
            own, alike = self._answers_and_sameness(seen, filters)
            responses = response(own)
            # What lies below zero is no longer for a tile that responds to mend, so its share fades by half-time.
            leak = LEAK * tf.maximum(1 - 2 * step / self.steps, 0)
            wanted = leaky_mean(own, leak) - DIVERSITY * alike * tf.stop_gradient(responses)
            scores = tf.where(responses > 0, wanted, nearest_to_firing(own))
        gradient = _direction(tape.gradient(scores, spectra))

        mean += (1 - MOMENTUM) * (gradient - mean)
        square += (1 - MEMORY) * (tf.square(gradient) - square)
        # Adam divides both by what the first steps lack of a mean; here once, as a factor of the step.
        reach = step_size * tf.sqrt(1 - tf.pow(MEMORY, step + 1)) / (1 - tf.pow(MOMENTUM, step + 1))
        floor = FLOOR * tf.sqrt(batch_invariant.mean(square))
        pace = parametrisation.with_mean_at(_pace_of_mean(own, responses), size)
        moved = spectra + reach * pace * tf.math.divide_no_nan(mean, tf.sqrt(square) + floor)
        late = 2 * step >= self.steps
        contrast = tf.where(tf.logical_and(late, responses <= 0), tf.minimum(contrast * MORE, MOST), contrast)
        return (_of_length_one(moved), contrast, mean, square), responses


class NaturalAscent:
    """A batch of tiles being made. See :class:`filterviz.engine.recipes.base.Ascent`."""

    def __init__(
        self,
        recipe: Natural,
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
        begun = tf.constant(spectra)
        contrast = tf.fill([len(spectra)], parametrisation.CONTRAST)
        self._state = (_of_length_one(begun), contrast, tf.zeros_like(begun), tf.zeros_like(begun))

    def step(self) -> NDArray[np.float32]:
        """Take one step; returns the responses before it, ``[n * pictures]``, to what its view showed."""
        self._state, responses = self._seen(self._views[self._step])
        self._step += 1
        return responses

    def responses(self) -> NDArray[np.float32]:
        """The responses to the pictures as they are, ``[n * pictures]``."""
        # A step that nobody takes: to compile the answer alone takes longer.
        return self._seen(STILL)[1]

    def _seen(self, view: NDArray[np.float32]) -> tuple[State, NDArray[np.float32]]:
        """The state after one step by what a view shows, and the responses before it."""
        state, responses = self._recipe.ascend(
            self._state,
            self._filters,
            tf.constant(view),
            tf.constant(self._step, tf.float32),
            tf.constant(self._recipe.step_size(self._step), tf.float32),
            self._size,
        )
        return state, responses.numpy()

    def tiles(self) -> NDArray[np.uint8]:
        """The tiles, uint8 ``[n, height, width, 1 or 3]``; several pictures of a filter in one."""
        rendered = self._recipe.render(self._state[0], self._size, self._state[1]).numpy()
        pictures, each = [displayed(picture) for picture in rendered], self._recipe.pictures
        return np.stack([mosaic.join(pictures[first : first + each]) for first in range(0, len(pictures), each)])


def _pace_of_mean(own: tf.Tensor, responses: tf.Tensor) -> tf.Tensor:
    """How much faster than the rest of a picture its mean is to change, ``[n]``, 1 to :data:`MEAN_PACE`.

    Where a filter wants one colour everywhere, the mean has to take over the whole contrast. At the pace of the rest it
    does not get there in time, and what is below zero in the noise at the start stays as ragged patches of the opposite
    colour. Such filters answer above zero nearly everywhere; those of edges do not, and keep their pace.

    Args:
        own: what is to be raised, ``[n, positions]``. Of a single position nothing can be said.
        responses: :func:`~filterviz.engine.objectives.response` of it, ``[n]``.
    """
    if own.shape[1] == 1:
        return tf.ones_like(responses)
    even = batch_invariant.quotient(channel_mean(own), tf.maximum(responses, 1e-30))
    even = tf.where(tf.math.is_finite(even), tf.clip_by_value(even, 0.0, 1.0), 0.0)
    return 1 + (MEAN_PACE - 1) * even


def _direction(gradient: tf.Tensor) -> tf.Tensor:
    """Each picture's gradient, divided by its mean absolute value; zero where it is not finite.

    Only the direction counts, and some filters have weights so small that Adam's squares would come out as zero. A
    tile whose gradient is not finite keeps its last finite picture; its neighbours go on.
    """
    size = batch_invariant.mean(tf.abs(gradient))
    usable = tf.logical_and(tf.math.is_finite(size), size > 0)
    return tf.math.multiply_no_nan(gradient, tf.where(usable, batch_invariant.quotient(1.0, size), 0.0))


def _of_length_one(spectra: tf.Tensor) -> tf.Tensor:
    return spectra * batch_invariant.quotient(1.0, batch_invariant.root_mean_square(spectra))
