"""Filters that measure the waves and colours of a tile in windows; for :mod:`~filterviz.analysis.similarity`."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW = 64
"""Side of the windows in pixels: the size of the smallest tile that the page offers, so that one size fits all."""

DIRECTIONS, LENGTHS = 6, 8
"""Bins of the spectrum by direction and by wavelength. They overlap by half: 30 degrees and half an octave apart."""

SHORTEST = 1 / 0.45
"""Wavelength in pixels at the centre of the first bin, which reaches down to 2, the shortest possible."""

ROUGH_DIRECTIONS, ROUGH_LENGTHS = 4, 4
"""Bins of the waves whose positions are measured, one octave apart. Only wide bins can resolve positions."""

ROUGH_SHORTEST = 1 / 0.32
"""Wavelength in pixels at the centre of the first of these bins."""

POSITIONS = 32
"""Rows and columns of positions in a window at which the strength of these waves is measured."""

STEPS, SHADES = 16, 5
"""How finely red, green and blue are each counted, and over how many shades the counts are then distributed."""


class WaveBank(NamedTuple):
    """The arrays that are the same for all tiles.

    Attributes:
        bins: The weight of each frequency in each bin of the spectrum, ``[DIRECTIONS * LENGTHS, 2 * half]``. There is a
            column for each real and imaginary part of the half of the frequencies that ``rfft2`` gives.
        around: For each rough bin the indices of the frequencies around its centre, ``[bins, POSITIONS ** 2]``. They
            refer to the half of ``rfft2``, followed by its conjugates, the other half.
        gain: The gain of the bin at each of these frequencies, of the same shape.
        shades: The weight of each step of red, green or blue in each of its shades, ``[SHADES, STEPS]``.
    """

    bins: Floats
    around: NDArray[np.intp]
    gain: Floats
    shades: Floats


@lru_cache(maxsize=16)
def hann_window(height: int, width: int) -> Floats:
    """The Hann window: 1 in the middle and near 0 at the borders, which the Fourier transform joins to each other."""
    rows, columns = (np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 for side in (height, width))
    return np.outer(rows, columns).astype(np.float32)


@cache
def wave_bank() -> WaveBank:
    """The filters, computed once."""
    frequencies = np.fft.fftfreq(WINDOW)
    down, right = np.meshgrid(frequencies, frequencies, indexing="ij")
    radius = np.hypot(down, right)
    octave = np.log2(np.where(radius > 0, radius, 1))
    angle = np.arctan2(down, right)

    def along(position: float, width: float, lowest: bool, highest: bool) -> NDArray[np.float64]:
        """A bump along the octaves, which stays at 1 beyond the lowest or the highest bin."""
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
    nearby = np.arange(POSITIONS) - POSITIONS // 2
    for length in range(ROUGH_LENGTHS):
        for direction in range(ROUGH_DIRECTIONS):
            turn, middle = np.pi * direction / ROUGH_DIRECTIONS, 2.0**-length / ROUGH_SHORTEST
            # Only one half of the frequency plane, so that the strength of a wave does not oscillate with the wave.
            gain = np.sqrt(
                along(np.log2(middle), 1, False, length == 0) * around(turn, np.pi / ROUGH_DIRECTIONS, 2 * np.pi)
            )
            # Moving a band to frequency zero does not change its strength, and there few positions are enough.
            rows, columns = ((nearby + round(WINDOW * middle * part)) % WINDOW for part in (np.sin(turn), np.cos(turn)))
            gains.append(gain[rows[:, None], columns].ravel())
            given = rows[:, None] * half + columns
            mirrored = (WINDOW + -rows[:, None] % WINDOW) * half + WINDOW - columns
            indices.append(np.where(columns < half, given, mirrored).ravel())
    # Each column except the first and the last stands for two frequencies, its own and the mirror image.
    shares = np.stack(bins)[:, :, :half] * np.where(np.arange(half) % (half - 1), 2, 1)
    # A colour counts for all shades near it. With sharp borders, a slightly lighter colour could be a different shade.
    steps, shades = (np.arange(STEPS) + 0.5) / STEPS, np.arange(SHADES) / (SHADES - 1)
    share = np.exp(-np.square((steps[:, None] - shades) / 0.07) / 2)
    share /= share.sum(axis=1, keepdims=True)
    return WaveBank(
        np.repeat(shares.reshape(len(bins), -1), 2, axis=1).astype(np.float32),
        np.stack(indices),
        np.stack(gains).astype(np.float32),
        share.T.astype(np.float32),
    )
