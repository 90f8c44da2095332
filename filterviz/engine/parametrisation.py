"""The parametrisation of natural pictures: a spectrum instead of pixels, and colours that are not tied to each other.

A picture is optimised as the Fourier coefficients of three decorrelated colours. Photographs have about equally much
in every coefficient once those are weighted by 1/frequency, so steps of equal size in all of them change a picture the
way photographs differ, and the noise that steps on pixels favour does not arise. Colours are decorrelated in the same
spirit: a step along one of them is a step that photographs take.

Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007), "Preconditioning and parameterization";
the colour matrix is that of Lucid, measured on ImageNet.

Two things differ from Lucid. The contrast of a picture is held at a fixed value, so a filter's response can only rise
by what is shown and not by how loudly; without it, the first layers run into pure black, white and primary colours.
And a picture is periodic: it has no border, so none can show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.batch_invariant import mean, quotient, root_mean_square

COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""Columns: the directions in which the colours (rows: red, green, blue) of photographs vary, by how much they do."""

CONTRAST = 2.2
"""Root mean square of the logits of a picture, before its colours are correlated.

After the sigmoid the pixels of a picture of three colours then have a standard deviation of 0.25 to 0.3 of the range,
somewhat more than a photograph and well short of saturation."""


def colour_matrix(channels: int) -> NDArray[np.float32]:
    """Turns decorrelated colours into the channels of the network's input, ``[colours, channels]``.

    Three channels are taken for red, green and blue; of others nothing is known, and they stay as they are.
    """
    if channels != 3:
        return np.eye(channels, dtype=np.float32)
    matrix: NDArray[np.float32] = (COLOURS / np.linalg.norm(COLOURS, axis=0).max()).T
    return matrix


def spectrum_scale(height: int, width: int) -> NDArray[np.float32]:
    """The weight of each Fourier coefficient: 1/frequency, as in photographs. ``[height, width // 2 + 1]``.

    The mean (frequency 0) is weighted like the lowest frequency that fits the longer side.
    """
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    weight: NDArray[np.float32] = (1 / np.maximum(frequency, 1 / max(height, width))).astype(np.float32)
    return weight


def start_spectra(seeds: Sequence[int], size: tuple[int, int], channels: int) -> NDArray[np.float32]:
    """Random spectra: every coefficient normal, so that the pictures are noise with the spectrum of photographs.

    Args:
        seeds: one for each picture; a picture depends on its own seed alone.
        size: height and width in pixels.
        channels: of the network's input.

    Returns:
        ``[n, channels, height, width // 2 + 1, 2]``; the last axis is the real and the imaginary part.
    """
    shape = (channels, size[0], size[1] // 2 + 1, 2)
    return np.stack([np.random.default_rng(seed).standard_normal(shape, np.float32) for seed in seeds])


def spectra(start: NDArray[np.floating]) -> NDArray[np.float32]:
    """The spectra of given pictures: what :func:`pictures` turns back into them, but for their contrast.

    Args:
        start: ``[n, height, width, channels]`` in 0-1. Pure black and white are taken back by a thousandth.
    """
    values = np.clip(np.asarray(start, np.float64), 1e-3, 1 - 1e-3)
    logits = np.log(values / (1 - values)) @ np.linalg.inv(colour_matrix(start.shape[-1]))
    coefficients = np.fft.rfft2(logits, axes=(1, 2)).transpose(0, 3, 1, 2) / spectrum_scale(*start.shape[1:3])
    return np.stack([coefficients.real, coefficients.imag], axis=-1).astype(np.float32)


def logits(spectra: tf.Tensor, size: tuple[int, int], contrast: tf.Tensor | float = CONTRAST) -> tf.Tensor:
    """The pictures that spectra stand for, before they have colours: unbounded values of decorrelated colours.

    Args:
        spectra: float32 ``[n, channels, height, width // 2 + 1, 2]``.
        size: height and width in pixels.
        contrast: root mean square of the logits; one number, or one for each picture, ``[n]``.

    Returns:
        float32 ``[n, channels, height, width]``, with that root mean square.
    """
    return _of_contrast(_inverse_transform(spectra, size), tf.reshape(contrast, [-1, 1, 1, 1]))


def colours(logits: tf.Tensor, matrix: NDArray[np.float32]) -> tf.Tensor:
    """Logits as pictures.

    Args:
        logits: float32 ``[n, channels, height, width]``.
        matrix: from decorrelated colours to the channels wanted, see :func:`colour_matrix`.

    Returns:
        float32 ``[n, height, width, channels]`` in 0-1.
    """
    _, channels, height, width = logits.shape
    mixed = tf.matmul(tf.reshape(logits, [-1, channels, height * width]), matrix[np.newaxis], transpose_a=True)
    return tf.reshape(tf.sigmoid(mixed), [-1, height, width, matrix.shape[1]])


def pictures(spectra: tf.Tensor, size: tuple[int, int], contrast: tf.Tensor | float = CONTRAST) -> tf.Tensor:
    """The pictures that spectra stand for: :func:`logits` and their :func:`colours`.

    Args:
        spectra: see :func:`logits`.
        size: see :func:`logits`.
        contrast: see :func:`logits`.

    Returns:
        float32 ``[n, height, width, channels]`` in 0-1, red first.
    """
    return colours(logits(spectra, size, contrast), colour_matrix(spectra.shape[1]))


def with_mean_at(pace: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Factors for the coefficients of pictures: a picture's own for its mean (frequency 0), 1 for all others.

    Args:
        pace: ``[n]``.
        size: height and width in pixels.

    Returns:
        ``[n, 1, height, width // 2 + 1, 1]``.
    """
    at_mean = np.zeros((1, 1, size[0], size[1] // 2 + 1, 1), np.float32)
    at_mean[:, :, 0, 0] = 1
    return 1 + (tf.reshape(pace, [-1, 1, 1, 1, 1]) - 1) * at_mean


def _of_contrast(values: tf.Tensor, contrast: tf.Tensor) -> tf.Tensor:
    """Values ``[n, channels, height, width]`` scaled to a root mean square, ``[n or 1, 1, 1, 1]``.

    A gradient loses what would only make the picture louder, its share along the picture itself. That is written out
    because TensorFlow's own sum of it depends, in its last digit, on the number of pictures.
    """

    @tf.custom_gradient
    def scale(given: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        factor = quotient(contrast, root_mean_square(given) + 1e-12)
        scaled = given * factor

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return factor * (upstream - scaled * quotient(mean(upstream * scaled), tf.square(contrast)))

        return scaled, gradient

    return scale(values)


def _inverse_transform(spectra: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The inverse Fourier transform of weighted spectra, ``[n, channels, height, width]``.

    TensorFlow's own gradient of this takes apart and puts together complex numbers again and again, which takes longer
    than the transform. It is a forward transform: each coefficient but those without a mirror image counts twice.
    """
    height, width = size
    weight = np.repeat(spectrum_scale(height, width)[..., np.newaxis], 2, axis=-1)
    times = np.full(width // 2 + 1, 2.0)
    times[0] = 1
    if width % 2 == 0:
        times[-1] = 1
    back = (weight * times[:, np.newaxis] / (height * width)).astype(np.float32)

    @tf.custom_gradient
    def transform(coefficients: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        # The same bytes, taken for complex numbers.
        values = tf.signal.irfft2d(tf.bitcast(coefficients * weight, tf.complex64), fft_length=[height, width])

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return tf.bitcast(tf.signal.rfft2d(upstream, fft_length=[height, width]), tf.float32) * back

        return values, gradient

    return transform(spectra)
