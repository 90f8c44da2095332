"""From an optimised image to a tile that a screen can show, and the flags that a tile needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.spec import Flag

NOTHING = 1e-10
"""A response no higher than this counts as none. Pruned filters, whose weights are all but zero, stay below it."""

UNCONVERGED_PACE = 0.95
"""A tile has not converged if, in its last tenth, it rose at least at this share of its average pace."""


def standardise(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The original script's ``deprocess_image``: the mean becomes mid grey, the standard deviation 0.1 of the range.

    Each tile is scaled by its own contrast, so tiles of weak and strong filters look equally strong.

    Args:
        image: ``[height, width, channels]`` in any units.

    Returns:
        uint8 of the same shape, truncated (not rounded) as in the script.

    Reference:
        F. Chollet, "Deep Learning with Python", 2017, listing 5.38.
    """
    values = np.asarray(image, np.float64)
    values = values - values.mean()
    values = values / (values.std() + 1e-5)
    values = np.clip(values * 0.1 + 0.5, 0, 1)
    tile: NDArray[np.uint8] = np.clip(values * 255, 0, 255).astype(np.uint8)
    return tile


def displayed(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A tile from an image in 0-1: unchanged where a screen can show its channels, else in false colours.

    The colours of :func:`visible` can exceed the range of a screen. They are compressed by a hyperbolic tangent instead
    of being clipped, so that different colours stay different. A tile is not stretched to its own contrast: a plain
    colour stays plain, and the noise that is left in it stays invisible.

    Args:
        image: Float ``[height, width, channels]`` in 0-1.

    Returns:
        uint8 ``[height, width, 1 or 3]``.
    """
    values = image
    if image.shape[-1] not in (1, 3):
        values = 0.5 + 0.5 * np.tanh(2 * visible(image - 0.5))
    tile: NDArray[np.uint8] = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return tile


def visible(image: NDArray[np.floating]) -> NDArray[np.floating]:
    """An image of any number of channels as one that a screen can show.

    One channel stays grey, and three stay red, green and blue. Any other number of channels is mixed from one colour
    for each (:func:`channel_colours`). These colours depend only on the number of channels, so a colour means the same
    in all tiles of a wall, and in the walls of two networks side by side.

    Args:
        image: Float ``[height, width, channels]``, zero at mid grey.

    Returns:
        Float ``[height, width, 1 or 3]``.
    """
    channels = image.shape[-1]
    if channels in (1, 3):
        return image
    mixed: NDArray[np.floating] = image @ channel_colours(channels)
    return mixed


def channel_colours(channels: int) -> NDArray[np.float64]:
    """A colour for each of two or more channels, equally spaced around the colour circle and equally light.

    They add up to grey. Their strength is chosen so that independent channels keep their contrast when they are mixed.
    Three channels are red, green and blue.

    Returns:
        ``[channels, 3]``: red, green and blue, which may be negative.

    Example:
        >>> bool(np.allclose(channel_colours(3), np.eye(3)))
        True
    """
    angle = 2 * np.pi * np.arange(channels)[:, np.newaxis] / channels
    # Two axes span the plane of colours of constant lightness. The first runs from cyan to red.
    hue = np.cos(angle) * np.array([2, -1, -1]) / np.sqrt(6) + np.sin(angle) * np.array([0, 1, -1]) / np.sqrt(2)
    colours: NDArray[np.float64] = np.sqrt(3 / channels) * (1 / 3 + np.sqrt(2 / 3) * hue)
    return colours


def flags_of(curve: Sequence[float]) -> tuple[Flag, ...]:
    """The flags of a tile.

    Args:
        curve: The response before each step and after the last, at least one number.

    Example:
        >>> flags_of([0.0, 0.0, 0.0])
        (<Flag.SILENT: 'silent'>,)
        >>> flags_of([0.0, 5.0, 8.0, 9.0, 9.5, 9.7, 9.8, 9.9, 9.95, 9.97, 9.98])
        ()
    """
    values = np.asarray(curve, np.float64)
    finite = values[np.isfinite(values)]
    flags = []
    if len(finite) == 0 or finite[-1] <= NOTHING:
        flags.append(Flag.SILENT)
    elif len(finite) > 1 and _still_rising(finite):
        flags.append(Flag.UNCONVERGED)
    if len(finite) < len(values):
        flags.append(Flag.NOT_FINITE)
    return tuple(flags)


def _still_rising(curve: NDArray[np.float64]) -> bool:
    # The last response is to the finished image; those before it may be to random views of it.
    rise = curve[:-1] if len(curve) > 2 else curve
    # Two means are compared, because with random views a curve jumps from step to step.
    tenth = max(1, len(rise) // 10)
    pace = (rise[-tenth:].mean() - rise[-2 * tenth : -tenth].mean()) / tenth
    return bool(pace > UNCONVERGED_PACE * (rise.max() - rise.min()) / (len(rise) - 1))
