"""Objectives: what a pattern is optimised for, as functions from a layer's output to one number per image.

An objective picks, from the outputs of a layer, the values of each image's own filter (:data:`OBJECTIVES`). How these
values become the score that is maximised is the recipe's choice: their mean (:func:`channel_mean`), a rectified mean
(:func:`response`), a mean that keeps its gradient below zero (:func:`leaky_mean`, :func:`nearest_to_firing`).

The images of a batch do not share a score. Each depends on its own filter alone, so the gradient of the sum of all
scores contains, for every image, the gradient of its own score. The exception is several images of one filter that are
made to differ from each other (:func:`mean_similarity`).

The names follow Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007), "Optimization objectives".
All functions compute in float32, whatever precision the network runs in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Objective:
    """What a pattern is optimised for.

    Attributes:
        values: Function from a layer's output, ``[n, height, width, n]`` or ``[n, n]`` (the responses of ``n`` filters
            to ``n`` images, in the same order), to the values to maximise, float32 ``[n, positions]``.
        positional: Whether the values depend on where in the image something is shown. Such an image is only nudged
            between the steps, not shifted freely.
    """

    values: Callable[[tf.Tensor], tf.Tensor]
    positional: bool = False


def own_channel(output: tf.Tensor) -> tf.Tensor:
    """The responses of each image's own filter at all positions.

    Args:
        output: Float ``[n, height, width, n]`` or ``[n, n]``, see :class:`Objective`.

    Returns:
        Float32 ``[n, positions]``; a Dense unit has one position.
    """
    count = tf.shape(output)[0]
    own = tf.gather(output, tf.range(count)[:, tf.newaxis], axis=-1, batch_dims=1)
    return tf.reshape(tf.cast(own, tf.float32), [count, 1 if output.shape.rank == 2 else -1])


def opposite_channel(output: tf.Tensor) -> tf.Tensor:
    """The negative of :func:`own_channel`: maximising it drives the filter's responses down."""
    return -own_channel(output)


def central_neuron(output: tf.Tensor) -> tf.Tensor:
    """The response of each image's own filter at the central position alone.

    Args:
        output: Float ``[n, height, width, n]`` or ``[n, n]``, see :class:`Objective`.

    Returns:
        Float32 ``[n, 1]``.
    """
    if output.shape.rank == 4:
        height, width = tf.shape(output)[1], tf.shape(output)[2]
        output = output[:, height // 2, width // 2]
    return own_channel(output)


OBJECTIVES: Mapping[str, Objective] = {
    "channel": Objective(own_channel),
    "negative": Objective(opposite_channel),
    "neuron": Objective(central_neuron, positional=True),
}
"""The implementation of every objective in ``spec.OBJECTIVES``, by name."""


def channel_mean(own: tf.Tensor) -> tf.Tensor:
    """The mean over all positions: ``[n, positions]`` to ``[n]``."""
    return tf.reduce_mean(own, axis=1)


def response(own: tf.Tensor) -> tf.Tensor:
    """The mean of what a ReLU would let through: ``[n, positions]`` to ``[n]``. For a Dense unit, its logit."""
    return channel_mean(own if own.shape[1] == 1 else tf.nn.relu(own))


def leaky_mean(own: tf.Tensor, leak: tf.Tensor | float) -> tf.Tensor:
    """The mean with values below zero multiplied by ``leak``: ``[n, positions]`` to ``[n]``.

    A plain mean would be highest for flat colour where the filter detects an edge, and a rectified mean has no gradient
    where the filter is not active. This one lies in between.
    """
    return channel_mean(tf.maximum(own, 0) + leak * tf.minimum(own, 0))


def nearest_to_firing(own: tf.Tensor) -> tf.Tensor:
    """The mean over the positions, weighted towards those where the filter comes nearest to being active.

    This is for a filter that is active nowhere. It is activated at the few positions where that is easiest, whereas the
    plain mean would only raise its values a little everywhere.

    Args:
        own: Float32 ``[n, positions]``.

    Returns:
        Float32 ``[n]``.
    """
    spread = tf.math.reduce_std(own, axis=1, keepdims=True) + 1e-12
    weight = tf.stop_gradient(tf.nn.softmax(own / spread, axis=1))
    return tf.reduce_sum(weight * own, axis=1)


def gram(features: tf.Tensor) -> tf.Tensor:
    """The texture of each image: the inner products of all pairs of rectified channels, normalised to length one.

    Two images of the same texture have nearly the same matrix, however they are shifted against each other.

    Args:
        features: Float ``[n, ..., channels]``, the outputs of a layer.

    Returns:
        Float32 ``[n, channels * channels]`` of length one; zeros where no channel is active.

    Reference:
        Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks", 2015 (arXiv:1505.07376).
    """
    count, channels = tf.shape(features)[0], features.shape[-1]
    flat = tf.nn.relu(tf.reshape(tf.cast(features, tf.float32), [count, -1, channels]))
    # Divided before they are multiplied, because float32 cannot hold the fourth power of some networks' outputs.
    flat = tf.math.divide_no_nan(flat, tf.reduce_max(flat, axis=[1, 2], keepdims=True))
    products = tf.matmul(flat, flat, transpose_a=True)
    return tf.math.l2_normalize(tf.reshape(products, [count, channels * channels]), axis=1)


def mean_similarity(grams: tf.Tensor, images: int) -> tf.Tensor:
    """The similarity of each image to the others of its filter: the mean cosine between their :func:`gram` matrices.

    Args:
        grams: Float32 ``[filters * images, m]`` of length one; the images of one filter are adjacent.
        images: Number of images of each filter, at least two.

    Returns:
        Float32 ``[filters * images]``, from 0 (nothing in common) to 1 (all alike).

    Reference:
        The diversity term of Olah et al., "Feature Visualization", Distill 2017, and of Lucid
        (``objectives.diversity``).
    """
    groups = tf.reshape(grams, [-1, images, tf.shape(grams)[1]])
    cosines = tf.matmul(groups, groups, transpose_b=True)
    others = tf.reduce_sum(cosines, axis=2) - tf.linalg.diag_part(cosines)
    return tf.reshape(others / (images - 1), [-1])
