"""The parametrisation of natural images: a spectrum instead of pixels, and colours that are not correlated.

An image is optimised as the Fourier coefficients of three decorrelated colours. In photographs, all coefficients are
about equally large once they are divided by 1/frequency. Steps of equal size in all of them therefore change an image
in the way photographs differ, and the high-frequency noise that steps on pixels favour does not arise. Colours are
decorrelated for the same reason: a step along one of the three directions is a step that photographs take.

Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007), "Preconditioning and parameterization";
the colour matrix is that of Lucid, measured on ImageNet.

Two things differ from Lucid. The contrast of an image is fixed, so a filter's response can only rise by what the image
shows and not by how strongly it shows it; without this, the first layers run into pure black, white and primary
colours. And an image is periodic, so it has no border at which artefacts could appear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.batch_invariant import mean, quotient, root_mean_square

COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""The principal directions in which the colours of photographs vary, as columns scaled by their standard deviation.
The rows are red, green and blue."""

CONTRAST = 2.2
"""Root mean square of an image's logits, before its colours are correlated.

After the sigmoid, the pixels of an image of three colours then have a standard deviation of 0.25 to 0.3 of the range,
somewhat more than a photograph and well short of saturation."""


def colour_matrix(channels: int) -> NDArray[np.float32]:
    """The matrix from decorrelated colours to the channels of the network's input, ``[colours, channels]``.

    Three channels are taken for red, green and blue. Nothing is known of any other number of channels; for them the
    matrix is the identity.
    """
    if channels != 3:
        return np.eye(channels, dtype=np.float32)
    matrix: NDArray[np.float32] = (COLOURS / np.linalg.norm(COLOURS, axis=0).max()).T
    return matrix


def frequency_weights(height: int, width: int) -> NDArray[np.float32]:
    """The weight of each Fourier coefficient, 1/frequency as in photographs: ``[height, width // 2 + 1]``.

    The mean (frequency 0) has the weight of the lowest frequency that fits the longer side.
    """
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    weight: NDArray[np.float32] = (1 / np.maximum(frequency, 1 / max(height, width))).astype(np.float32)
    return weight


def start_spectra(seeds: Sequence[int], size: tuple[int, int], channels: int) -> NDArray[np.float32]:
    """Random spectra with normally distributed coefficients: their images are noise with the spectrum of photographs.

    Args:
        seeds: One seed per image; an image depends on its own seed alone.
        size: Height and width in pixels.
        channels: Number of channels of the network's input.

    Returns:
        ``[n, channels, height, width // 2 + 1, 2]``; the last axis holds the real and the imaginary part.
    """
    shape = (channels, size[0], size[1] // 2 + 1, 2)
    return np.stack([np.random.default_rng(seed).standard_normal(shape, np.float32) for seed in seeds])


def spectra_of(images: NDArray[np.floating]) -> NDArray[np.float32]:
    """The spectra of given images. :func:`render` turns them back into the images, except for their contrast.

    Args:
        images: ``[n, height, width, channels]`` in 0-1. Values are clipped to 0.001-0.999.

    Returns:
        The spectra, as :func:`start_spectra` returns them.
    """
    values = np.clip(np.asarray(images, np.float64), 1e-3, 1 - 1e-3)
    decorrelated = np.log(values / (1 - values)) @ np.linalg.inv(colour_matrix(images.shape[-1]))
    coefficients = np.fft.rfft2(decorrelated, axes=(1, 2)).transpose(0, 3, 1, 2) / frequency_weights(*images.shape[1:3])
    return np.stack([coefficients.real, coefficients.imag], axis=-1).astype(np.float32)


def logits(spectra: tf.Tensor, size: tuple[int, int], contrast: tf.Tensor | float = CONTRAST) -> tf.Tensor:
    """The images of spectra before they have colours: unbounded values of decorrelated colours.

    Args:
        spectra: Float32 ``[n, channels, height, width // 2 + 1, 2]``.
        size: Height and width in pixels.
        contrast: Root mean square of the logits: one number, or one for each image, ``[n]``.

    Returns:
        Float32 ``[n, channels, height, width]`` with that root mean square.
    """
    return _with_contrast(_inverse_transform(spectra, size), tf.reshape(contrast, [-1, 1, 1, 1]))


def colours(logits: tf.Tensor, matrix: NDArray[np.float32]) -> tf.Tensor:
    """Images from logits.

    Args:
        logits: Float32 ``[n, channels, height, width]``.
        matrix: From decorrelated colours to the wanted channels, see :func:`colour_matrix`.

    Returns:
        Float32 ``[n, height, width, channels]`` in 0-1.
    """
    _, channels, height, width = logits.shape
    mixed = tf.matmul(tf.reshape(logits, [-1, channels, height * width]), matrix[np.newaxis], transpose_a=True)
    return tf.reshape(tf.sigmoid(mixed), [-1, height, width, matrix.shape[1]])


def render(spectra: tf.Tensor, size: tuple[int, int], contrast: tf.Tensor | float = CONTRAST) -> tf.Tensor:
    """Images from spectra: their :func:`logits` and from these the :func:`colours`.

    Args:
        spectra: Float32 ``[n, channels, height, width // 2 + 1, 2]``.
        size: Height and width in pixels.
        contrast: Root mean square of the logits: one number, or one for each image, ``[n]``.

    Returns:
        Float32 ``[n, height, width, channels]`` in 0-1, red first.
    """
    return colours(logits(spectra, size, contrast), colour_matrix(spectra.shape[1]))


def mean_factors(factor: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Factors for the coefficients of images: an image's own factor for its mean (frequency 0), 1 for all others.

    Args:
        factor: Float32 ``[n]``.
        size: Height and width in pixels.

    Returns:
        Float32 ``[n, 1, height, width // 2 + 1, 1]``.
    """
    at_mean = np.zeros((1, 1, size[0], size[1] // 2 + 1, 1), np.float32)
    at_mean[:, :, 0, 0] = 1
    return 1 + (tf.reshape(factor, [-1, 1, 1, 1, 1]) - 1) * at_mean


def _with_contrast(values: tf.Tensor, contrast: tf.Tensor) -> tf.Tensor:
    """Values ``[n, channels, height, width]`` scaled to a root mean square, ``[n or 1, 1, 1, 1]``.

    The gradient has no component along the image itself, which would only change the contrast. It is written out
    because TensorFlow's own sum for it depends, in its last digit, on the number of images.
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

    Its gradient is a forward transform, in which each coefficient counts twice unless it has no mirror image. It is
    written out because TensorFlow's own gradient splits and joins complex numbers again and again, which takes longer
    than the transform.
    """
    height, width = size
    weight = np.repeat(frequency_weights(height, width)[..., np.newaxis], 2, axis=-1)
    times = np.full(width // 2 + 1, 2.0)
    times[0] = 1
    if width % 2 == 0:
        times[-1] = 1
    back = (weight * times[:, np.newaxis] / (height * width)).astype(np.float32)

    @tf.custom_gradient
    def transform(coefficients: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        # A bitcast reads pairs of real numbers as complex numbers without copying them.
        values = tf.signal.irfft2d(tf.bitcast(coefficients * weight, tf.complex64), fft_length=[height, width])

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return tf.bitcast(tf.signal.rfft2d(upstream, fft_length=[height, width]), tf.float32) * back

        return values, gradient

    return transform(spectra)
