"""Where chance comes from: one seed for a run, and from it one for each filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def filter_seed(seed: int, channel: int) -> int:
    """A filter's own seed: the same whatever other filters are asked for.

    Example:
        >>> filter_seed(0, 7) == filter_seed(0, 7) != filter_seed(1, 7)
        True
    """
    return int(np.random.SeedSequence([seed, channel]).generate_state(1)[0])


def picture_seeds(seed: int, channel: int, pictures: int) -> tuple[int, ...]:
    """The seeds of the different pictures of one filter. The first is the filter's own.

    Example:
        >>> picture_seeds(0, 7, 1) == (filter_seed(0, 7),) == picture_seeds(0, 7, 4)[:1]
        True
    """
    own = filter_seed(seed, channel)
    return (own, *(filter_seed(own, number) for number in range(1, pictures)))


def filter_seeds(seed: int, filters: Sequence[int]) -> tuple[int, ...]:
    """The own seeds of some filters."""
    return tuple(filter_seed(seed, channel) for channel in filters)
