"""Images as PNG bytes and back."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode(image: NDArray[np.uint8]) -> bytes:
    """An image as a lossless PNG.

    Args:
        image: uint8, ``[height, width]`` or ``[height, width, 1 or 3]``.

    Example:
        >>> decode(encode(np.zeros((2, 3, 3), np.uint8))).shape
        (2, 3, 3)
    """
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """The image in a PNG that :func:`encode` wrote: uint8 ``[height, width, 1 or 3]``.

    Raises:
        ValueError: The data is not such a PNG.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as file:
            image = np.asarray(file)
            mode = file.mode
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"not a PNG: {error}") from None
    if mode not in ("L", "RGB"):
        raise ValueError(f"a PNG of an unexpected kind: {mode}")
    return image[:, :, None] if mode == "L" else image


def as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same image with three channels. A single channel becomes grey.

    Args:
        image: uint8 ``[height, width, 1 or 3]``.
    """
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
