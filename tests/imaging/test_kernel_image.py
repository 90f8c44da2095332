from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.imaging.kernel_image import kernel_image


def kernel(*channels: float) -> NDArray[np.float32]:
    return np.array([[channels, [0.0] * len(channels)]], np.float32)


def test_one_channel_is_grey_about_zero() -> None:
    weights = np.array([[[0.5], [-0.5]], [[0.25], [0.0]]], np.float32)
    assert kernel_image(weights)[..., 0].tolist() == [[255, 1], [192, 128]]
    assert kernel_image(weights).dtype == np.uint8


def test_three_channels_are_colours_on_one_scale() -> None:
    assert kernel_image(kernel(-2.0, 1.0, 0.0)).tolist() == [[[1, 192, 128], [128, 128, 128]]]


@pytest.mark.parametrize("channels", [(3.0, -1.0), (1.0, 1.0, 1.0, -1.0)])
def test_other_numbers_of_channels_are_summed(channels: tuple[float, ...]) -> None:
    assert kernel_image(kernel(*channels)).tolist() == [[[255], [128]]]


def test_the_opposite_kernel_is_the_negative_kernel_image() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(kernel_image(weights).astype(int) - 128, 128 - kernel_image(-weights).astype(int))


@pytest.mark.parametrize("channels", [(0.0,), (0.0, 0.0, 0.0), (1.0, -1.0)])
def test_nothing_is_grey(channels: tuple[float, ...]) -> None:
    assert np.unique(kernel_image(kernel(*channels))).tolist() == [128]


@pytest.mark.parametrize("scale", [1e-45, 3e38])
def test_the_scale_of_the_weights_is_of_no_consequence(scale: float) -> None:
    assert kernel_image(kernel(-scale, 0.0, scale)).tolist() == [[[1, 128, 255], [128, 128, 128]]]
