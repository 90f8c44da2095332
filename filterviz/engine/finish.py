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
    """A picture in 0-1 as it is where a screen can show it, and else :func:`visible` and standardised.

    Args:
        picture: float ``[height, width, channels]`` in 0-1.

    Returns:
        uint8 ``[height, width, 1 or 3]``.
    """
    values = picture
    if picture.shape[-1] not in (1, 3):
        values = visible(picture)
        values = (values - values.mean()) / (values.std() + 1e-5) * 0.22 + 0.5
    tile: NDArray[np.uint8] = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return tile


def visible(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """A picture of any number of channels as one that a screen can show.

    One channel stays one (grey), three stay three (red, green, blue). Two, four and more are turned onto their first
    three principal components, which keeps as much of the picture as three colours can; colours then have no meaning
    but difference.

    Args:
        picture: float ``[height, width, channels]``.

    Returns:
        float ``[height, width, 1 or 3]``.
    """
    channels = picture.shape[-1]
    if channels in (1, 3):
        return picture
    flat = picture.reshape(-1, channels).astype(np.float64)
    centred = flat - flat.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    components = axes[:, ::-1][:, :3]
    # An eigenvector's sign is arbitrary; fixing it keeps the colours of a tile the same from run to run.
    components = components * np.where(components.sum(axis=0) < 0, -1.0, 1.0)
    turned: NDArray[np.floating] = centred @ components + flat.mean()
    if channels == 2:
        turned = np.concatenate([turned, np.full((len(turned), 1), flat.mean())], axis=1)
    return turned.reshape(*picture.shape[:-1], 3)


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
