from __future__ import annotations

import numpy as np
import pytest

from filterviz.engine import fourier


@pytest.mark.parametrize("size", [(32, 32), (31, 47)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_have_the_given_size_and_stay_in_range(size: tuple[int, int], channels: int) -> None:
    spectra = fourier.start_spectra([1, 2], size, channels)
    pictures = fourier.pictures(spectra, size).numpy()
    assert pictures.shape == (2, *size, channels)
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_the_contrast_does_not_depend_on_the_length_of_the_spectrum() -> None:
    spectra = fourier.start_spectra([1], (32, 32), 3)
    np.testing.assert_allclose(
        fourier.pictures(spectra, (32, 32)), fourier.pictures(100 * spectra, (32, 32)), atol=1e-5
    )


def test_the_contrast_is_that_of_a_vivid_photograph() -> None:
    pictures = fourier.pictures(fourier.start_spectra(range(8), (64, 64), 3), (64, 64)).numpy()
    assert 0.2 < pictures.std(axis=(1, 2, 3)).mean() < 0.35
    assert ((pictures < 0.02) | (pictures > 0.98)).mean() < 0.05


def test_a_spectrum_depends_on_its_own_seed_alone() -> None:
    both = fourier.start_spectra([1, 2], (16, 16), 3)
    np.testing.assert_array_equal(both[1], fourier.start_spectra([2], (16, 16), 3)[0])


def test_noise_has_the_spectrum_of_photographs() -> None:
    """Power falls with the square of the frequency: four times less at twice the frequency."""
    spectra = fourier.start_spectra(range(200), (32, 32), 1)
    pictures = fourier.pictures(spectra, (32, 32)).numpy()[..., 0]
    power = (np.abs(np.fft.fft2(np.log(pictures / (1 - pictures)))) ** 2).mean(axis=0)
    assert 3 < power[0, 3] / power[0, 6] < 5
    assert 3 < power[4, 0] / power[8, 0] < 5


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_given_picture_comes_back_at_the_fixed_contrast(channels: int) -> None:
    size = (24, 24)
    pictures = fourier.pictures(fourier.start_spectra([5], size, channels), size).numpy()
    again = fourier.pictures(fourier.spectra(pictures), size).numpy()
    np.testing.assert_allclose(again, pictures, atol=5e-3)
