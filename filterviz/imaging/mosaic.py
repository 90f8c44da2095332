"""Several images of one filter as one tile: a square of images, row by row, with black gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GAP = 4
"""Pixels between the images that share a tile."""


def join(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The tile that holds some images. A single image is its own tile.

    Args:
        images: 1, 4, 9 or another square number of images of one shape, ``[height, width, 1 or 3]``.

    Example:
        >>> join([np.zeros((64, 64, 3), np.uint8)] * 4).shape
        (132, 132, 3)
    """
    side = math.isqrt(len(images))
    height, width, channels = images[0].shape
    tile = np.zeros((side * (height + GAP) - GAP, side * (width + GAP) - GAP, channels), np.uint8)
    for position, image in enumerate(images):
        top, left = position // side * (height + GAP), position % side * (width + GAP)
        tile[top : top + height, left : left + width] = image
    return tile


def split(tile: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """The images in a tile. The inverse of :func:`join`.

    Args:
        tile: uint8 ``[height, width, 1 or 3]``.
        count: The number of images in it.

    Raises:
        ValueError: The tile cannot hold that many images.

    Example:
        >>> [image.shape for image in split(np.zeros((132, 132, 3), np.uint8), 4)]
        [(64, 64, 3), (64, 64, 3), (64, 64, 3), (64, 64, 3)]
    """
    side = math.isqrt(count)
    if not is_valid(tile, count):
        raise ValueError(f"a tile of {tile.shape[1]} x {tile.shape[0]} pixels does not hold {count} images")
    height, width = ((length + GAP) // side - GAP for length in tile.shape[:2])
    corners = [(row * (height + GAP), column * (width + GAP)) for row in range(side) for column in range(side)]
    return [tile[top : top + height, left : left + width] for top, left in corners]


def is_valid(tile: NDArray[np.uint8], count: int) -> bool:
    """Whether :func:`join` can have made a tile from this number of images.

    Example:
        >>> [is_valid(np.zeros((side, 132, 3), np.uint8), 4) for side in (132, 131, 4, 6)]
        [True, False, False, True]
    """
    side = math.isqrt(count)
    return all(length > GAP * (side - 1) and (length + GAP) % side == 0 for length in tile.shape[:2])
