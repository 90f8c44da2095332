"""The page's icon, drawn here: an icon given by name would be fetched from a font server on the internet."""

from __future__ import annotations

import numpy as np
from PIL import Image

_COLOURS = ((59, 79, 208), (224, 122, 48), (46, 148, 118), (201, 68, 92), (236, 182, 66))

_TILE, _MARGIN = 20, 2


def icon() -> Image.Image:
    """A small wall of nine coloured tiles, 64 x 64."""
    image = np.zeros((3 * (_TILE + _MARGIN) - _MARGIN, 3 * (_TILE + _MARGIN) - _MARGIN, 3), np.uint8)
    for position in range(9):
        top, left = (number * (_TILE + _MARGIN) for number in divmod(position, 3))
        image[top : top + _TILE, left : left + _TILE] = _COLOURS[position * 2 % len(_COLOURS)]
    return Image.fromarray(image)
