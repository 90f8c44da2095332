"""The pool: children shared out among everyone who asks, one for each open model.

A file is read by a child that reads nothing else in its life. A model that was opened for computing keeps its child,
with all that was compiled for it, for as long as it is used; no child ever sees two models.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import EngineFailed, Stopped
from filterviz.settings import GIB, Settings
from filterviz.spec import ModelSpec, Pattern, Progress, Request
from filterviz.workers import dialogue
from filterviz.workers.host import ChildDied, Host
from filterviz.workers.nursery import Nursery
from filterviz.workers.protocol import Role
from filterviz.workers.quarantine import Quarantine
from filterviz.workers.turns import Turns

READERS = 4
"""Files read at the same time."""

RUNS = 50
"""After so many runs a child is replaced: whatever a library forgets to give back goes with it."""

GROWTH = GIB
"""A child that has grown by more than this, beside a batch's memory, is replaced."""

LONGEST_SWEEP = 5.0
SHORTEST_SWEEP = 0.05

INCOMPLETE = "Some tiles were not made, without a reason given. Try again; the log may say more."

ModelKey = tuple[str, str | None]
"""The sha256 of a file and the architecture it is opened as."""


@dataclass(slots=True, eq=False)
class _Resident:
    """A child with an open model.

    Attributes:
        host: of the child.
        key: of the model.
        baseline: memory it occupied once the model was open.
        runs: it has done.
        unused_since: on the monotonic clock.
    """

    host: Host
    key: ModelKey
    baseline: int
    runs: int = 0
    unused_since: float = 0.0


