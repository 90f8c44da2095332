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
    """What has become of a job, or of one layer of it."""

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
        request: What was asked for.
        status: What has become of it.
        patterns: The finished tiles by filter.
        previews: Unfinished tiles by filter, uint8 ``[height, width, 1 or 3]``; kept when the job is stopped.
        step: The step that the current batch has reached.
        steps: All steps of the current batch; 0 before the first.
        seconds_left: Seconds until the layer is done, from the rate measured so far; ``None`` before there is one.
        tile_seconds: Seconds that one tile takes at that rate; ``None`` before there is one.
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
        """The filters that were asked for, in order."""
        return self.request.filters

    @property
    def has_begun(self) -> bool:
        """Whether there is something to see, or never will be."""
        return bool(self.patterns or self.previews) or self.status.over

    @property
    def complete(self) -> bool:
        """Whether every tile that was asked for is finished; never where none was."""
        return bool(self.wanted) and all(channel in self.patterns for channel in self.wanted)


@dataclass(frozen=True, slots=True)
class JobState:
    """A job at one moment.

    Attributes:
        status: What has become of the job as a whole.
        layers: Its layers, in the order in which they were given.
        error: Why it failed; the text is the sentence to show.
        seconds: Seconds from its beginning until now or until its end.
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
