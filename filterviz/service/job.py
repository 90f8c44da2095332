"""A job: the patterns of some layers of one model, being made.

A job takes from the store what is there, has the rest computed, stores each tile as it comes, and keeps a
:class:`JobState` that any thread may read while it works.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import EngineFailed, FiltervizError, Stopped
from filterviz.service.job_state import UNEXPECTED, JobState, LayerState, Status
from filterviz.service.model import Model
from filterviz.service.patterns import PatternSource
from filterviz.spec import Pattern, Progress, Request, Standing

log = logging.getLogger(__name__)


class Job:
    """The patterns of some layers of one model, being made in a thread of their own.

    What the store has of all layers comes first; then they are computed in the order in which they were given, except
    where :meth:`prioritize` changes it.

    Args:
        source: Where patterns come from, and where finished ones are kept.
        model: The network.
        requests: One for each layer.
        owner: Whose work it is; owners get their turns in equal shares.
        start: The start images in place of those of the seed; see :meth:`filterviz.engine.engine.Engine.run`.
        paused: Whether to compute nothing before :meth:`start_computing`, so that another job's work comes first.
    """

    def __init__(
        self,
        source: PatternSource,
        model: Model,
        requests: Sequence[Request],
        *,
        owner: str = "",
        start: NDArray[np.float32] | None = None,
        paused: bool = False,
    ) -> None:
        self.model = model
        self._source = source
        self._owner = owner
        self._start = start
        self._lock = threading.Lock()
        self._stops = [threading.Event() for _ in requests]
        self._pending = list(range(len(requests)))
        self._keys: dict[int, dict[int, str]] = {}
        self._cached = threading.Event()
        self._computing = threading.Event()
        if not paused:
            self._computing.set()
        self._began = time.monotonic()
        self._state = JobState(Status.WAITING, tuple(LayerState(request) for request in requests))
        self._thread = threading.Thread(target=self._work, name=f"filterviz-job-{model.sha256[:8]}", daemon=True)

    def begin(self) -> Self:
        """Start working; returns at once."""
        self._thread.start()
        return self

    def snapshot(self) -> JobState:
        """The state now."""
        with self._lock:
            state = self._state
        return state if state.finished else replace(state, seconds=time.monotonic() - self._began)

    def stop(self) -> None:
        """Ask the job to stop; what is finished is kept. Returns at once."""
        for index in range(len(self._stops)):
            self.cancel_layer(index)

    def cancel_layer(self, index: int) -> None:
        """Ask the job to leave one layer as it is and to go on with the others. Returns at once."""
        self._stops[index].set()
        if all(stop.is_set() for stop in self._stops):
            self.start_computing()

    def start_computing(self) -> None:
        """Let a paused job compute what is missing."""
        self._computing.set()

    @property
    def is_computing(self) -> bool:
        """Whether the job computes what is missing, or will when its turn comes; false while it is paused."""
        return self._computing.is_set()

    def prioritize(self, index: int) -> None:
        """Have a layer made before the others that have not begun yet."""
        with self._lock:
            if index in self._pending:
                self._pending.remove(index)
                self._pending.insert(0, index)

    def standing(self) -> Standing | None:
        """Where the job stands in the queue for the workers; ``None`` where it neither waits nor is being computed."""
        return self._source.pool.standing(self._owner)

    def wait_cached(self, seconds: float | None = None) -> JobState:
        """Wait until everything in the store has been fetched, or for so many seconds; returns the state then."""
        self._cached.wait(seconds)
        return self.snapshot()

    def wait(self, seconds: float | None = None) -> JobState:
        """Wait until the job has finished, or for so many seconds; returns the state then."""
        self._thread.join(seconds)
        return self.snapshot()

    def _work(self) -> None:
        error: FiltervizError | None = None
        self._update(status=Status.RUNNING)
        try:
            for layer in range(len(self._stops)):
                self._fetch_cached(layer)
            self._cached.set()
            self._computing.wait()
            while (turn := self._next()) is not None:
                try:
                    self._make(turn)
                except Stopped:
                    self._update_layer(turn, status=Status.STOPPED)
        except FiltervizError as failure:
            error = failure
        except Exception:
            # A bug of ours must end in a state like everything else, or the page would never stop waiting.
            log.exception("A job broke.")
            error = EngineFailed(UNEXPECTED)
        self._finish(error)

    def _finish(self, error: FiltervizError | None) -> None:
        """Enter the last state: a layer that is neither done nor stopped has failed."""
        self._cached.set()
        over = (Status.DONE, Status.STOPPED)
        layers = tuple(
            layer if layer.status in over else replace(layer, status=Status.FAILED) for layer in self._state.layers
        )
        stopped = any(layer.status is Status.STOPPED for layer in layers)
        status = Status.FAILED if error is not None else Status.STOPPED if stopped else Status.DONE
        self._update(status=status, layers=layers, error=error, seconds=time.monotonic() - self._began)

    def _next(self) -> int | None:
        with self._lock:
            return self._pending.pop(0) if self._pending else None

    def _fetch_cached(self, index: int) -> None:
        """Take one layer's finished tiles from the store, or from the bundled patterns."""
        request = self._state.layers[index].request
        keys = self._keys[index] = {
            channel: self._source.key(self.model, request, channel, None if self._start is None else self._start[row])
            for row, channel in enumerate(request.filters)
        }
        patterns: dict[int, Pattern] = {}
        for channel, key in keys.items():
            found = self._source.cached(self.model, request, channel, key)
            if found is not None:
                patterns[channel] = found
        if len(patterns) == len(keys):
            with self._lock:
                self._pending.remove(index)
            self._update_layer(index, status=Status.DONE, patterns=patterns, seconds_left=0.0)
        elif patterns:
            self._update_layer(index, patterns=patterns)

    def _make(self, index: int) -> None:
        """Have the missing tiles of one layer computed."""
        layer = self._state.layers[index]
        request = layer.request
        patterns = dict(layer.patterns)
        self._update_layer(index, status=Status.RUNNING)
        rows = [row for row, channel in enumerate(request.filters) if channel not in patterns]
        events = self._source.compute(
            self.model,
            replace(request, filters=tuple(request.filters[row] for row in rows)),
            owner=self._owner,
            start=None if self._start is None else self._start[rows],
            stop=self._stops[index],
        )
        previews: dict[int, NDArray[np.uint8]] = {}
        before: Progress | None = None
        for event in events:
            if isinstance(event, Pattern):
                self._source.keep(self.model, self._keys[index][event.filter], event)
                patterns[event.filter] = event
                previews.pop(event.filter, None)
                self._update_layer(index, patterns=dict(patterns), previews=dict(previews))
            else:
                previews.update(zip(event.filters, event.tiles, strict=True))
                if before is not None:
                    self._source.budget.learn(self.model.spec, request, before, event)
                before = event
                self._report(index, event, previews, missing=len(request.filters) - len(patterns))
        self._update_layer(index, status=Status.DONE, seconds_left=0.0)

    def _report(self, index: int, progress: Progress, previews: dict[int, NDArray[np.uint8]], missing: int) -> None:
        """Record how far a batch is; ``missing`` counts the layer's unfinished tiles, those of the batch included."""
        per_tile = _tile_seconds(progress)
        left = missing - len(progress.filters) * progress.step / progress.steps
        self._update_layer(
            index,
            previews=dict(previews),
            step=progress.step,
            steps=progress.steps,
            tile_seconds=per_tile,
            seconds_left=None if per_tile is None else per_tile * left,
        )

    def _update(self, **changes: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)

    def _update_layer(self, index: int, **changes: Any) -> None:
        with self._lock:
            layers = list(self._state.layers)
            layers[index] = replace(layers[index], **changes)
            self._state = replace(self._state, layers=tuple(layers))


def _tile_seconds(progress: Progress) -> float | None:
    """The seconds that a tile takes at the rate of the steps so far; ``None`` where there is no rate yet.

    The first step of a batch includes the compilation, and a rate that counts it would promise far too long a wait.
    """
    if progress.step < 2:
        return None
    return progress.seconds * progress.steps / (progress.step * len(progress.filters))
