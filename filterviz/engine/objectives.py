"""What is maximised: functions from a layer's output to one number for each picture.

Pictures share a batch but not an objective: each is judged by its own channel alone (:func:`own_channel`), so the
gradient of the sum of the responses gives every picture the gradient of its own. The one exception are several pictures
of one filter, which are to differ from each other (:func:`sameness`).

The names follow Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007), "Optimization objectives".
All functions compute in float32 whatever precision the network runs in.
"""

from __future__ import annotations

import tensorflow as tf


def own_channel(output: tf.Tensor) -> tf.Tensor:
    """What each picture's own filter answered at each position.

    Args:
        output: float ``[n, height, width, n]`` or ``[n, n]``: the answers of ``n`` filters to ``n`` pictures, in the
            same order.

    Returns:
        float32 ``[n, positions]``; a Dense unit has one position.
    """
    count = tf.shape(output)[0]
    own = tf.gather(output, tf.range(count)[:, tf.newaxis], axis=-1, batch_dims=1)
    return tf.reshape(tf.cast(own, tf.float32), [count, 1 if output.shape.rank == 2 else -1])


def own_neuron(output: tf.Tensor) -> tf.Tensor:
    """What each picture's own filter answered at the middle: as :func:`own_channel`, of one position.

    Args:
        output: see :func:`own_channel`.
    """
    if output.shape.rank == 4:
        height, width = tf.shape(output)[1], tf.shape(output)[2]
        output = output[:, height // 2, width // 2]
    return own_channel(output)


def channel_mean(own: tf.Tensor) -> tf.Tensor:
    """The mean over all positions, as the filter answers: ``[n, positions]`` to ``[n]``."""
    return tf.reduce_mean(own, axis=1)


def response(own: tf.Tensor) -> tf.Tensor:
    """The mean of what is above zero: how much of the filter a ReLU would let through. Of a Dense unit, its logit."""
    return channel_mean(own if own.shape[1] == 1 else tf.nn.relu(own))


def leaky_mean(own: tf.Tensor, leak: tf.Tensor | float) -> tf.Tensor:
    """The mean, with what is below zero counted ``leak`` times.

    A linear mean would be highest for flat colour where the filter is an edge; a rectified one has no gradient where
    the filter is silent. This lies between.
    """
    return channel_mean(tf.maximum(own, 0) + leak * tf.minimum(own, 0))


def nearest_to_firing(own: tf.Tensor) -> tf.Tensor:
    """The mean over the positions, weighted towards those where the filter comes nearest to firing.

    For a filter that is silent everywhere: it is woken at the few places where that is easiest, while the mean would
    rather have it a little less silent everywhere.
    """
    spread = tf.math.reduce_std(own, axis=1, keepdims=True) + 1e-12
    weight = tf.stop_gradient(tf.nn.softmax(own / spread, axis=1))
    return tf.reduce_sum(weight * own, axis=1)


def gram(features: tf.Tensor) -> tf.Tensor:
    """What occurs together in a picture, wherever it is: the inner products of all pairs of channels, rectified.

    Two pictures of the same texture have nearly the same, however they are shifted against each other.

    Args:
        features: float ``[n, ..., channels]``, the outputs of a layer.

    Returns:
        float32 ``[n, channels * channels]`` of length one; zeros where nothing fires.

    Reference:
        Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks", 2015 (arXiv:1505.07376).
    """
    count, channels = tf.shape(features)[0], features.shape[-1]
    flat = tf.nn.relu(tf.reshape(tf.cast(features, tf.float32), [count, -1, channels]))
    # Divided before they are multiplied: a network may have outputs whose fourth power float32 does not hold.
    flat = tf.math.divide_no_nan(flat, tf.reduce_max(flat, axis=[1, 2], keepdims=True))
    products = tf.matmul(flat, flat, transpose_a=True)
    return tf.math.l2_normalize(tf.reshape(products, [count, channels * channels]), axis=1)


def sameness(grams: tf.Tensor, pictures: int) -> tf.Tensor:
    """How much each picture is like the others of its filter: the mean cosine between their :func:`gram` matrices.

    Args:
        grams: ``[filters * pictures, m]`` of length one; the pictures of one filter stand together.
        pictures: of each filter, at least two.

    Returns:
        float32 ``[filters * pictures]``: 0, nothing in common, to 1, all the same.

    Reference:
        The diversity term of Olah et al., "Feature Visualization", Distill 2017, and of Lucid
        (``objectives.diversity``).
    """
    groups = tf.reshape(grams, [-1, pictures, tf.shape(grams)[1]])
    cosines = tf.matmul(groups, groups, transpose_b=True)
    others = tf.reduce_sum(cosines, axis=2) - tf.linalg.diag_part(cosines)
    return tf.reshape(others / (pictures - 1), [-1])
