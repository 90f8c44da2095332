"""How similar two tiles look, whichever networks they come from.

A tile is a texture: what it is made of counts, not where in the tile it lies. It is therefore described by averages
over all positions, as in Portilla & Simoncelli 2000 ("A parametric texture model based on joint statistics of complex
wavelet coefficients"), in four groups:

* *spectrum*: the strength of its waves by direction and wavelength, in lightness and two opponent colours;
* *tints*: which colours go with light and with dark, by wavelength;
* *colours*: their mean, and how much of the tile has which;
* *structure*: how unevenly the waves of each direction and wavelength are distributed, and whether different directions
  are strong at the same positions (rings, eyes, checks) or at different ones (lines that turn).

Waves are measured in cycles per pixel in windows of one size, so that a small and a large tile of the same scale can be
compared. The distance of two tiles is the Euclidean distance of their descriptors. It agrees with human judgement only
for fairly similar tiles, and it knows nothing of what a pattern depicts: to it an eye is no more than coloured rings.
``benchmarks/similarity.py`` measures how good it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filterviz.analysis.wave_bank import (
    DIRECTIONS,
    LENGTHS,
    POSITIONS,
    ROUGH_DIRECTIONS,
    ROUGH_LENGTHS,
    SHADES,
    STEPS,
    WINDOW,
    Floats,
    hann_window,
    wave_bank,
)
from filterviz.imaging import png

FAINT = 1e-6
"""A variance of pixels (0-1) that cannot be seen: that of a quarter of one of 255 steps."""

_LENGTHS: Floats = np.sqrt(np.array([[3], [2], [6]], np.float32))
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [-1, -1, 2]], np.float32) / _LENGTHS
"""Lightness, red against green, blue against yellow: orthogonal rows of length one."""

SCALES = {
    "spectrum": (0.775, 1.0),
    "tints": (0.289, 0.2),
    "mean": (0.179, 0.5),
    "shades": (0.525, 0.8),
    "together": (0.590, 0.4),
    "patchy": (0.442, 0.3),
}
"""For each group of numbers, the root mean square distance between two filters of one layer of VGG16's atlas, and its
weight. The weights are rough: halving or doubling one changes what the benchmark measures by a point or two."""


CONVINCING = 0.56
"""The distance within which two tiles count as alike: 99 in 100 pairs of different filters of a layer of VGG16 are
further apart, and the halves of one tile are as near in 92 of 100 cases (``benchmarks/similarity.py``)."""


def descriptor(tile: NDArray[np.uint8]) -> Floats:
    """The look of a tile as a vector. The Euclidean distance of two vectors tells how similar the tiles are.

    Args:
        tile: uint8 ``[height, width, 1 or 3]`` of any size. Grey counts as a colour like any other.

    Returns:
        ``[D]``, with the same length for every tile.

    Example:
        >>> small, large = np.full((64, 64, 1), 9, np.uint8), np.full((128, 96, 3), 9, np.uint8)
        >>> float(np.abs(descriptor(small) - descriptor(large)).max()) < 1e-3
        True
    """
    groups = _groups(tile)
    return np.concatenate([groups[name].ravel() * (weight / spread) for name, (spread, weight) in SCALES.items()])


def distances(mine: Floats, others: Floats) -> Floats:
    """The distance of each tile from each of the others: 0 for the same tile, about 0.6 to 2 for two of one layer.

    Args:
        mine: Descriptors, ``[n, D]``.
        others: Descriptors, ``[m, D]``.

    Returns:
        ``[n, m]``.
    """
    found = np.empty((len(mine), len(others)), np.float32)
    # Not from scalar products, which would be faster, but leave a remainder where two tiles are the same.
    for row, one in zip(found, mine, strict=True):
        difference = others - one
        np.sqrt(np.einsum("md,md->m", difference, difference), out=row)
    return found


def most_similar(mine: Floats, others: Floats, count: int = 3, within: float = float("inf")) -> list[tuple[int, ...]]:
    """For each of my tiles the most similar ones among the others, the nearest first.

    Args:
        mine: Descriptors, ``[n, D]``.
        others: Descriptors, ``[m, D]``.
        count: How many to find. There are fewer if there are not so many others.
        within: The largest distance that counts.

    Returns:
        For each of mine, indices of the others.
    """
    apart = distances(mine, others)
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :count]
    return [tuple(int(index) for index in row if far[index] <= within) for row, far in zip(nearest, apart, strict=True)]


def _groups(tile: NDArray[np.uint8]) -> dict[str, Floats]:
    """The groups of numbers, before they are scaled and weighted."""
    bank = wave_bank()
    height, width = tile.shape[:2]
    bytes_ = png.as_rgb(tile).reshape(-1, 3)
    pixels = OPPONENT @ bytes_.T.astype(np.float32) / np.float32(255)
    window = hann_window(min(height, WINDOW), min(width, WINDOW))
    mean = pixels.mean(axis=1)
    centred = pixels - mean[:, None]
    red, green, blue = (bytes_.T // (256 // STEPS)).astype(np.intp)
    counts = np.bincount((red * STEPS + green) * STEPS + blue, minlength=STEPS**3).astype(np.float32)
    # One axis after another, because the weights of red, green and blue multiply.
    shades = bank.shades @ (bank.shades @ counts.reshape(STEPS, -1)).reshape(SHADES, STEPS, STEPS) @ bank.shades.T

    seen = _windows(centred.reshape(3, height, width), window)
    waves = np.fft.rfft2(seen, (WINDOW, WINDOW)).reshape(3, seen.shape[1], -1)
    # By Parseval's theorem the sum of their squares over all frequencies is then the variance of the pixels.
    waves *= np.float32(1 / (WINDOW * np.sqrt(np.square(window).sum())))
    parts = waves.view(np.float32)
    power, tints = (
        np.stack([np.einsum("wf,wf->f", parts[a], parts[b]) for a, b in pairs]) @ bank.bins.T / len(waves[0])
        for pairs in (((0, 0), (1, 1), (2, 2)), ((0, 1), (0, 2), (1, 2)))
    )
    # As shares of the whole power, or of that of a contrast of 0.01 in a tile that has less.
    tints = tints.reshape(3, LENGTHS, DIRECTIONS).sum(axis=2) / (power.sum() + 100 * FAINT)

    together, patchy = _structure(waves[0], window)
    return {
        # The fourth root of power is the square root of contrast: faint waves count, but strong ones count more.
        "spectrum": np.sqrt(np.sqrt(power + FAINT)),
        "tints": np.copysign(np.sqrt(np.abs(tints)), tints),
        "mean": mean,
        # The distance of these square roots is Hellinger's distance: rare shades count, but common ones count more.
        "shades": np.sqrt(shades / len(bytes_)),
        "together": together,
        "patchy": patchy,
    }


def _windows(pixels: Floats, window: Floats) -> Floats:
    """The image in windows that overlap by half, each minus its own mean, ``[3, windows, side, side]``."""
    rows, columns = (_starts(side) for side in pixels.shape[1:])
    height, width = window.shape
    seen = np.stack([pixels[:, top : top + height, left : left + width] for top in rows for left in columns], axis=1)
    seen -= (np.einsum("cnhw,hw->cn", seen, window) / window.sum())[:, :, None, None]
    seen *= window
    return seen


def _starts(side: int) -> list[int]:
    """Where the windows begin along a side. They cover all of it, and the last one ends where the tile ends."""
    if side <= WINDOW:
        return [0]
    count = -(-(side - WINDOW) // (WINDOW // 2)) + 1
    return [round(index * (side - WINDOW) / (count - 1)) for index in range(count)]


def _structure(waves: NDArray[np.complex64], window: Floats) -> tuple[Floats, Floats]:
    """Where in the tile the waves of each direction and wavelength are strong.

    Args:
        waves: The Fourier transform of the lightness, ``[windows, WINDOW * (WINDOW // 2 + 1)]``.
        window: The window that was applied.

    Returns:
        For each wavelength and pair of directions, the correlation of their strengths over all positions, -1 to 1; and
        for each wavelength and direction, how uneven its strength is: 0 if it is the same everywhere, 0.5 in noise, and
        more in patches.
    """
    bank = wave_bank()
    bands = (np.concatenate([waves, waves.conj()], axis=1)[:, bank.around] * bank.gain).reshape(
        len(waves), -1, POSITIONS, POSITIONS
    )
    strength = np.abs(np.fft.ifft2(bands)).transpose(1, 0, 2, 3).reshape(bands.shape[1], -1)
    weights = np.zeros((WINDOW, WINDOW), np.float32)
    weights[: window.shape[0], : window.shape[1]] = window
    visible = np.tile(weights[:: WINDOW // POSITIONS, :: WINDOW // POSITIONS].ravel(), len(waves))
    # Undo the attenuation by the window. Positions that it attenuated count less.
    strength /= np.maximum(visible, np.float32(0.05))
    importance = visible**2 / np.square(visible).sum()
    mean = strength @ importance
    centred = strength - mean[:, None]
    covariance = (centred * importance) @ centred.T
    spread = np.sqrt(np.diag(covariance))
    # Waves that are hardly present count as even and uncorrelated: their noise must not weigh as much as a pattern.
    floor = np.sqrt(np.square(mean).mean() + np.diag(covariance).mean()) + 1e-3
    correlation = covariance / (np.outer(spread, spread) + (0.1 * floor) ** 2)
    blocks = correlation.reshape(ROUGH_LENGTHS, ROUGH_DIRECTIONS, ROUGH_LENGTHS, ROUGH_DIRECTIONS)
    first, second = np.triu_indices(ROUGH_DIRECTIONS, 1)
    together = np.stack([blocks[length, first, length, second] for length in range(ROUGH_LENGTHS)])
    return together, spread / (mean + 0.1 * floor)
