"""How alike two tiles look, whichever networks they come from.

A tile is a texture: what counts is what it is made of, not where in the tile it lies. So it is described by averages
over all its places, as in Portilla & Simoncelli 2000 ("A parametric texture model based on joint statistics of complex
wavelet coefficients"), in four groups:

* *spectrum*: how strong its waves are, by direction and length, in lightness and two opponent colours;
* *tints*: which colours go with light and with dark, by the length of the waves;
* *colours*: their mean, and how much of the tile has which;
* *structure*: how patchy the waves of each direction and length are, and whether different directions are strong in the
  same places (rings, eyes, checks) or in different ones (lines that turn).

Waves are measured in cycles per pixel in windows of one size, so a small tile and a large one made at the same scale
can be compared. The distance of two tiles is the Euclidean one, and tells as much as people's eyes do only for tiles
that are rather near, and it knows nothing of what a pattern shows: an eye is no more to it than rings in a colour.
``benchmarks/similarity.py`` measures what it is worth.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filterviz.imaging import png

Floats = NDArray[np.float32]

WINDOW = 64
"""Side of the windows in pixels: the smallest tile the page offers, so that all are seen through the same one."""

DIRECTIONS, LENGTHS = 6, 8
"""Of the waves in the spectrum: bins that overlap by half, 30 degrees and half an octave apart."""

SHORTEST = 1 / 0.45
"""Length in pixels of the waves in the middle of the first bin. It reaches down to two, the shortest there are."""

ROUGH_DIRECTIONS, ROUGH_LENGTHS = 4, 4
"""Of the waves whose places are looked at: a bin has to be wide to tell one place from another. Octaves apart."""

ROUGH_SHORTEST = 1 / 0.32

PLACES = 32
"""Rows and columns of places in a window at which their strength is taken."""

STEPS, SHADES = 16, 5
"""Of red, green and blue: how finely colours are counted, and how many shades they then are shared out among."""

FAINT = 1e-6
"""Variance of pixels (0-1) that cannot be seen: a quarter of one of 255 steps."""

_LENGTHS: Floats = np.sqrt(np.array([[3], [2], [6]], np.float32))
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [-1, -1, 2]], np.float32) / _LENGTHS
"""Lightness, red against green, blue against yellow: rows of length one, at right angles to each other."""

SCALES = {
    "spectrum": (0.775, 1.0),
    "tints": (0.289, 0.2),
    "mean": (0.179, 0.5),
    "shades": (0.525, 0.8),
    "together": (0.590, 0.4),
    "patchy": (0.442, 0.3),
}
"""Of each group of numbers, its root mean square distance between two filters of one layer of VGG16's atlas, and what
it is to count for. The weights are rough: half or double one, and what the benchmark measures moves by a point or two.
"""


class _Bank(NamedTuple):
    """What is the same for all tiles.

    Attributes:
        bins: the share of each frequency in each bin of the spectrum, ``[DIRECTIONS * LENGTHS, 2 * half]``: as many
            columns as the half of the frequencies that ``rfft2`` gives has real and imaginary parts.
        around: for each rough bin the frequencies around its own, ``[bins, PLACES ** 2]``: those of the half and, after
            them, its mirror image, the conjugates.
        gain: how much of each of them the bin lets through, of the same shape.
        shades: the share of each step of red, green or blue in each shade of it, ``[SHADES, STEPS]``.
    """

    bins: Floats
    around: NDArray[np.intp]
    gain: Floats
    shades: Floats


def descriptor(tile: NDArray[np.uint8]) -> Floats:
    """What the tile looks like, as numbers whose Euclidean distance tells how alike two tiles are.

    Args:
        tile: uint8 ``[height, width, 1 or 3]``, of any size; grey is a colour like others.

    Returns:
        As many numbers for any tile.

    Example:
        >>> small, large = np.full((64, 64, 1), 9, np.uint8), np.full((128, 96, 3), 9, np.uint8)
        >>> float(np.abs(descriptor(small) - descriptor(large)).max()) < 1e-3
        True
    """
    groups = _groups(tile)
    return np.concatenate([groups[name].ravel() * (weight / spread) for name, (spread, weight) in SCALES.items()])


def distances(mine: Floats, others: Floats) -> Floats:
    """How far each tile is from each of the others; 0 for the same, about 0.6 to 2 for two of one layer.

    Args:
        mine: descriptors, ``[n, D]``.
        others: descriptors, ``[m, D]``.

    Returns:
        ``[n, m]``.
    """
    found = np.empty((len(mine), len(others)), np.float32)
    # Row by row, not from the scalar products at once: those leave a rest where two tiles are the same.
    for row, one in zip(found, mine, strict=True):
        difference = others - one
        np.sqrt(np.einsum("md,md->m", difference, difference), out=row)
    return found


def relatives(mine: Floats, others: Floats, count: int = 3) -> list[tuple[int, ...]]:
    """For each of my tiles the most alike ones among the others, the nearest first.

    Args:
        mine: descriptors, ``[n, D]``.
        others: descriptors, ``[m, D]``.
        count: how many; fewer if there are no more.

    Returns:
        For each of mine, indices of the others.
    """
    nearest = np.argsort(distances(mine, others), axis=1, kind="stable")[:, :count]
    return [tuple(int(index) for index in row) for row in nearest]


def _groups(tile: NDArray[np.uint8]) -> dict[str, Floats]:
    """The groups of numbers, before they are weighed against each other."""
    bank = _bank()
    height, width = tile.shape[:2]
    bytes_ = png.as_rgb(tile).reshape(-1, 3)
    pixels = OPPONENT @ bytes_.T.astype(np.float32) / np.float32(255)
    window = _window(min(height, WINDOW), min(width, WINDOW))
    mean = pixels.mean(axis=1)
    centred = pixels - mean[:, None]
    red, green, blue = (bytes_.T // (256 // STEPS)).astype(np.intp)
    counts = np.bincount((red * STEPS + green) * STEPS + blue, minlength=STEPS**3).astype(np.float32)
    # Axis by axis, as the shares of red, green and blue multiply.
    shades = bank.shades @ (bank.shades @ counts.reshape(STEPS, -1)).reshape(SHADES, STEPS, STEPS) @ bank.shades.T

    seen = _windows(centred.reshape(3, height, width), window)
    waves = np.fft.rfft2(seen, (WINDOW, WINDOW)).reshape(3, seen.shape[1], -1)
    # By Parseval's theorem the sum of their squares over all frequencies is the variance of the pixels.
    waves *= np.float32(1 / (WINDOW * np.sqrt(np.square(window).sum())))
    parts = waves.view(np.float32)
    power, tints = (
        np.stack([np.einsum("wf,wf->f", parts[a], parts[b]) for a, b in pairs]) @ bank.bins.T / len(waves[0])
        for pairs in (((0, 0), (1, 1), (2, 2)), ((0, 1), (0, 2), (1, 2)))
    )
    # As shares of all the power, or of a contrast of a hundredth in a tile that has less.
    tints = tints.reshape(3, LENGTHS, DIRECTIONS).sum(axis=2) / (power.sum() + 100 * FAINT)

    together, patchy = _structure(waves[0], window)
    return {
        # The fourth root of power, the square root of contrast: faint waves count, but strong ones count for more.
        "spectrum": np.sqrt(np.sqrt(power + FAINT)),
        "tints": np.copysign(np.sqrt(np.abs(tints)), tints),
        "mean": mean,
        # The distance of such square roots is Hellinger's: rare shades count, but common ones count for more.
        "shades": np.sqrt(shades / len(bytes_)),
        "together": together,
        "patchy": patchy,
    }


def _windows(pixels: Floats, window: Floats) -> Floats:
    """The picture seen through windows that overlap by half, each about its own mean, ``[3, windows, side, side]``."""
    rows, columns = (_starts(side) for side in pixels.shape[1:])
    height, width = window.shape
    seen = np.stack([pixels[:, top : top + height, left : left + width] for top in rows for left in columns], axis=1)
    seen -= (np.einsum("cnhw,hw->cn", seen, window) / window.sum())[:, :, None, None]
    seen *= window
    return seen


def _starts(side: int) -> list[int]:
    """Where the windows begin along a side: they cover all of it, and the last ends where the tile does."""
    if side <= WINDOW:
        return [0]
    count = -(-(side - WINDOW) // (WINDOW // 2)) + 1
    return [round(index * (side - WINDOW) / (count - 1)) for index in range(count)]


def _structure(waves: NDArray[np.complex64], window: Floats) -> tuple[Floats, Floats]:
    """Where in the tile the waves of each direction and length are strong.

    Args:
        waves: of lightness, ``[windows, WINDOW * (WINDOW // 2 + 1)]``.
        window: what they were seen through.

    Returns:
        For each length and pair of directions, how much they are strong in the same places, -1 to 1; and for each
        length and direction, how uneven its strength is: 0 if it is the same everywhere, 0.5 in noise, more in patches.
    """
    bank = _bank()
    bands = (np.concatenate([waves, waves.conj()], axis=1)[:, bank.around] * bank.gain).reshape(
        len(waves), -1, PLACES, PLACES
    )
    strength = np.abs(np.fft.ifft2(bands)).transpose(1, 0, 2, 3).reshape(bands.shape[1], -1)
    weights = np.zeros((WINDOW, WINDOW), np.float32)
    weights[: window.shape[0], : window.shape[1]] = window
    places = np.tile(weights[:: WINDOW // PLACES, :: WINDOW // PLACES].ravel(), len(waves))
    # What was seen dimly is brought back to its strength, and counts less.
    strength /= np.maximum(places, np.float32(0.05))
    places = places**2 / np.square(places).sum()
    mean = strength @ places
    centred = strength - mean[:, None]
    covariance = (centred * places) @ centred.T
    spread = np.sqrt(np.diag(covariance))
    # What is hardly there is neither patchy nor together with anything: its noise must not speak as loud as a pattern.
    floor = np.sqrt(np.square(mean).mean() + np.diag(covariance).mean()) + 1e-3
    correlation = covariance / (np.outer(spread, spread) + (0.1 * floor) ** 2)
    blocks = correlation.reshape(ROUGH_LENGTHS, ROUGH_DIRECTIONS, ROUGH_LENGTHS, ROUGH_DIRECTIONS)
    first, second = np.triu_indices(ROUGH_DIRECTIONS, 1)
    together = np.stack([blocks[length, first, length, second] for length in range(ROUGH_LENGTHS)])
    return together, spread / (mean + 0.1 * floor)


@lru_cache(maxsize=16)
def _window(height: int, width: int) -> Floats:
    """Hann's window, 1 in the middle and near 0 at the border, where the far sides of a tile would meet."""
    rows, columns = (np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 for side in (height, width))
    return np.outer(rows, columns).astype(np.float32)


@cache
def _bank() -> _Bank:
    frequencies = np.fft.fftfreq(WINDOW)
    down, right = np.meshgrid(frequencies, frequencies, indexing="ij")
    radius = np.hypot(down, right)
    octave = np.log2(np.where(radius > 0, radius, 1))
    angle = np.arctan2(down, right)

    def along(position: float, width: float, lowest: bool, highest: bool) -> NDArray[np.float64]:
        """A bump around a frequency, flat beyond the last one on either side."""
        distance = (octave - position) / width
        if highest:
            distance = np.minimum(distance, 0)
        if lowest:
            distance = np.maximum(distance, 0)
        return np.where(radius > 0, np.cos(np.pi / 2 * np.clip(distance, -1, 1)) ** 2, 0)

    def around(direction: float, width: float, period: float) -> NDArray[np.float64]:
        distance = (angle - direction + period / 2) % period - period / 2
        return np.asarray(np.cos(np.pi / 2 * np.clip(distance / width, -1, 1)) ** 2)

    bins = [
        along(-np.log2(SHORTEST) - length / 2, 1 / 2, length == LENGTHS - 1, length == 0)
        * around(np.pi * direction / DIRECTIONS, np.pi / DIRECTIONS, np.pi)
        for length in range(LENGTHS)
        for direction in range(DIRECTIONS)
    ]
    half = WINDOW // 2 + 1
    indices, gains = [], []
    near = np.arange(PLACES) - PLACES // 2
    for length in range(ROUGH_LENGTHS):
        for direction in range(ROUGH_DIRECTIONS):
            turn, middle = np.pi * direction / ROUGH_DIRECTIONS, 2.0**-length / ROUGH_SHORTEST
            # One of the two halves of the plane alone: so the strength of a wave does not swing with it.
            gain = np.sqrt(
                along(np.log2(middle), 1, False, length == 0) * around(turn, np.pi / ROUGH_DIRECTIONS, 2 * np.pi)
            )
            # Strength does not change when a band is moved to frequency zero, and there few places are enough.
            rows, columns = ((near + round(WINDOW * middle * part)) % WINDOW for part in (np.sin(turn), np.cos(turn)))
            gains.append(gain[rows[:, None], columns].ravel())
            given = rows[:, None] * half + columns
            mirrored = (WINDOW + -rows[:, None] % WINDOW) * half + WINDOW - columns
            indices.append(np.where(columns < half, given, mirrored).ravel())
    # All but the first and the last column stand for two frequencies, themselves and their mirror images.
    shares = np.stack(bins)[:, :, :half] * np.where(np.arange(half) % (half - 1), 2, 1)
    # A colour belongs to all shades around it: were there borders, a little lighter could be quite another.
    steps, shades = (np.arange(STEPS) + 0.5) / STEPS, np.arange(SHADES) / (SHADES - 1)
    share = np.exp(-np.square((steps[:, None] - shades) / 0.07) / 2)
    share /= share.sum(axis=1, keepdims=True)
    return _Bank(
        np.repeat(shares.reshape(len(bins), -1), 2, axis=1).astype(np.float32),
        np.stack(indices),
        np.stack(gains).astype(np.float32),
        share.T.astype(np.float32),
    )
