from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.transforms import UNCHANGED, Views, apply_view

PICTURES = np.random.default_rng(0).random((2, 12, 8, 3)).astype(np.float32)


def seen(angle: float = 0.0, zoom: float = 1.0, down: float = 0.0, right: float = 0.0) -> np.ndarray:
    pictures = tf.constant(PICTURES.transpose(0, 3, 1, 2))
    return apply_view(pictures, tf.constant([angle, zoom, down, right])).numpy().transpose(0, 2, 3, 1)


def test_the_still_view_changes_nothing() -> None:
    for size in ((12, 8), (7, 5)):
        pictures = tf.constant(np.random.default_rng(3).random((2, 3, *size)), tf.float32)
        np.testing.assert_array_equal(apply_view(pictures, tf.constant(UNCHANGED)), pictures)


def test_a_shift_brings_back_on_one_side_what_leaves_on_the_other() -> None:
    np.testing.assert_allclose(seen(down=0.25, right=-0.5), np.roll(PICTURES, (-3, 4), axis=(1, 2)), atol=1e-5)


def test_half_a_turn_turns_around_the_middle() -> None:
    turned = seen(angle=np.pi)
    expected = np.roll(PICTURES[:, ::-1, ::-1], (1, 1), axis=(1, 2))
    np.testing.assert_allclose(turned, expected, atol=1e-4)


def test_zoom_keeps_the_middle_in_place() -> None:
    np.testing.assert_allclose(seen(zoom=0.5)[:, 6, 4], PICTURES[:, 6, 4], atol=1e-5)
    np.testing.assert_allclose(seen(zoom=0.5)[:, 8, 4], PICTURES[:, 7, 4], atol=1e-5)


def test_gradients_flow_back_to_where_the_view_looked() -> None:
    pictures = tf.constant(PICTURES.transpose(0, 3, 1, 2))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        corner = apply_view(pictures, tf.constant([0.0, 1.0, 0.25, 0.0]))[:, :, 0, 0]
    gradient = tape.gradient(corner, pictures).numpy()
    np.testing.assert_allclose(gradient[:, :, 3, 0], 1, atol=1e-5)
    assert np.count_nonzero(np.abs(gradient) > 1e-5) == 2 * 3


@pytest.mark.parametrize("size", [(12, 8), (1, 5), (2, 2)])
def test_the_gradient_of_a_view_is_its_transpose(size: tuple[int, int]) -> None:
    """For a linear map and any two stacks of images: the view of one, times the other, is one times the gradient."""
    random = np.random.default_rng(1)
    one, two = (tf.constant(random.normal(size=(2, 3, *size)), tf.float32) for _ in range(2))
    view = tf.constant([0.3, 1.1, 0.2, -0.4])
    with tf.GradientTape() as tape:
        tape.watch(one)
        viewed = apply_view(one, view)
    gradient = tape.gradient(viewed, one, output_gradients=two)
    np.testing.assert_allclose(tf.reduce_sum(viewed * two), tf.reduce_sum(one * gradient), rtol=1e-4)


def test_views_are_within_their_limits_and_repeatable() -> None:
    views = Views(shift=0.1, turn=10, zoom=0.05).draw(3, 500)
    assert views.shape == (500, 4)
    assert np.abs(views[:, 0]).max() <= np.radians(10)
    assert np.abs(views[:, 1] - 1).max() <= 0.05 + 1e-6
    assert np.abs(views[:, 2:]).max() <= 0.1
    np.testing.assert_array_equal(views, Views(shift=0.1, turn=10, zoom=0.05).draw(3, 500))


def test_a_view_and_its_gradient_are_the_same_to_the_bit_each_time() -> None:
    pictures = tf.constant(np.random.default_rng(2).normal(size=(6, 3, 64, 64)), tf.float32)
    view = tf.constant([0.1, 1.05, 0.3, -0.2])

    @tf.function
    def gradient() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            viewed = apply_view(pictures, view)
        return tape.gradient(viewed, pictures, output_gradients=pictures)

    first = gradient().numpy()
    for _ in range(20):
        np.testing.assert_array_equal(gradient(), first)
