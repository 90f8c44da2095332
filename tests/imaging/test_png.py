"""Images as PNG and back, and nothing else than the PNGs that were written here."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from filterviz.imaging import png


@given(st.sampled_from([1, 3]).flatmap(lambda channels: arrays(np.uint8, (5, 4, channels))))
def test_an_image_comes_back_to_the_bit(image: np.ndarray) -> None:
    np.testing.assert_array_equal(png.decode(png.encode(image)), image)


def test_an_image_without_channels_comes_back_with_one() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(png.decode(png.encode(image)), image[..., None])


def written(mode: str, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (3, 2)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("data", [b"", b"nonsense", png.encode(np.zeros((2, 3), np.uint8))[:40], written("RGB", "GIF")])
def test_what_is_not_a_png_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        png.decode(data)


@pytest.mark.parametrize("mode", ["RGBA", "P", "1", "I;16"])
def test_other_kinds_of_png_are_an_error(mode: str) -> None:
    with pytest.raises(ValueError, match="unexpected kind"):
        png.decode(written(mode))


def test_grey_becomes_three_equal_channels() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    coloured = png.as_rgb(grey)
    assert coloured.shape == (2, 3, 3)
    assert (coloured == grey).all()
    assert png.as_rgb(coloured) is coloured
