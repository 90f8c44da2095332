"""What is maximised: functions from a layer's output to one number for each picture.

The names follow Olah et al., "Feature Visualization", Distill 2017 (10.23915/distill.00007), "Optimization objectives".
"""

from __future__ import annotations

import tensorflow as tf


def channel_mean(output: tf.Tensor, channel: tf.Tensor) -> tf.Tensor:
    """The mean of each picture's own channel over all positions.

    Pictures share a batch but not an objective: picture ``i`` is judged by channel ``channel[i]`` alone, so the
    gradient of the sum of the responses gives every picture the gradient of its own.

    Args:
        output: float ``[n, height, width, k]`` or ``[n, k]``, what the layer answered to ``n`` pictures.
        channel: int32 ``[n]``, each picture's index into the last axis.

    Returns:
        float32 ``[n]``; the mean is taken in float32 whatever precision the network runs in.
    """
    own = tf.gather(tf.cast(output, tf.float32), channel[:, tf.newaxis], axis=-1, batch_dims=1)
    return tf.reduce_mean(own, axis=list(range(1, own.shape.rank)))
