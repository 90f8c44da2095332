"""A consistent view of a job at one moment: what is finished, what is being computed, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import FiltervizError
from filterviz.spec import Pattern, Request

UNEXPECTED = "Something broke that should not have. The log says what."


class Status(StrEnum):
    """Where a job, or one layer of it, stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Status.DONE, Status.STOPPED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class LayerState:
    """One layer's share of a job.

    Attributes:
        request: what was asked.
        status: where it stands.
        patterns: the finished tiles by filter.
        previews: unfinished tiles by filter, uint8 ``[height, width, 1 or 3]``; kept when the job is stopped.
        step, steps: of the batch being worked on.
        seconds_left: for this layer, from the rate measured so far; ``None`` before there is one.
        tile_seconds: that one of its tiles takes at that rate; ``None`` likewise.
    """

    request: Request
    status: Status = Status.WAITING
    patterns: Mapping[int, Pattern] = field(default_factory=dict)
    previews: Mapping[int, NDArray[np.uint8]] = field(default_factory=dict)
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    tile_seconds: float | None = None

    @property
    def wanted(self) -> tuple[int, ...]:
        """The filters asked for, in order."""
        return self.request.filters

    @property
    def complete(self) -> bool:
        """Whether every tile asked for is finished; a layer of which none was asked for never is."""
        return bool(self.wanted) and all(channel in self.patterns for channel in self.wanted)


@dataclass(frozen=True, slots=True)
class JobState:
    """A consistent look at a job.

    Attributes:
        status: of the whole.
        layers: in the order they are worked on.
        error: why it failed; its text is the sentence to show.
        seconds: since it began, until now or its end.
    """

    status: Status
    layers: tuple[LayerState, ...]
    error: FiltervizError | None = None
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.status.over

    @property
    def done(self) -> int:
        """Finished tiles."""
        return sum(len(layer.patterns) for layer in self.layers)

    @property
    def total(self) -> int:
        """Tiles asked for."""
        return sum(len(layer.wanted) for layer in self.layers)

    @property
    def current(self) -> LayerState | None:
        """The layer being worked on."""
        return next((layer for layer in self.layers if layer.status is Status.RUNNING), None)
