"""Seeds: from the one seed of a run, a seed for each filter and each of its images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def filter_seed(seed: int, channel: int) -> int:
    """The seed of one filter. It does not depend on which other filters are made.

    Example:
        >>> filter_seed(0, 7) == filter_seed(0, 7) != filter_seed(1, 7)
        True
    """
    return int(np.random.SeedSequence([seed, channel]).generate_state(1)[0])


def filter_seeds(seed: int, filters: Sequence[int]) -> tuple[int, ...]:
    """The seeds of several filters."""
    return tuple(filter_seed(seed, channel) for channel in filters)


def image_seeds(seed: int, channel: int, images: int) -> tuple[int, ...]:
    """The seeds of the different images of one filter. The first is the seed of the filter.

    Example:
        >>> image_seeds(0, 7, 1) == (filter_seed(0, 7),) == image_seeds(0, 7, 4)[:1]
        True
    """
    own = filter_seed(seed, channel)
    return (own, *(filter_seed(own, number) for number in range(1, images)))
