"""Workers with an open model that nobody is using: kept for the next question, but not without limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Container
from dataclasses import dataclass

from filterviz.errors import Stopped
from filterviz.settings import GIB, Settings
from filterviz.spec import LoadOptions
from filterviz.workers.parent.client import LAST_ANSWER_SECONDS, WorkerClient
from filterviz.workers.parent.connection import Poll
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.parent.spawner import ChildSpawner

MAX_RUNS = 50
"""A worker is replaced after this many runs, which releases whatever memory its libraries have lost."""

MAX_GROWTH = GIB
"""A worker is replaced once it has grown by more than this, in addition to the memory of a batch."""

LONGEST_SWEEP_SECONDS = 5.0
SHORTEST_SWEEP_SECONDS = 0.05

ModelKey = tuple[str, LoadOptions, int]
"""The sha256 of a file, how it is opened, and its inode. A worker may read one file only, and a copy that has taken the
place of that file is another one."""


@dataclass(slots=True, eq=False)
class LoadedWorker:
    """A worker with an open model.

    Attributes:
        process, client: The process, and the client that asks it.
        key: The model that it has open.
        baseline: The memory in bytes that it occupied when the model had been opened.
        runs: The number of runs that it has done.
        unused_since: The end of its last run, on the monotonic clock.
    """

    process: WorkerProcess
    client: WorkerClient
    key: ModelKey
    baseline: int
    runs: int = 0
    unused_since: float = 0.0


class IdleWorkers:
    """The idle workers, the most recently used last. The spawner ends those that are not kept.

    Safe to use from several threads.
    """

    def __init__(self, settings: Settings, spawner: ChildSpawner) -> None:
        self._settings = settings
        self._spawner = spawner
        self._lock = threading.Lock()
        self._workers: list[LoadedWorker] = []
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="filterviz-sweeper", daemon=True)
        self._sweeper.start()

    def take(self, key: ModelKey, stop: Poll) -> LoadedWorker | None:
        """The worker that has this model open, ready to be asked; ``None`` if there is none.

        Raises:
            Stopped: ``stop`` returned true while the worker still had to finish its last run.
        """
        with self._lock:
            worker = next((worker for worker in self._workers if worker.key == key), None)
            if worker is None:
                return None
            self._workers.remove(worker)
        try:
            usable = worker.client.finish_abandoned_run(stop=stop)
        except Stopped:
            self._keep(worker)
            raise
        if usable:
            return worker
        self._spawner.retire(worker.process)
        return None

    def put(self, worker: LoadedWorker) -> None:
        """Keep a worker after a run, or end it if it has done enough."""
        worker.runs += 1
        worker.unused_since = time.monotonic()
        allowance = worker.baseline + self._settings.batch_bytes + MAX_GROWTH
        if worker.runs >= MAX_RUNS or worker.process.resident_bytes > allowance:
            self._spawner.retire(worker.process)
        else:
            self._keep(worker)

    def make_room(self) -> None:
        """End the least recently used worker if one more would be too many. Call this before a model is opened."""
        self._trim(self._settings.kept_models - 1)

    def forget(self, sha256s: Container[str]) -> None:
        """End the workers that have one of these files open."""
        with self._lock:
            theirs = [worker for worker in self._workers if worker.key[0] in sha256s]
            self._workers = [worker for worker in self._workers if worker not in theirs]
        for worker in theirs:
            self._spawner.retire(worker.process)

    def close(self) -> None:
        """Keep no more workers. The spawner ends those that are here."""
        self._closed.set()
        self._sweeper.join()

    def _keep(self, worker: LoadedWorker) -> None:
        if not worker.process.alive or self._closed.is_set():
            self._spawner.retire(worker.process)
            return
        with self._lock:
            self._workers.append(worker)
        self._trim(self._settings.kept_models)

    def _trim(self, count: int) -> None:
        with self._lock:
            surplus = self._workers[: max(0, len(self._workers) - max(0, count))]
            del self._workers[: len(surplus)]
        for worker in surplus:
            self._spawner.retire(worker.process)

    def _sweep(self) -> None:
        """End workers that nobody has used for a while, and those that do not finish an abandoned run."""
        interval = min(max(self._settings.idle_seconds / 4, SHORTEST_SWEEP_SECONDS), LONGEST_SWEEP_SECONDS)
        while not self._closed.wait(interval):
            with self._lock:
                useless = [worker for worker in self._workers if self._is_useless(worker)]
                self._workers = [worker for worker in self._workers if worker not in useless]
            for worker in useless:
                self._spawner.retire(worker.process)

    def _is_useless(self, worker: LoadedWorker) -> bool:
        age = time.monotonic() - worker.unused_since
        usable = worker.client.finish_abandoned_run(SHORTEST_SWEEP_SECONDS)
        return age > self._settings.idle_seconds or (not usable and age > LAST_ANSWER_SECONDS)
