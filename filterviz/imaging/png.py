"""Pictures as PNG bytes and back."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a lossless PNG.

    Args:
        picture: uint8, ``[height, width]`` or ``[height, width, 1 or 3]``.

    Example:
        >>> decode(encode(np.zeros((2, 3, 3), np.uint8))).shape
        (2, 3, 3)
    """
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """The picture of a PNG that :func:`encode` wrote: uint8 ``[height, width, 1 or 3]``.

    Raises:
        ValueError: it is no such PNG.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            picture = np.asarray(image)
            mode = image.mode
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        message = f"not a PNG: {error}"
        raise ValueError(message) from None
    if mode not in ("L", "RGB"):
        message = f"a PNG of an unexpected kind: {mode}"
        raise ValueError(message)
    return picture[:, :, None] if mode == "L" else picture


def as_rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture with three channels; one channel becomes grey.

    Args:
        picture: uint8 ``[height, width, 1 or 3]``.
    """
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
