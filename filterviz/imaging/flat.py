"""Tiles that are one plain colour: some filters answer to nothing else, and without a word such a tile looks broken."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from filterviz.imaging import png

FLAT = 7.0
"""The standard deviation of a tile's pixels (0-255, the largest of the three channels) up to which it counts as plain.
Fainter structure than that is hard to see in a tile of 128 pixels."""

GREY = 0.16
"""The chroma (the largest less the smallest of red, green and blue, 0-1) up to which a colour counts as grey."""

HUES = (
    (20, "red"),
    (45, "orange"),
    (70, "yellow"),
    (165, "green"),
    (195, "turquoise"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (360, "red"),
)
"""Names of hues, each up to an angle in degrees."""


def plain_colour(tile: NDArray[np.uint8]) -> tuple[str, str] | None:
    """The one colour of a tile.

    Args:
        tile: uint8 ``[height, width, 1 or 3]``.

    Returns:
        A shade, ``light``, ``dark`` or empty, and a hue, one of :data:`HUES`, ``grey``, ``black`` or ``white``;
        ``None`` where the tile is not plain.

    Example:
        >>> plain_colour(np.full((8, 8, 1), 200, np.uint8)), plain_colour(np.full((8, 8, 1), 255, np.uint8))
        (('light', 'grey'), ('', 'white'))
        >>> plain_colour(np.full((8, 8, 3), (20, 30, 110), np.uint8))
        ('dark', 'blue')
        >>> plain_colour(np.arange(64, dtype=np.uint8).reshape(8, 8, 1)) is None
        True
    """
    pixels = png.as_rgb(tile).reshape(-1, 3).astype(np.float32)
    if float(pixels.std(axis=0).max()) > FLAT:
        return None
    red, green, blue = (float(value) / 255 for value in pixels.mean(axis=0))
    hue, lightness, _saturation = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) <= GREY:
        if lightness < 0.08:
            return "", "black"
        if lightness > 0.94:
            return "", "white"
        return ("dark" if lightness < 0.35 else "light" if lightness > 0.65 else ""), "grey"
    name = next(name for most, name in HUES if hue * 360 <= most)
    return ("dark" if lightness < 0.3 else "light" if lightness > 0.65 else ""), name
