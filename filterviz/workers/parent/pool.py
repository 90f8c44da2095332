"""The pool: children shared out among everyone who asks, one for each open model.

A file is read by a child that reads nothing else in its life. A model that was opened for computing keeps its child,
with all that was compiled for it, for as long as it is used; no child ever sees two models.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest, EngineFailed, Stopped
from filterviz.settings import MIB, Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Shape
from filterviz.workers.parent import client
from filterviz.workers.parent.fair_queue import FairQueue
from filterviz.workers.parent.idle_workers import IdleWorkers, LoadedWorker, ModelKey
from filterviz.workers.parent.process import ChildDied, Host
from filterviz.workers.parent.quarantine import Quarantine
from filterviz.workers.parent.spawner import ChildSpawner
from filterviz.workers.wire.protocol import MAX_PAYLOAD, Outputs, Role

READERS = 4
"""Files read at the same time."""

PART_BYTES = 64 * MIB
"""Inputs of one question: a child holds no more of them at a time, and its turn ends with them."""

LARGEST_INPUT = "One input takes {size} MiB, and {limit} is the most that can be given."
LARGEST_BATCH = (
    "This network computes each output from its whole batch, so all inputs are given to it at once; they take {size} "
    "MiB, and {limit} is the most. Give fewer inputs."
)
NOT_COMPUTED = "Some outputs were not computed, without a reason given. Try again; the log may say more."
INCOMPLETE = "Some tiles were not made, without a reason given. Try again; the log may say more."


class Pool:
    """Reads files, makes patterns and runs networks in child processes.

    A context manager; safe to use from several threads.

    Args:
        settings: the limits, and how many compute at once.

    Attributes:
        holds: names of the limits (see :class:`~filterviz.workers.child.limits.Limit`) that hold for children on this
            system; empty until the first child is ready.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.holds: tuple[str, ...] = ()
        self._nursery = ChildSpawner(settings)
        self._turns = FairQueue(settings.workers)
        self._quarantine = Quarantine()
        self._reading = threading.BoundedSemaphore(READERS)
        self._shelf = IdleWorkers(settings, self._nursery)

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

    def inspect(self, path: Path, sha256: str, load_options: LoadOptions = DEFAULT_LOAD) -> ModelSpec:
        """Read a file in a child of its own.

        Args:
            path: of the file.
            sha256: of its bytes.
            load_options: how.

        Raises:
            Refused: it cannot be opened, or has ended two processes already.
            BadRequest: the child cannot read it.
            EngineFailed: the child died; :class:`~filterviz.errors.TimedOut` where it took too long.
        """
        self._quarantine.check(sha256)
        with self._reading:
            host = self._ready(Role.READER, client.never)
            try:
                with self._blaming(sha256):
                    return client.open_file(host, path, load_options)
            finally:
                self._nursery.retire(host)
                self._nursery.replace_spare(Role.READER)

    def run(
        self,
        path: Path,
        sha256: str,
        request: Request,
        *,
        load_options: LoadOptions = DEFAULT_LOAD,
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
            load_options: see :meth:`inspect`.
            owner: whom it is for; owners get their turns in equal shares.
            start: start pictures, ``[n, height, width, channels]``, one for each filter.
            stop: may be set at any time, also while waiting.

        Yields:
            Progress and patterns as they come. Closing the generator stops the work.

        Raises:
            Stopped: ``stop`` was set; what was finished has been yielded.
            BadRequest, Refused, EngineFailed: see :meth:`inspect`.
        """
        stopped = client.never if stop is None else stop.is_set
        key = (sha256, load_options, _number_of(path))
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

    def outputs(
        self,
        path: Path,
        sha256: str,
        spec: ModelSpec,
        inputs: Sequence[NDArray[np.float32]],
        *,
        load_options: LoadOptions = DEFAULT_LOAD,
        owner: str = "",
        stop: threading.Event | None = None,
    ) -> Generator[tuple[NDArray[np.float32], ...], None, None]:
        """Run a whole network, when it is the owner's turn.

        Args:
            path: of the model's file.
            sha256: of its bytes.
            spec: what is in it.
            inputs: an array for each of its inputs, all of them with the same number of examples, at least one.
            load_options: see :meth:`inspect`.
            owner: whom it is for; owners get their turns in equal shares.
            stop: may be set at any time, also while waiting.

        Yields:
            For the next so many examples, in order, an array for each output that can be computed. Closing the
            generator stops the work.

        Raises:
            Stopped: ``stop`` was set.
            BadRequest, Refused, EngineFailed: see :meth:`inspect`.
        """
        stopped = client.never if stop is None else stop.is_set
        key = (sha256, load_options, _number_of(path))
        shapes = [spec.nodes[node].file_shape for node in spec.outputs]
        done, count = 0, len(inputs[0])
        rows = _rows_of_question(inputs, spec.whole_batch)
        while done < count:
            part = [np.ascontiguousarray(array[done : done + rows]) for array in inputs]
            before = done
            with (
                self._turns.turn(owner, stopped),
                closing(self._compute(path, key, part, shapes, stopped, owner)) as events,
            ):
                for event in events:
                    done += len(event.arrays[0])
                    yield event.arrays
            if done == before:
                raise EngineFailed(NOT_COMPUTED)

    def _compute(
        self,
        path: Path,
        key: ModelKey,
        inputs: Sequence[NDArray[np.float32]],
        shapes: Sequence[Shape | None],
        stop: Callable[[], bool],
        owner: str,
    ) -> Generator[Outputs, None, None]:
        """Run a network on some examples until all are done or, after a batch, others wait."""
        self._quarantine.check(key[0])
        resident = self._resident(path, key, stop)
        try:
            answers = client.compute_outputs(
                resident.host, inputs, shapes, stop=stop, pause=lambda: self._turns.others_wait(owner)
            )
            with self._blaming(key[0]), closing(answers):
                yield from answers
        finally:
            self._shelf.put(resident)
            self._nursery.replace_spare(Role.MODEL)

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
            patterns = client.make_patterns(
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

    def _resident(self, path: Path, key: ModelKey, stop: Callable[[], bool]) -> LoadedWorker:
        """A child that has this model open: one that is there, or a new one."""
        known = self._shelf.take(key, stop)
        if known is not None:
            return known
        self._shelf.make_room()
        host = self._ready(Role.MODEL, stop)
        try:
            with self._blaming(key[0]):
                client.open_file(host, path, key[1], stop=stop)
        except BaseException:
            self._nursery.retire(host)
            raise
        return LoadedWorker(host, key, baseline=host.resident_bytes)

    def _ready(self, role: Role, stop: Callable[[], bool]) -> Host:
        """A child that is ready to open a file."""
        host = self._nursery.take(role)
        try:
            self.holds = client.await_ready(host, stop=stop)
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


def _rows_of_question(inputs: Sequence[NDArray[np.float32]], whole: bool) -> int:
    """How many examples go into one question.

    Raises:
        BadRequest: not one does, or not all that must be computed together.
    """
    count, size = len(inputs[0]), sum(array.nbytes for array in inputs)
    least = size if whole else -(-size // count)
    if least > MAX_PAYLOAD:
        sentence = LARGEST_BATCH if whole else LARGEST_INPUT
        raise BadRequest(sentence.format(size=least // MIB, limit=MAX_PAYLOAD // MIB))
    return count if whole else max(1, PART_BYTES * count // max(1, size))


def _number_of(path: Path) -> int:
    """What tells a file from a copy that has taken its place; 0 where there is none, as the child will say."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
