"""What a worker may answer to a question. Any other event, or one of another shape, ends the worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from filterviz.imaging import mosaic
from filterviz.spec import ModelSpec, Pattern, Progress, Request, Shape, Unfinished, is_kernel
from filterviz.workers.wire.protocol import Outputs

Event = Progress | Pattern | Unfinished | Outputs
"""An answer that comes before the last answer of a run."""

EVENTS = get_args(Event)

E_co = TypeVar("E_co", covariant=True)


class Expected(Protocol[E_co]):
    """The events that a run may still give, all of one type."""

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for has come."""

    def take(self, event: Event) -> E_co | None:
        """Accept an event, which then counts as come; ``None`` if it does not answer what was asked."""


class ExpectedPatterns:
    """Each pattern of a request once, and progress of those that have not come yet.

    A tile of which the worker says how it was left comes no more in this run.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._outstanding = list(request.filters)
        self._left = False

    @property
    def complete(self) -> bool:
        """Whether every pattern has come."""
        return not self._outstanding and not self._left

    def take(self, event: Event) -> Progress | Pattern | Unfinished | None:
        """See :class:`Expected`."""
        if isinstance(event, Pattern) and self._is_expected_pattern(event):
            self._outstanding.remove(event.filter)
            return event
        if isinstance(event, Progress) and self._is_expected_progress(event):
            return event
        if isinstance(event, Unfinished) and self._is_expected_unfinished(event):
            self._outstanding.remove(event.filter)
            self._left = True
            return event
        return None

    def _is_expected_pattern(self, event: Pattern) -> bool:
        images = self._request.recipe.pictures
        return (
            event.layer == self._request.layer
            and event.filter in self._outstanding
            and _is_tile(event.tile, images)
            and len(event.responses) == (images if images > 1 else 0)
            and (event.kernel is None or is_kernel(event.kernel))
        )

    def _is_expected_unfinished(self, event: Unfinished) -> bool:
        return (
            event.filter in self._outstanding
            and event.curve.ndim == 1
            and 1 <= len(event.curve) < self._request.recipe.steps
            and 0 <= event.seconds < float("inf")
            and all(array.ndim == 1 for array in event.state)
        )

    def _is_expected_progress(self, event: Progress) -> bool:
        return (
            set(event.filters) <= set(self._outstanding)
            and event.tiles.ndim == 4
            and len(event.tiles) == len(event.filters) > 0
            and _is_tile(event.tiles[0], self._request.recipe.pictures)
            and 0 <= event.step <= event.steps
            and 0 <= event.seconds < float("inf")
        )


class ExpectedOutputs:
    """The outputs of ``count`` examples, in order, from the run with this ticket.

    ``shapes`` are those of the outputs, batch first, as far as they are known. All batches have the same shapes.
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


def is_consistent(spec: ModelSpec) -> bool:
    """Whether every index in a spec points to something that is in it, and no two layers share a name."""
    nodes = range(len(spec.nodes))
    return (
        all(0 <= node.layer < len(spec.layers) for node in spec.nodes)
        and all(0 <= source < index for index, node in enumerate(spec.nodes) for source in node.inputs)
        and all(index in nodes for index in (*spec.inputs, *spec.outputs))
        and all(output.node is None or output.node in nodes for output in spec.declared_outputs)
        and len({layer.name for layer in spec.layers}) == len(spec.layers)
    )


def _has_shape(array: NDArray[np.float32], shape: Shape | None) -> bool:
    """Whether an array has the sides that are known, apart from the batch."""
    if shape is None:
        return True
    sides = zip(array.shape[1:], shape[1:], strict=False)
    return array.ndim == len(shape) and all(known is None or side == known for side, known in sides)


def _is_tile(tile: NDArray[np.uint8], images: int) -> bool:
    return tile.ndim == 3 and tile.shape[2] in (1, 3) and mosaic.is_valid(tile, images)
