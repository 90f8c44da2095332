"""The walls that visitors look at: which job makes each, who looks at it, and when its making ends."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from filterviz.errors import FiltervizError
from filterviz.service.budget import Budget, Wanted
from filterviz.service.job import Job
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.service.presence import Presence, person_of
from filterviz.spec import Request, Standing

KEPT_WALLS = 200
"""Walls whose jobs are remembered; older ones come back from the store."""

LEASE_SECONDS = 6.0
"""A visitor who has not asked about a wall for so long has gone away, and no longer keeps others from stopping it."""

GRACE_SECONDS = 15.0
"""The work of a visitor who has left goes on for so long: reloading the page, or a bad connection, is no leaving."""

CACHED_SECONDS = 0.5
"""Patterns that come with the program are there sooner; whatever takes longer is shown as it comes."""

WallRequest = tuple[Model, Request]
"""A wall of patterns: the network, and what is asked of one of its layers."""

_Key = tuple[str, Request]
"""A wall by the identity of its network, so that two uploads of the same bytes share it."""


@dataclass(slots=True)
class _Entry:
    """One layer of one job, and who looks at it.

    Attributes:
        leases: When each visitor last asked, in seconds on the monotonic clock.
    """

    job: Job
    index: int
    leases: dict[str, float] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Where the layer stands."""
        return self.job.snapshot().layers[self.index].status

    def is_watched_by_others(self, visitor: str) -> bool:
        """Whether another visitor is looking at the wall."""
        recent = time.monotonic() - LEASE_SECONDS
        return any(seen > recent for name, seen in self.leases.items() if name != visitor)


