"""What a child may answer to a question: an event that was not asked for, or of another shape, is nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from filterviz.imaging import mosaic
from filterviz.spec import Pattern, Progress, Request, Shape, is_kernel
from filterviz.workers.wire.protocol import Outputs

Event = Progress | Pattern | Outputs
"""What comes before the last answer of a run."""

E = TypeVar("E")


class Expected(Protocol[E]):
    """The events that a run may still give, all of them of the kind ``E``."""

    @property
    def complete(self) -> bool:
        """Whether all that was asked for has come."""

    def take(self, event: Event) -> E | None:
        """The event, taken as come; ``None`` where it answers nothing that was asked."""

    def is_batch(self, event: E) -> bool:
        """Whether with this event a part of the work is finished, so that somebody else may have a turn."""


class Patterns:
    """The patterns of a request, each once, and progress of those that have not come."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._outstanding = list(request.filters)

    @property
    def complete(self) -> bool:
        """Whether every pattern has come."""
        return not self._outstanding

    def take(self, event: Event) -> Progress | Pattern | None:
        """See :class:`Expected`."""
        pictures = self._request.recipe.pictures
        if isinstance(event, Pattern):
            sound = (
                event.layer == self._request.layer
                and event.filter in self._outstanding
                and _is_tile(event.tile, pictures)
                and len(event.responses) == (pictures if pictures > 1 else 0)
                and (event.kernel is None or is_kernel(event.kernel))
            )
            if sound:
                self._outstanding.remove(event.filter)
            return event if sound else None
        if isinstance(event, Progress):
            sound = (
                set(event.filters) <= set(self._outstanding)
                and event.tiles.ndim == 4
                and len(event.tiles) == len(event.filters) > 0
                and _is_tile(event.tiles[0], pictures)
                and 0 <= event.step <= event.steps
                and 0 <= event.seconds < float("inf")
            )
            return event if sound else None
        return None

    def is_batch(self, event: Progress | Pattern) -> bool:
        """See :class:`Expected`."""
        return isinstance(event, Pattern)


class Rows:
    """The outputs of so many examples, in order.

    Args:
        ticket: of the run.
        count: of the examples.
        shapes: of the outputs, batch first, as far as they are known; of all batches alike.
    """

    def __init__(self, ticket: int, count: int, shapes: Sequence[Shape | None]) -> None:
        self._ticket = ticket
        self._outstanding = count
        self._shapes = list(shapes)

    @property
    def complete(self) -> bool:
        """Whether the outputs of all examples have come."""
        return self._outstanding == 0

    def take(self, event: Event) -> Outputs | None:
        """See :class:`Expected`."""
        if not isinstance(event, Outputs) or event.ticket != self._ticket or len(event.arrays) != len(self._shapes):
            return None
        rows = {len(array) if array.ndim else 0 for array in event.arrays}
        if len(rows) != 1 or not 1 <= max(rows) <= self._outstanding:
            return None
        if not all(_has_shape(array, shape) for array, shape in zip(event.arrays, self._shapes, strict=True)):
            return None
        self._shapes = [(None, *array.shape[1:]) for array in event.arrays]
        self._outstanding -= max(rows)
        return event

    def is_batch(self, event: Outputs) -> bool:
        """See :class:`Expected`."""
        return bool(event.arrays)


def _has_shape(array: NDArray[np.float32], shape: Shape | None) -> bool:
    """Whether an array has the sides that are known, the batch's aside."""
    if shape is None:
        return True
    sides = zip(array.shape[1:], shape[1:], strict=False)
    return array.ndim == len(shape) and all(known is None or side == known for side, known in sides)


def _is_tile(tile: NDArray[np.uint8], pictures: int) -> bool:
    return tile.ndim == 3 and tile.shape[2] in (1, 3) and mosaic.is_valid(tile, pictures)
