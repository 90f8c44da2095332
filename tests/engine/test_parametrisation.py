from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import parametrisation


@pytest.mark.parametrize("size", [(32, 32), (31, 47)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_have_the_given_size_and_stay_in_range(size: tuple[int, int], channels: int) -> None:
    spectra = parametrisation.start_spectra([1, 2], size, channels)
    pictures = parametrisation.render(spectra, size).numpy()
    assert pictures.shape == (2, *size, channels)
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_the_contrast_does_not_depend_on_the_length_of_the_spectrum() -> None:
    spectra = parametrisation.start_spectra([1], (32, 32), 3)
    np.testing.assert_allclose(
        parametrisation.render(spectra, (32, 32)), parametrisation.render(100 * spectra, (32, 32)), atol=1e-5
    )


def test_the_contrast_is_that_of_a_vivid_photograph() -> None:
    pictures = parametrisation.render(parametrisation.start_spectra(range(8), (64, 64), 3), (64, 64)).numpy()
    assert 0.2 < pictures.std(axis=(1, 2, 3)).mean() < 0.35
    assert ((pictures < 0.02) | (pictures > 0.98)).mean() < 0.05


def test_a_spectrum_depends_on_its_own_seed_alone() -> None:
    both = parametrisation.start_spectra([1, 2], (16, 16), 3)
    np.testing.assert_array_equal(both[1], parametrisation.start_spectra([2], (16, 16), 3)[0])


def test_noise_has_the_spectrum_of_photographs() -> None:
    """Power falls with the square of the frequency: four times less at twice the frequency."""
    spectra = parametrisation.start_spectra(range(200), (32, 32), 1)
    pictures = parametrisation.render(spectra, (32, 32)).numpy()[..., 0]
    power = (np.abs(np.fft.fft2(np.log(pictures / (1 - pictures)))) ** 2).mean(axis=0)
    assert 3 < power[0, 3] / power[0, 6] < 5
    assert 3 < power[4, 0] / power[8, 0] < 5


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_given_picture_comes_back_at_the_fixed_contrast(channels: int) -> None:
    size = (24, 24)
    pictures = parametrisation.render(parametrisation.start_spectra([5], size, channels), size).numpy()
    again = parametrisation.render(parametrisation.spectra_of(pictures), size).numpy()
    np.testing.assert_allclose(again, pictures, atol=5e-3)


@pytest.mark.parametrize("size", [(16, 16), (9, 15), (7, 10), (1, 1)])
def test_the_gradient_is_the_one_that_differences_show(size: tuple[int, int]) -> None:
    spectra = parametrisation.start_spectra([3], size, 3)
    random = np.random.default_rng(0)
    upstream = tf.constant(random.normal(size=(1, 3, *size)), tf.float32)
    values = tf.constant(spectra)
    with tf.GradientTape() as tape:
        tape.watch(values)
        score = tf.reduce_sum(parametrisation.logits(values, size) * upstream)
    gradient = tape.gradient(score, values).numpy()
    for _ in range(8):
        direction = random.normal(size=spectra.shape).astype(np.float32)
        ahead, behind = (
            tf.reduce_sum(parametrisation.logits(tf.constant(spectra + sign * 1e-2 * direction), size) * upstream)
            for sign in (1, -1)
        )
        assert float(ahead - behind) / 2e-2 == pytest.approx(float((gradient * direction).sum()), rel=2e-2, abs=2e-3)


def test_colours_come_in_the_order_asked_for() -> None:
    spectra = tf.constant(parametrisation.start_spectra([1, 2], (8, 12), 3))
    matrix = parametrisation.colour_matrix(3)
    logits = parametrisation.logits(spectra, (8, 12))
    pictures = parametrisation.render(spectra, (8, 12)).numpy()
    np.testing.assert_allclose(parametrisation.colours(logits, matrix[:, ::-1]), pictures[..., ::-1], atol=1e-6)
    expected = 1 / (1 + np.exp(-np.einsum("nchw,cd->nhwd", logits.numpy(), matrix)))
    np.testing.assert_allclose(pictures, expected, atol=1e-5)


def test_a_picture_and_its_gradient_do_not_depend_on_how_many_others_there_are() -> None:
    """To the bit: a last digit grows into another image."""
    size, some = (32, 32), [4, 7, 11]
    upstream = tf.constant(np.random.default_rng(0).normal(size=(25, 3, *size)), tf.float32)

    @tf.function(reduce_retracing=True)
    def both(spectra: tf.Tensor, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(spectra)
            logits = parametrisation.logits(spectra, size)
        return logits, tape.gradient(logits, spectra, output_gradients=upstream)

    spectra = tf.constant(parametrisation.start_spectra(range(25), size, 3))
    together = both(spectra, upstream)
    alone = both(tf.gather(spectra, some), tf.gather(upstream, some))
    for one, two in zip(together, alone, strict=True):
        np.testing.assert_array_equal(tf.gather(one, some), two)
