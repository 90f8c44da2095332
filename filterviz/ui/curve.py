"""A curve: a line through values, as an image of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from filterviz.ui import blocks
from filterviz.ui.images import inline
from filterviz.ui.templates import render

WIDTH = 320
"""Width of a curve in its own units; on the page it fills the width that there is."""


def show(
    values: Sequence[float],
    name: str,
    *,
    height: int,
    least: float | None = None,
    most: float | None = None,
    mark: int | None = None,
) -> None:
    """Draw a line through values, from left to right.

    Args:
        values: Evenly spaced values. Those that are not finite are left out, and nothing is drawn of fewer than two.
        name: What the curve shows.
        height: Height of the curve where it is :data:`WIDTH` wide.
        least: The value at the bottom, by default the smallest. What lies below is drawn at the border.
        most: The value at the top, by default the largest. What lies above is drawn at the border.
        mark: The index of a value to mark, if any.
    """
    found = points(values, height, least, most)
    if found:
        marked = None if mark is None else found.get(mark)
        image = render("curve.svg", "curve", WIDTH, height, list(found.values()), marked)
        blocks.images([blocks.Image(inline(image.encode(), "image/svg+xml"), name, name)])


def points(
    values: Sequence[float], height: int, least: float | None = None, most: float | None = None
) -> dict[int, tuple[float, float]]:
    """The coordinates of the finite values by index; y runs from 0 at the top to ``height`` at the bottom.

    Example:
        >>> points([0.0, math.nan, 2.0], 70)
        {0: (0.0, 70.0), 2: (320.0, 0.0)}
    """
    finite = {index: value for index, value in enumerate(values) if math.isfinite(value)}
    if len(finite) < 2:
        return {}
    low = min(finite.values()) if least is None else least
    high = max(finite.values()) if most is None else most
    last = len(values) - 1
    span = (high - low) or 1.0
    return {
        index: (WIDTH * index / last, height * (1 - min(1.0, max(0.0, (value - low) / span))))
        for index, value in finite.items()
    }