class WallRegistry:
    """All walls of a server. Safe to use from several threads.

    Args:
        start_job: Has walls of one network made, as :meth:`filterviz.service.workspace.Workspace.start` does.
        presence: Tells which visitors have left.
        budget: Tells whether somebody asks for too much; ``None`` for no limit.
    """

    def __init__(
        self, start_job: Callable[..., Job], presence: Presence | None = None, budget: Budget | None = None
    ) -> None:
        self._start_job = start_job
        self._budget = budget
        self._presence = presence or Presence()
        self._lock = threading.Lock()
        self._walls: OrderedDict[_Key, _Entry] = OrderedDict()
        self._stopped: set[tuple[_Key, str]] = set()

    def start(
        self, model: Model, requests: Sequence[Request], visitor: str, *, again: bool = False, paused: bool = False
    ) -> None:
        """Have walls made, unless they are made or being made already.

        Args:
            model: The network.
            requests: One for each wall, in the order in which they are wanted.
            visitor: Who asks.
            again: Whether to begin again those that were stopped or failed before.
            paused: Whether to show what there is already, and to leave the rest until it is asked for without this.

        Raises:
            BadRequest: A request does not fit the model, or it is more than the visitor may ask for.
        """
        if not paused and self._budget is not None:
            wanted = self.unbegun([(model, request) for request in requests])
            self._budget.check(person_of(visitor), wanted)
        with self._lock:
            missing = [request for request in requests if self._is_missing(_key(model, request), visitor, again)]
            if missing:
                job = self._start_job(model, missing, owner=owner_of(visitor, model), paused=paused)
                for index, request in enumerate(missing):
                    self._walls[_key(model, request)] = _Entry(job, index)
            for request in requests:
                key = _key(model, request)
                self._stopped.discard((key, visitor))
                wall = self._walls[key]
                wall.leases[visitor] = time.monotonic()
                if not paused:
                    wall.job.start_computing()
                self._walls.move_to_end(key)
            while len(self._walls) > KEPT_WALLS:
                _, forgotten = self._walls.popitem(last=False)
                if not forgotten.status.over:  # nobody could end it any more
                    forgotten.job.cancel_layer(forgotten.index)
            self._stopped = {item for item in self._stopped if item[0] in self._walls}

    def unbegun(self, walls: Sequence[WallRequest]) -> list[Wanted]:
        """What has yet to be begun of some walls: the missing tiles of those that are not being made."""
        found = []
        with self._lock:
            for model, request in walls:
                wall = self._walls.get(_key(model, request))
                if wall is not None and wall.job.is_computing and not wall.status.over:
                    continue
                there = 0 if wall is None else len(wall.job.snapshot().layers[wall.index].patterns)
                found.append(Wanted(model.spec, request, len(request.filters) - there))
        return found

    def _is_missing(self, key: _Key, visitor: str, again: bool) -> bool:
        """Whether a wall must be started for a visitor: what somebody else stopped is, for whoever comes to it."""
        wall = self._walls.get(key)
        if wall is None:
            return True
        status = wall.status
        stopped_by_others = status is Status.STOPPED and (key, visitor) not in self._stopped
        return stopped_by_others or (again and status in (Status.STOPPED, Status.FAILED))

    def state(self, model: Model, request: Request, visitor: str) -> tuple[LayerState, FiltervizError | None] | None:
        """Where a wall stands, and why its job failed if it did; ``None`` where it was never asked for.

        Args:
            model: The network.
            request: What was asked of one of its layers.
            visitor: Who looks; for a while others cannot stop the wall.
        """
        key = _key(model, request)
        with self._lock:
            wall = self._walls.get(key)
            if wall is None:
                return None
            # Whoever stopped it looks on without wanting more, until they start it again.
            if (key, visitor) not in self._stopped:
                wall.leases[visitor] = time.monotonic()
        state = wall.job.snapshot()
        layer = state.layers[wall.index]
        return layer, state.error if layer.status is Status.FAILED else None

    def standing(self, model: Model, request: Request) -> Standing | None:
        """Where the making of a wall stands in the queue; ``None`` where it neither waits nor is being done."""
        with self._lock:
            wall = self._walls.get(_key(model, request))
        return None if wall is None else wall.job.standing()

    def wait_cached(self, walls: Sequence[WallRequest], seconds: float = CACHED_SECONDS) -> None:
        """Wait a moment for the patterns that exist and only need to be fetched."""
        deadline = time.monotonic() + seconds
        for wall in walls:
            with self._lock:
                entry = self._walls.get(_key(*wall))
            if entry is not None:
                entry.job.wait_cached(max(0.0, deadline - time.monotonic()))

    def prioritize(self, model: Model, request: Request) -> None:
        """Have a wall made before its neighbours, because somebody is looking at where it will be."""
        with self._lock:
            wall = self._walls.get(_key(model, request))
            if wall is not None:
                wall.job.prioritize(wall.index)

    def keep_only(self, walls: Sequence[WallRequest], visitor: str) -> None:
        """A visitor turns to these walls: end and forget what else of theirs is unfinished and nobody else watches."""
        kept = {_key(*wall) for wall in walls}
        with self._lock:
            for key in [key for key, wall in self._walls.items() if visitor in wall.leases and key not in kept]:
                wall = self._walls[key]
                del wall.leases[visitor]
                if not wall.status.over and not wall.is_watched_by_others(visitor):
                    wall.job.cancel_layer(wall.index)
                    del self._walls[key]

    def sweep(self) -> None:
        """End and forget what is unfinished and was wanted by visitors alone who have left; what is finished stays."""
        with self._lock:
            for key, wall in list(self._walls.items()):
                left = [name for name in wall.leases if self._presence.absent_seconds(name) > GRACE_SECONDS]
                for name in left:
                    del wall.leases[name]
                if left and not wall.leases and not wall.status.over:
                    wall.job.cancel_layer(wall.index)
                    del self._walls[key]

    def forget(self, person: str, sha256s: Container[str]) -> list[Job]:
        """End and forget all that is made of some files, and whatever else only this person wants.

        Args:
            person: See :func:`~filterviz.service.presence.person_of`.
            sha256s: The hashes of the files.

        Returns:
            The jobs that were ended, some of which may still take a moment.
        """
        ended = []
        with self._lock:
            for key, wall in list(self._walls.items()):
                theirs = [name for name in wall.leases if person_of(name) == person]
                for visitor in theirs:
                    del wall.leases[visitor]
                alone = theirs and not wall.leases and not wall.status.over
                if alone or wall.job.model.sha256 in sha256s:
                    wall.job.cancel_layer(wall.index)
                    del self._walls[key]
                    ended.append(wall.job)
        return ended

    def leave(self, visitor: str) -> None:
        """A visitor turns to something else altogether."""
        self.keep_only([], visitor)

    def stop(self, walls: Sequence[WallRequest], visitor: str) -> None:
        """Stop the making of walls, at once or when nobody else is looking at them any more.

        Somebody else may be the same visitor before a reload of the page, of whom we only know that nothing is heard.
        """
        left = []
        with self._lock:
            for model, request in walls:
                key = _key(model, request)
                wall = self._walls.get(key)
                if wall is None:
                    continue
                wall.leases.pop(visitor, None)
                self._stopped.add((key, visitor))
                if wall.status.over:
                    continue
                if wall.is_watched_by_others(visitor):
                    left.append((model, request))
                else:
                    wall.job.cancel_layer(wall.index)
        if left:
            timer = threading.Timer(LEASE_SECONDS / 3, self._stop_unless_resumed, (left, visitor))
            timer.daemon = True
            timer.start()

    def _stop_unless_resumed(self, walls: Sequence[WallRequest], visitor: str) -> None:
        with self._lock:
            still = [wall for wall in walls if (_key(*wall), visitor) in self._stopped]
        if still:
            self.stop(still, visitor)


def owner_of(visitor: str, model: Model) -> str:
    """Return whom work is for, as :class:`~filterviz.workers.parent.fair_queue.FairQueue` wants it.

    All that is made for a person is theirs: on each of their pages or beside it, and whichever the network.
    """
    return f"{person_of(visitor)} {visitor} {model.identity[-24:]}"


def _key(model: Model, request: Request) -> _Key:
    return model.identity, request