class Pool:
    """Reads files and makes patterns in child processes. A context manager; safe to use from several threads.

    Args:
        settings: the limits, and how many compute at once.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._nursery = Nursery(settings)
        self._turns = Turns(settings.workers)
        self._quarantine = Quarantine()
        self._reading = threading.BoundedSemaphore(READERS)
        self._lock = threading.Lock()
        self._unused: list[_Resident] = []
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="filterviz-sweeper", daemon=True)
        self._sweeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """From now on keep one child of each kind ready, so that nobody waits for imports. Returns at once."""
        self._nursery.keep_spares()

    def close(self) -> None:
        """End all children at once. What runs fails; may be called again."""
        self._closed.set()
        self._turns.close()
        self._nursery.close()
        self._sweeper.join()

    def inspect(self, path: Path, sha256: str, architecture: str | None = None) -> ModelSpec:
        """Read a file in a child of its own.

        Args:
            path: of the file.
            sha256: of its bytes.
            architecture: the ``keras.applications`` network to open a file of bare weights as.

        Raises:
            Refused: it cannot be opened, or has ended two processes already.
            BadRequest: the child cannot read it.
            EngineFailed: the child died; :class:`~filterviz.errors.TimedOut` where it took too long.
        """
        self._quarantine.check(sha256)
        with self._reading:
            host = self._ready(Role.READER, dialogue.never)
            try:
                with self._blaming(sha256):
                    return dialogue.open_file(host, path, architecture)
            finally:
                self._nursery.retire(host)
                self._nursery.replace_spare(Role.READER)

    def run(
        self,
        path: Path,
        sha256: str,
        request: Request,
        *,
        architecture: str | None = None,
        owner: str = "",
        start: NDArray[np.float32] | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Progress | Pattern]:
        """Make the patterns of one request, when it is the owner's turn.

        While others wait, a turn ends with a batch of tiles; the rest of the request waits for the next turn.

        Args:
            path: of the model's file.
            sha256: of its bytes.
            request: what is asked.
            architecture: see :meth:`inspect`.
            owner: whom it is for; owners get their turns in equal shares.
            start: start pictures, ``[n, height, width, channels]``, one for each filter.
            stop: may be set at any time, also while waiting.

        Yields:
            Progress and patterns as they come. Closing the generator stops the work.

        Raises:
            Stopped: ``stop`` was set; what was finished has been yielded.
            BadRequest, Refused, EngineFailed: see :meth:`inspect`.
        """
        stopped = dialogue.never if stop is None else stop.is_set
        rows = list(range(len(request.filters)))
        while rows:
            before = len(rows)
            part = replace(request, filters=tuple(request.filters[row] for row in rows))
            part_start = None if start is None else start[rows]
            with (
                self._turns.turn(owner, stopped),
                closing(self._take_turn(path, (sha256, architecture), part, part_start, stopped, owner)) as events,
            ):
                for event in events:
                    if isinstance(event, Pattern):
                        rows.remove(next(row for row in rows if request.filters[row] == event.filter))
                    yield event
            if len(rows) == before:
                raise EngineFailed(INCOMPLETE)

    def _take_turn(
        self,
        path: Path,
        key: ModelKey,
        request: Request,
        start: NDArray[np.float32] | None,
        stop: Callable[[], bool],
        owner: str,
    ) -> Generator[Progress | Pattern, None, None]:
        """Make patterns until all are made or, after a batch, others wait."""
        self._quarantine.check(key[0])
        with self._blaming(key[0]):
            resident = self._checkout(path, key, stop)
            shown = False
            try:
                patterns = dialogue.make_patterns(
                    resident.host, request, start, stop=stop, pause=lambda: self._turns.others_wait(owner)
                )
                with closing(patterns):
                    for event in patterns:
                        yield event
                        if isinstance(event, Pattern) and not shown:
                            # Not earlier: on a small machine a spare's imports would delay the first tiles.
                            shown = True
                            self._nursery.replace_spare(Role.MODEL)
            finally:
                self._checkin(resident)
                self._nursery.replace_spare(Role.MODEL)

    def _checkout(self, path: Path, key: ModelKey, stop: Callable[[], bool]) -> _Resident:
        """A child that has this model open: one that is there, or a new one."""
        with self._lock:
            known = next((resident for resident in self._unused if resident.key == key), None)
            if known is not None:
                self._unused.remove(known)
        if known is not None:
            try:
                settled = dialogue.settle(known.host, stop=stop)
            except Stopped:
                self._put_away(known)
                raise
            if settled:
                return known
            self._nursery.retire(known.host)
        self._trim(self.settings.kept_models - 1)
        host = self._ready(Role.MODEL, stop)
        try:
            dialogue.open_file(host, path, key[1], stop=stop)
        except BaseException:
            self._nursery.retire(host)
            raise
        return _Resident(host, key, baseline=host.resident_bytes)

    def _checkin(self, resident: _Resident) -> None:
        """Take a child back after a run, and replace it when it is spent."""
        resident.runs += 1
        resident.unused_since = time.monotonic()
        allowance = resident.baseline + self.settings.batch_bytes + GROWTH
        spent = resident.runs >= RUNS or resident.host.resident_bytes > allowance
        if spent:
            self._nursery.retire(resident.host)
        else:
            self._put_away(resident)

    def _put_away(self, resident: _Resident) -> None:
        """Keep a child for the next question about its model."""
        if not resident.host.alive or self._closed.is_set():
            self._nursery.retire(resident.host)
            return
        with self._lock:
            self._unused.append(resident)
        self._trim(self.settings.kept_models)

    def _trim(self, count: int) -> None:
        """Keep so many unused children, those used last."""
        with self._lock:
            surplus = self._unused[: max(0, len(self._unused) - max(0, count))]
            del self._unused[: len(surplus)]
        for resident in surplus:
            self._nursery.retire(resident.host)

    def _sweep(self) -> None:
        """End children that nobody has used for a while, or that do not stop."""
        pause = min(max(self.settings.idle_seconds / 4, SHORTEST_SWEEP), LONGEST_SWEEP)
        while not self._closed.wait(pause):
            with self._lock:
                useless = [resident for resident in self._unused if self._is_useless(resident)]
                self._unused = [resident for resident in self._unused if resident not in useless]
            for resident in useless:
                self._nursery.retire(resident.host)

    def _is_useless(self, resident: _Resident) -> bool:
        age = time.monotonic() - resident.unused_since
        settled = dialogue.settle(resident.host, SHORTEST_SWEEP)
        return age > self.settings.idle_seconds or (not settled and age > dialogue.SETTLE_SECONDS)

    def _ready(self, role: Role, stop: Callable[[], bool]) -> Host:
        """A child that is ready to open a file."""
        host = self._nursery.take(role)
        try:
            dialogue.await_ready(host, stop=stop)
        except Stopped:
            self._nursery.give_back(host)
            raise
        except BaseException:
            self._nursery.retire(host)
            raise
        return host

    @contextmanager
    def _blaming(self, sha256: str) -> Iterator[None]:
        """Hold the file responsible for a child that dies over it."""
        try:
            yield
        except ChildDied as death:
            if death.violently:
                self._quarantine.note(sha256)
            raise
