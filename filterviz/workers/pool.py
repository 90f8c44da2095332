"""The pool: children shared out among everyone who asks, one for each open model.

A file is read by a child that reads nothing else in its life. A model that was opened for computing keeps its child,
with all that was compiled for it, for as long as it is used; no child ever sees two models.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import EngineFailed, Stopped
from filterviz.settings import Settings
from filterviz.spec import AS_IT_IS, ModelSpec, Opening, Pattern, Progress, Request
from filterviz.workers import dialogue
from filterviz.workers.host import ChildDied, Host
from filterviz.workers.nursery import Nursery
from filterviz.workers.protocol import Role
from filterviz.workers.quarantine import Quarantine
from filterviz.workers.shelf import ModelKey, Resident, Shelf
from filterviz.workers.turns import Turns

READERS = 4
"""Files read at the same time."""

INCOMPLETE = "Some tiles were not made, without a reason given. Try again; the log may say more."


class Pool:
    """Reads files and makes patterns in child processes. A context manager; safe to use from several threads.

    Args:
        settings: the limits, and how many compute at once.

    Attributes:
        holds: names of the limits (see :class:`~filterviz.workers.limits.Limit`) that hold for children on this
            system; empty until the first child is ready.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.holds: tuple[str, ...] = ()
        self._nursery = Nursery(settings)
        self._turns = Turns(settings.workers)
        self._quarantine = Quarantine()
        self._reading = threading.BoundedSemaphore(READERS)
        self._shelf = Shelf(settings, self._nursery)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """From now on keep one child of each kind ready, so that nobody waits for imports. Returns at once."""
        self._nursery.keep_spares()

    def close(self) -> None:
        """End all children at once. What runs fails; may be called again."""
        self._turns.close()
        self._shelf.close()
        self._nursery.close()

    def inspect(self, path: Path, sha256: str, opening: Opening = AS_IT_IS) -> ModelSpec:
        """Read a file in a child of its own.

        Args:
            path: of the file.
            sha256: of its bytes.
            opening: how.

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
                    return dialogue.open_file(host, path, opening)
            finally:
                self._nursery.retire(host)
                self._nursery.replace_spare(Role.READER)

    def run(
        self,
        path: Path,
        sha256: str,
        request: Request,
        *,
        opening: Opening = AS_IT_IS,
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
            opening: see :meth:`inspect`.
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
        key = (sha256, opening, _number_of(path))
        rows = list(range(len(request.filters)))
        while rows:
            before = len(rows)
            part = replace(request, filters=tuple(request.filters[row] for row in rows))
            part_start = None if start is None else start[rows]
            with (
                self._turns.turn(owner, stopped),
                closing(self._take_turn(path, key, part, part_start, stopped, owner)) as events,
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
        resident = self._resident(path, key, stop)
        shown = False
        try:
            patterns = dialogue.make_patterns(
                resident.host, request, start, stop=stop, pause=lambda: self._turns.others_wait(owner)
            )
            with self._blaming(key[0]), closing(patterns):
                for event in patterns:
                    yield event
                    if isinstance(event, Pattern) and not shown:
                        # Not earlier: on a small machine a spare's imports would delay the first tiles.
                        shown = True
                        self._nursery.replace_spare(Role.MODEL)
        finally:
            self._shelf.put(resident)
            self._nursery.replace_spare(Role.MODEL)

    def _resident(self, path: Path, key: ModelKey, stop: Callable[[], bool]) -> Resident:
        """A child that has this model open: one that is there, or a new one."""
        known = self._shelf.take(key, stop)
        if known is not None:
            return known
        self._shelf.make_room()
        host = self._ready(Role.MODEL, stop)
        try:
            with self._blaming(key[0]):
                dialogue.open_file(host, path, key[1], stop=stop)
        except BaseException:
            self._nursery.retire(host)
            raise
        return Resident(host, key, baseline=host.resident_bytes)

    def _ready(self, role: Role, stop: Callable[[], bool]) -> Host:
        """A child that is ready to open a file."""
        host = self._nursery.take(role)
        try:
            self.holds = dialogue.await_ready(host, stop=stop)
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


def _number_of(path: Path) -> int:
    """What tells a file from a copy that has taken its place; 0 where there is none, as the child will say."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
