"""The order of a wall's tiles, and which tiles of another wall look most like them."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from filterviz.analysis import seriation, similarity
from filterviz.service.job_state import LayerState
from filterviz.spec import Pattern

RECENT = 8
"""How many pairs of walls are remembered with their order: they keep their patterns in memory."""

RELATIVES = 3
"""How many tiles on the other side are marked as the most similar to the one that is pointed at."""


def in_order(state: LayerState, sort: str) -> list[int]:
    """A wall's filters in the order that was asked for; those that have no pattern yet come last, by number.

    Args:
        state: The state of the wall.
        sort: One of :data:`filterviz.ui.view.SORTS`.
    """
    wanted = list(state.wanted)
    finished = [channel for channel in wanted if channel in state.patterns]
    if sort == "response":
        finished.sort(key=lambda channel: -_response(state.patterns[channel]))
    elif sort == "similarity" and len(finished) == len(wanted):
        order = _similarity_order(tuple(state.patterns[channel] for channel in finished))
        finished = [finished[index] for index in order]
    else:
        return wanted
    return [*finished, *(channel for channel in wanted if channel not in state.patterns)]


def relatives(mine: LayerState, others: LayerState, count: int = RELATIVES) -> dict[int, tuple[int, ...]]:
    """For each filter of a finished wall, the filters of another finished wall whose patterns are the most similar.

    Args:
        mine: The state of the one wall.
        others: The state of the other wall.
        count: How many are wanted, at most.

    Returns:
        By filter, the most similar first, and none that looks different; empty while one of the walls is unfinished.
    """
    if not (mine.complete and others.complete):
        return {}
    one, two = ([wall.patterns[channel] for channel in wall.wanted] for wall in (mine, others))
    near = _relatives(tuple(one), tuple(two), count)
    return {pattern.filter: tuple(two[found].filter for found in near[at]) for at, pattern in enumerate(one)}


def _response(pattern: Pattern) -> float:
    return pattern.response_end if np.isfinite(pattern.response_end) else -np.inf


_DESCRIPTORS: weakref.WeakKeyDictionary[Pattern, NDArray[np.float32]] = weakref.WeakKeyDictionary()


def _descriptor(pattern: Pattern) -> NDArray[np.float32]:
    """The look of a pattern, worked out once for as long as the pattern is in memory."""
    found = _DESCRIPTORS.get(pattern)
    if found is None:
        found = _DESCRIPTORS[pattern] = similarity.descriptor(pattern.tile)
    return found


def _descriptors(patterns: Sequence[Pattern]) -> NDArray[np.float32]:
    return np.stack([_descriptor(pattern) for pattern in patterns])


@lru_cache(maxsize=RECENT)
def _similarity_order(patterns: tuple[Pattern, ...]) -> tuple[int, ...]:
    if not patterns:
        return ()
    found = _descriptors(patterns)
    return tuple(seriation.order(similarity.distances(found, found)))


@lru_cache(maxsize=RECENT)
def _relatives(mine: tuple[Pattern, ...], others: tuple[Pattern, ...], count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(similarity.most_similar(_descriptors(mine), _descriptors(others), count, similarity.CONVINCING))
