from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import objectives


@pytest.mark.parametrize("shape", [(3, 4, 5, 3), (3, 3)])
def test_each_picture_is_judged_by_its_own_channel_alone(shape: tuple[int, ...]) -> None:
    output = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(output)
        responses = objectives.channel_mean(objectives.own_channel(output))
    gradient = tape.gradient(responses, output).numpy()

    for index in range(3):
        assert responses.numpy()[index] == pytest.approx(output.numpy()[index, ..., index].mean(), abs=1e-6)
        positions = np.prod(shape[1:-1])
        np.testing.assert_allclose(gradient[index, ..., index], 1 / positions, rtol=1e-6)
        assert np.count_nonzero(gradient[index]) == positions


def test_the_mean_is_taken_in_float32() -> None:
    own = objectives.own_channel(tf.ones((1, 64, 64, 1), tf.bfloat16))
    assert own.dtype == tf.float32
    assert objectives.channel_mean(own).numpy() == [1.0]


def test_a_response_is_what_a_relu_lets_through_and_of_a_dense_unit_its_logit() -> None:
    assert objectives.response(tf.constant([[-1.0, 3.0], [-1.0, -2.0]])).numpy().tolist() == [1.5, 0.0]
    assert objectives.response(tf.constant([[-4.0]])).numpy().tolist() == [-4.0]


def test_a_leak_keeps_a_gradient_where_the_filter_is_silent() -> None:
    own = tf.constant([[-1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch(own)
        score = objectives.leaky_mean(own, 0.1)
    assert score.numpy() == pytest.approx([-0.15])
    np.testing.assert_allclose(tape.gradient(score, own), [[0.05, 0.05]])


def test_a_silent_filter_is_pulled_most_where_it_is_nearest_to_firing() -> None:
    own = tf.constant([[-1.0, -10.0, -10.0]])
    with tf.GradientTape() as tape:
        tape.watch(own)
        score = objectives.nearest_to_firing(own)
    gradient = tape.gradient(score, own).numpy()[0]
    assert gradient.sum() == pytest.approx(1)
    assert gradient[0] > 4 * gradient[1] > 0


def features(seed: int, count: int = 4) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=(count, 6, 6, 5)).astype(np.float32))


def test_a_texture_is_known_wherever_it_lies_and_however_loud_it_is() -> None:
    one = features(0, 1)
    shifted = tf.roll(one, [2, 3], [1, 2])
    grams = objectives.gram(tf.concat([one, 7 * shifted], 0)).numpy()
    np.testing.assert_allclose(grams[0], grams[1], atol=1e-6)
    assert np.linalg.norm(grams[0]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("loudness", [1e-30, 1e30])
def test_a_gram_matrix_of_very_small_or_large_outputs_is_finite(loudness: float) -> None:
    exact = objectives.gram(features(0))
    np.testing.assert_allclose(objectives.gram(loudness * features(0)), exact, rtol=1e-4, atol=1e-6)


def test_where_nothing_fires_there_is_no_texture_and_no_likeness() -> None:
    grams = objectives.gram(-tf.ones((4, 3, 3, 2)))
    assert not grams.numpy().any()
    assert objectives.mean_similarity(grams, 4).numpy().tolist() == [0, 0, 0, 0]


def test_similarity_is_the_mean_cosine_to_the_other_pictures_of_the_same_filter() -> None:
    one, other = np.eye(3, dtype=np.float32)[:2]
    grams = tf.constant(np.stack([one, one, one, other, *4 * [other]]))
    assert objectives.mean_similarity(grams, 4).numpy() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0, 1, 1, 1, 1])
