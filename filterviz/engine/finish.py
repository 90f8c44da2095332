"""From an optimised picture to one that can be looked at, and the flags that go with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.spec import Flag

NOTHING = 1e-10
"""A response no higher than this is silence: pruned filters, whose weights are all but zero, come out lower still."""

UNCONVERGED_PACE = 0.95
"""A tile had not converged if it rose in its last tenth as fast as it did on the whole, or nearly."""


def standardise(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The original script's ``deprocess_image``: mean to mid grey, standard deviation to a tenth of the range.

    Contrast is taken from each tile alone, so tiles of weak and strong filters look equally strong.

    Args:
        picture: ``[height, width, channels]`` in any units.

    Returns:
        uint8 of the same shape, cut off (not rounded) as the script did.

    Reference:
        F. Chollet, "Deep Learning with Python", 2017, listing 5.38.
    """
    values = np.asarray(picture, np.float64)
    values = values - values.mean()
    values = values / (values.std() + 1e-5)
    values = np.clip(values * 0.1 + 0.5, 0, 1)
    tile: NDArray[np.uint8] = np.clip(values * 255, 0, 255).astype(np.uint8)
    return tile


def displayed(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A picture in 0-1 as it is where a screen can show it, and else in the colours of :func:`visible`.

    Those reach beyond what a screen has; they are bent back and not cut off, so that different ones stay different.
    Nothing is stretched to a tile's own contrast: a plain colour stays plain, and its leftover noise stays invisible.

    Args:
        picture: float ``[height, width, channels]`` in 0-1.

    Returns:
        uint8 ``[height, width, 1 or 3]``.
    """
    values = picture
    if picture.shape[-1] not in (1, 3):
        values = 0.5 + 0.5 * np.tanh(2 * visible(picture - 0.5))
    tile: NDArray[np.uint8] = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return tile


def visible(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """A picture of any number of channels as one that a screen can show.

    One channel stays one (grey), three stay three (red, green, blue). Of two, four and more, each counts as much of a
    colour of its own (:func:`channel_colours`). These depend on nothing but the number of channels, so a colour means
    the same in all tiles of a wall, and in the walls of two networks beside each other.

    Args:
        picture: float ``[height, width, channels]``, zero where it is neither bright nor dark.

    Returns:
        float ``[height, width, 1 or 3]``.
    """
    channels = picture.shape[-1]
    if channels in (1, 3):
        return picture
    turned: NDArray[np.floating] = picture @ channel_colours(channels)
    return turned


def channel_colours(channels: int) -> NDArray[np.float64]:
    """A colour for each of two or more channels: round the colour circle from red, all of them equally light.

    Together they are grey. They are as strong as it takes for channels that are independent of each other to come out
    with the contrast that they have themselves; three channels are red, green and blue.

    Returns:
        ``[channels, 3]``, red, green and blue; may be negative.

    Example:
        >>> bool(np.allclose(channel_colours(3), np.eye(3)))
        True
    """
    angle = 2 * np.pi * np.arange(channels)[:, np.newaxis] / channels
    # The axes of the plane of colours that are neither light nor dark, the first of them from cyan to red.
    hue = np.cos(angle) * np.array([2, -1, -1]) / np.sqrt(6) + np.sin(angle) * np.array([0, 1, -1]) / np.sqrt(2)
    colours: NDArray[np.float64] = np.sqrt(3 / channels) * (1 / 3 + np.sqrt(2 / 3) * hue)
    return colours


def flags_of(curve: Sequence[float]) -> tuple[Flag, ...]:
    """What must be said of a tile with this curve of responses.

    Args:
        curve: the response before each step and after the last.

    Example:
        >>> flags_of([0.0, 0.0, 0.0])
        (<Flag.SILENT: 'silent'>,)
        >>> flags_of([0.0, 5.0, 8.0, 9.0, 9.5, 9.7, 9.8, 9.9, 9.95, 9.97, 9.98])
        ()
    """
    values = np.asarray(curve, np.float64)
    flags = []
    finite = values[np.isfinite(values)]
    if len(finite) == 0 or finite[-1] <= NOTHING:
        flags.append(Flag.SILENT)
    elif len(finite) > 1:
        # The last response is to the finished picture, those before it may be to random views of it.
        rise = finite[:-1] if len(finite) > 2 else finite
        # Means, because random views make a curve jump from step to step.
        tenth = max(1, len(rise) // 10)
        pace = (rise[-tenth:].mean() - rise[-2 * tenth : -tenth].mean()) / tenth
        if pace > UNCONVERGED_PACE * (rise.max() - rise.min()) / (len(rise) - 1):
            flags.append(Flag.UNCONVERGED)
    if len(finite) < len(values):
        flags.append(Flag.NOT_FINITE)
    return tuple(flags)
