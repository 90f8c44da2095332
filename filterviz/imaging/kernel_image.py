"""The kernel of a filter as an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GREY, REACH = 128, 127
"""The pixel value of zero, and how far above or below it that of the largest weight lies."""


def kernel_image(kernel: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The weights of a kernel, one pixel each. Zero is mid grey, and the largest weight as bright or dark as possible.

    One channel is shown in grey, and three as red, green and blue, as in the tile. A screen cannot show two, four or
    more channels, so their sum is shown in grey, which hides the differences between them.

    Args:
        kernel: Finite weights, float ``[height, width, channels]``.

    Returns:
        uint8 ``[height, width, 3 or 1]``, to be enlarged without smoothing.

    Example:
        >>> kernel_image(np.array([[[-2.0], [0.0], [1.0]]], np.float32))[0, :, 0].tolist()
        [1, 128, 192]
    """
    weights = np.asarray(kernel, np.float64)
    if weights.shape[-1] not in (1, 3):
        weights = weights.sum(axis=-1, keepdims=True)
    largest = np.abs(weights).max(initial=0.0)
    # Divided first, because a denormal number in the denominator would make the reach infinite.
    shares = weights / largest if largest > 0 else weights
    shown: NDArray[np.uint8] = np.round(GREY + REACH * shares).astype(np.uint8)
    return shown
