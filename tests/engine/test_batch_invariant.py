from __future__ import annotations

import numpy as np
import tensorflow as tf

from filterviz.engine.batch_invariant import mean, quotient, root_mean_square

VALUES = tf.constant(np.random.default_rng(0).normal(size=(25, 3, 32, 17, 2)), tf.float32)


def test_they_are_what_numpy_says() -> None:
    flat = VALUES.numpy().reshape(25, -1).astype(np.float64)
    np.testing.assert_allclose(mean(VALUES).numpy().ravel(), flat.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(root_mean_square(VALUES).numpy().ravel(), np.sqrt((flat**2).mean(axis=1)), rtol=1e-5)
    assert root_mean_square(VALUES).shape == (25, 1, 1, 1, 1)


def test_a_quotient_is_the_same_among_many_as_alone() -> None:
    below = tf.constant(np.random.default_rng(1).uniform(0.1, 9, 1000), tf.float32)
    among = tf.function(lambda values: quotient(1.0, values))(below)
    alone = [quotient(1.0, below[place : place + 1])[0] for place in range(1000)]
    np.testing.assert_array_equal(among, alone)
