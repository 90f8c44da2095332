"""The pool of worker processes, shared fairly between everyone who asks.

A file is read by a worker that reads nothing else in its life. A model that was opened for computing keeps its worker,
with everything that was compiled for it, as long as it is used. No worker ever sees two models.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest, EngineFailed, Stopped
from filterviz.settings import MIB, Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Standing, Unfinished
from filterviz.workers.parent.client import WorkerClient, never_stop
from filterviz.workers.parent.connection import Poll
from filterviz.workers.parent.failures import Quarantine
from filterviz.workers.parent.fair_queue import FairQueue
from filterviz.workers.parent.idle_workers import IdleWorkers, LoadedWorker, ModelKey
from filterviz.workers.parent.left_tiles import LeftTiles
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.parent.spawner import ChildSpawner
from filterviz.workers.wire.protocol import MAX_PAYLOAD, Role

READERS = 4
"""Files that are read at the same time."""

PART_BYTES = 64 * MIB
"""The inputs of one question in bytes. A worker holds no more of them at a time, and gives up its slot after them."""

LARGEST_INPUT = "One input takes {size} MiB, and {limit} is the most that can be given."
LARGEST_BATCH = (
    "This network computes each output from its whole batch, so all inputs are given to it at once; they take {size} "
    "MiB, and {limit} is the most. Give fewer inputs."
)
NOT_COMPUTED = "Some outputs were not computed, without a reason given. Try again; the log may say more."
INCOMPLETE = "Some tiles were not made, without a reason given. Try again; the log may say more."


class Pool:
    """Reads files, makes patterns and runs networks in worker processes.

    A context manager; safe to use from several threads.

    Args:
        settings: The limits.
        spend: Told after each turn whose it was, and for how many seconds it lasted.
    """

    def __init__(self, settings: Settings, spend: Callable[[str, float], None] = lambda owner, seconds: None) -> None:
        self.settings = settings
        self._spawner = ChildSpawner(settings)
        self._queue = FairQueue(settings.workers, spend)
        self._quarantine = Quarantine()
        self._reading = threading.BoundedSemaphore(READERS)
        self._idle = IdleWorkers(settings, self._spawner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """From now on keep one worker of each role ready, so that nobody waits for imports. Returns at once."""
        self._spawner.keep_spares()

    def close(self) -> None:
        """End all workers at once. Everything that runs fails. May be called again."""
        self._queue.close()
        self._idle.close()
        self._spawner.close()

    def inspect(self, path: Path, sha256: str, load_options: LoadOptions = DEFAULT_LOAD) -> ModelSpec:
        """Read a file, whose bytes have this sha256, in a worker of its own.

        Raises:
            Refused: The file cannot be opened, or has already ended two processes.
            BadRequest: The worker cannot read the file.
            EngineFailed: The worker ended; :class:`~filterviz.errors.TimedOut` if it took too long.
        """
        self._quarantine.check(sha256)
        with self._reading:
            process, client = self._start_worker(Role.READER, never_stop)
            try:
                with self._quarantine.watch(sha256):
                    return client.open_file(path, load_options)
            finally:
                self._spawner.retire(process)
                self._spawner.replace_spare(Role.READER)

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
    ) -> Generator[Progress | Pattern, None, None]:
        """Make the patterns of one request as soon as the queue allows.

        While other owners wait, the worker is given up when the turn is over, between two steps, and the rest waits
        again. The tiles that had been begun go on from where they were.

        ``path``, ``sha256`` and ``load_options`` are as for :meth:`inspect`. ``owner`` says who asks: owners share the
        workers equally. ``start`` holds start images, ``[n, height, width, channels]``, one for each filter. ``stop``
        may be set at any time, also while the request waits.

        Yields:
            Progress and patterns as they come. Closing the generator stops the work.

        Raises:
            Stopped: ``stop`` was set. Everything that was finished has been yielded.
            BadRequest, Refused, EngineFailed: See :meth:`inspect`.
        """
        stopped = never_stop if stop is None else stop.is_set
        key = (sha256, load_options, _inode(path))
        rows = list(range(len(request.filters)))
        with LeftTiles(self.settings.cache_dir) as left:
            while rows:
                before = len(rows)
                part = replace(request, filters=tuple(request.filters[row] for row in rows))
                part_start = None if start is None else start[rows]
                with (
                    self._queue.slot(owner, stopped) as turn,
                    self._loaded_worker(path, key, stopped) as client,
                    closing(
                        client.make_patterns(part, part_start, stop=stopped, pause=turn.is_over, resume=left.take())
                    ) as events,
                ):
                    for event in events:
                        turn.begin()
                        if isinstance(event, Unfinished):
                            left.put(event)
                            continue
                        is_first = isinstance(event, Pattern) and len(rows) == before
                        if isinstance(event, Pattern):
                            rows.remove(next(row for row in rows if request.filters[row] == event.filter))
                        yield event
                        if is_first:
                            # Not earlier: on a small machine the imports of a spare would delay the first tiles.
                            self._spawner.replace_spare(Role.MODEL)
                if len(rows) == before and not left:
                    raise EngineFailed(INCOMPLETE)

    def forget(self, sha256s: Container[str]) -> None:
        """End the workers that have one of these files open and nothing to do."""
        self._idle.forget(sha256s)

    def standing(self, owner: str) -> Standing | None:
        """Where the work of an owner stands in the queue; ``None`` where it neither waits nor is being done."""
        return self._queue.standing(owner)

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
        """Run the whole network of a file, which is ``spec``, as soon as the queue allows.

        ``inputs`` holds an array for each input of the network, all with the same number of examples, at least one. For
        the other arguments see :meth:`run`.

        Yields:
            For one batch of examples after another, an array for each output that can be computed. Closing the
            generator stops the work.

        Raises:
            Stopped, BadRequest, Refused, EngineFailed: See :meth:`run`.
        """
        stopped = never_stop if stop is None else stop.is_set
        key = (sha256, load_options, _inode(path))
        shapes = [spec.nodes[node].file_shape for node in spec.outputs]
        done, count = 0, len(inputs[0])
        rows = _rows_of_question(inputs, spec.whole_batch)
        while done < count:
            part = [np.ascontiguousarray(array[done : done + rows]) for array in inputs]
            before = done
            with (
                self._queue.slot(owner, stopped) as turn,
                self._loaded_worker(path, key, stopped) as client,
                closing(client.compute_outputs(part, shapes, stop=stopped, pause=turn.is_over)) as answers,
            ):
                for answer in answers:
                    turn.begin()
                    done += len(answer.arrays[0])
                    yield answer.arrays
            if done == before:
                raise EngineFailed(NOT_COMPUTED)

    @contextmanager
    def _loaded_worker(self, path: Path, key: ModelKey, stop: Poll) -> Iterator[WorkerClient]:
        """Use a worker that has this model open, and keep it afterwards."""
        self._quarantine.check(key[0])
        worker = self._idle.take(key, stop) or self._open(path, key, stop)
        try:
            with self._quarantine.watch(key[0]):
                yield worker.client
        finally:
            self._idle.put(worker)
            self._spawner.replace_spare(Role.MODEL)

    def _open(self, path: Path, key: ModelKey, stop: Poll) -> LoadedWorker:
        """Start a worker and have it open a model."""
        self._idle.make_room()
        process, client = self._start_worker(Role.MODEL, stop)
        try:
            with self._quarantine.watch(key[0]):
                client.open_file(path, key[1], stop=stop)
        except BaseException:
            self._spawner.retire(process)
            raise
        return LoadedWorker(process, client, key, baseline=process.resident_bytes)

    def _start_worker(self, role: Role, stop: Poll) -> tuple[WorkerProcess, WorkerClient]:
        """A worker that is ready to open a file."""
        process = self._spawner.take(role)
        client = WorkerClient(process, self.settings)
        try:
            client.await_ready(stop=stop)
        except Stopped:
            self._spawner.give_back(process)
            raise
        except BaseException:
            self._spawner.retire(process)
            raise
        return process, client


def _rows_of_question(inputs: Sequence[NDArray[np.float32]], whole_batch: bool) -> int:
    """How many examples go into one question.

    Raises:
        BadRequest: Not even one does, or not all of those that must be computed together.
    """
    count, size = len(inputs[0]), sum(array.nbytes for array in inputs)
    least = size if whole_batch else -(-size // count)
    if least > MAX_PAYLOAD:
        sentence = LARGEST_BATCH if whole_batch else LARGEST_INPUT
        raise BadRequest(sentence.format(size=least // MIB, limit=MAX_PAYLOAD // MIB))
    return count if whole_batch else max(1, PART_BYTES * count // max(1, size))


def _inode(path: Path) -> int:
    """Distinguishes a file from a copy that takes its place later; 0 where there is no file, as the worker will say."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
