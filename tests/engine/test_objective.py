from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import objective


@pytest.mark.parametrize("shape", [(3, 4, 5, 3), (3, 3)])
def test_each_picture_is_judged_by_its_own_channel_alone(shape: tuple[int, ...]) -> None:
    output = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(output)
        responses = objective.channel_mean(objective.own_channel(output))
    gradient = tape.gradient(responses, output).numpy()

    for index in range(3):
        assert responses.numpy()[index] == pytest.approx(output.numpy()[index, ..., index].mean(), abs=1e-6)
        positions = np.prod(shape[1:-1])
        np.testing.assert_allclose(gradient[index, ..., index], 1 / positions, rtol=1e-6)
        assert np.count_nonzero(gradient[index]) == positions


def test_the_mean_is_taken_in_float32() -> None:
    own = objective.own_channel(tf.ones((1, 64, 64, 1), tf.bfloat16))
    assert own.dtype == tf.float32
    assert objective.channel_mean(own).numpy() == [1.0]


def test_a_response_is_what_a_relu_lets_through_and_of_a_dense_unit_its_logit() -> None:
    assert objective.response(tf.constant([[-1.0, 3.0], [-1.0, -2.0]])).numpy().tolist() == [1.5, 0.0]
    assert objective.response(tf.constant([[-4.0]])).numpy().tolist() == [-4.0]


def test_a_leak_keeps_a_gradient_where_the_filter_is_silent() -> None:
    own = tf.constant([[-1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch(own)
        score = objective.leaky_mean(own, 0.1)
    assert score.numpy() == pytest.approx([-0.15])
    np.testing.assert_allclose(tape.gradient(score, own), [[0.05, 0.05]])


def test_a_silent_filter_is_pulled_most_where_it_is_nearest_to_firing() -> None:
    own = tf.constant([[-1.0, -10.0, -10.0]])
    with tf.GradientTape() as tape:
        tape.watch(own)
        score = objective.nearest_to_firing(own)
    gradient = tape.gradient(score, own).numpy()[0]
    assert gradient.sum() == pytest.approx(1)
    assert gradient[0] > 4 * gradient[1] > 0
