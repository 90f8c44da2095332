from __future__ import annotations

import numpy as np
import tensorflow as tf

from filterviz.engine.transform import Views, look

PICTURES = np.random.default_rng(0).random((2, 12, 8, 3)).astype(np.float32)


def seen(angle: float = 0.0, zoom: float = 1.0, down: float = 0.0, right: float = 0.0) -> np.ndarray:
    return look(tf.constant(PICTURES), tf.constant([angle, zoom, down, right])).numpy()


def test_the_still_view_changes_nothing() -> None:
    np.testing.assert_allclose(seen(), PICTURES, atol=1e-6)


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
    pictures = tf.constant(PICTURES)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        corner = look(pictures, tf.constant([0.0, 1.0, 0.25, 0.0]))[:, 0, 0]
    gradient = tape.gradient(corner, pictures).numpy()
    np.testing.assert_allclose(gradient[:, 3, 0], 1, atol=1e-5)
    assert np.count_nonzero(np.abs(gradient) > 1e-5) == 2 * 3


def test_views_are_within_their_limits_and_repeatable() -> None:
    views = Views(shift=0.1, turn=10, zoom=0.05).draw(3, 500)
    assert views.shape == (500, 4)
    assert np.abs(views[:, 0]).max() <= np.radians(10)
    assert np.abs(views[:, 1] - 1).max() <= 0.05 + 1e-6
    assert np.abs(views[:, 2:]).max() <= 0.1
    np.testing.assert_array_equal(views, Views(shift=0.1, turn=10, zoom=0.05).draw(3, 500))
