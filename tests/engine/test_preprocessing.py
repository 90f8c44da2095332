from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.preprocessing import PixelScaling
from filterviz.spec import PixelRange


@pytest.mark.parametrize(
    ("pixel_range", "black", "white"),
    [
        (None, [0, 0, 0], [255, 255, 255]),
        (PixelRange.BYTE, [0, 0, 0], [255, 255, 255]),
        (PixelRange.UNIT, [0, 0, 0], [1, 1, 1]),
        (PixelRange.SIGNED, [-1, -1, -1], [1, 1, 1]),
        (PixelRange.CAFFE, [-103.939, -116.779, -123.68], [151.061, 138.221, 131.32]),
    ],
)
def test_black_and_white(pixel_range: PixelRange | None, black: list[float], white: list[float]) -> None:
    units = PixelScaling.of(pixel_range, 3)
    np.testing.assert_allclose(units.to_network(np.array([[0.0] * 3, [255.0] * 3])), [black, white], atol=1e-9)


@pytest.mark.parametrize("pixel_range", [None, *PixelRange])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_there_and_back(pixel_range: PixelRange | None, channels: int) -> None:
    units = PixelScaling.of(pixel_range, channels)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 3, 3, channels))
    np.testing.assert_allclose(units.to_pixels(units.to_network(pixels)), pixels, atol=1e-9)
    in_unit = tf.constant((pixels / 255).astype(np.float32))
    np.testing.assert_allclose(units.from_unit(in_unit), units.to_network(pixels), rtol=1e-4, atol=1e-4)


def test_caffe_takes_blue_first() -> None:
    red = np.array([255.0, 0.0, 0.0])
    np.testing.assert_allclose(PixelScaling.of(PixelRange.CAFFE, 3).to_network(red), [-103.939, -116.779, 255 - 123.68])
