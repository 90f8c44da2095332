"""A filter's kernel as a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GREY, REACH = 128, 127
"""What stands for zero, and how far the largest weight lies above it or below."""


def picture(kernel: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The weights of a kernel, one pixel each: zero is mid grey, and the largest weight is as bright or dark as can be.

    One channel is grey and three are red, green and blue, as in the tile. Two, four and more cannot be told apart on
    a screen: their sum is shown in grey, so what only differs between the channels is not seen.

    Args:
        kernel: float ``[height, width, channels]``, finite.

    Returns:
        uint8 ``[height, width, 3 or 1]``, to be enlarged without smoothing.

    Example:
        >>> picture(np.array([[[-2.0], [0.0], [1.0]]], np.float32))[0, :, 0].tolist()
        [1, 128, 192]
    """
    weights = np.asarray(kernel, np.float64)
    if weights.shape[-1] not in (1, 3):
        weights = weights.sum(axis=-1, keepdims=True)
    largest = np.abs(weights).max(initial=0.0)
    # Dividing first, as a denormal in the denominator would make the reach infinite.
    shares = weights / largest if largest > 0 else weights
    shown: NDArray[np.uint8] = np.round(GREY + REACH * shares).astype(np.uint8)
    return shown
