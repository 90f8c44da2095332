"""Children with an open model that nobody asks about just now: kept for the next question, but not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from filterviz.errors import Stopped
from filterviz.settings import GIB, Settings
from filterviz.spec import LoadOptions
from filterviz.workers.parent import client
from filterviz.workers.parent.process import Host
from filterviz.workers.parent.spawner import ChildSpawner

RUNS = 50
"""After so many runs a child is replaced: whatever a library forgets to give back goes with it."""

GROWTH = GIB
"""A child that has grown by more than this, beside a batch's memory, is replaced."""

LONGEST_SWEEP = 5.0
SHORTEST_SWEEP = 0.05

ModelKey = tuple[str, LoadOptions, int]
"""The sha256 of a file, how it is opened, and its number on the disk: a child may read no other file, not even a copy
that has taken the place of its own."""


@dataclass(slots=True, eq=False)
class LoadedWorker:
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


class IdleWorkers:
    """The unused children, those used last at the end. Safe to use from several threads.

    Args:
        settings: how many are kept, and how long.
        nursery: which ends those that are not.
    """

    def __init__(self, settings: Settings, nursery: ChildSpawner) -> None:
        self._settings = settings
        self._nursery = nursery
        self._lock = threading.Lock()
        self._residents: list[LoadedWorker] = []
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="filterviz-sweeper", daemon=True)
        self._sweeper.start()

    def take(self, key: ModelKey, stop: Callable[[], bool]) -> LoadedWorker | None:
        """The child that has this model open, ready to be asked; ``None`` where there is none.

        Raises:
            Stopped: ``stop`` said so while the child had still to settle.
        """
        with self._lock:
            resident = next((resident for resident in self._residents if resident.key == key), None)
            if resident is None:
                return None
            self._residents.remove(resident)
        try:
            settled = client.settle(resident.host, stop=stop)
        except Stopped:
            self._keep(resident)
            raise
        if settled:
            return resident
        self._nursery.retire(resident.host)
        return None

    def put(self, resident: LoadedWorker) -> None:
        """Keep a child after a run, or end it when it is spent."""
        resident.runs += 1
        resident.unused_since = time.monotonic()
        allowance = resident.baseline + self._settings.batch_bytes + GROWTH
        if resident.runs >= RUNS or resident.host.resident_bytes > allowance:
            self._nursery.retire(resident.host)
        else:
            self._keep(resident)

    def make_room(self) -> None:
        """Before one more model is opened, end the longest unused child if the shelf is full."""
        self._trim(self._settings.kept_models - 1)

    def close(self) -> None:
        """Keep nothing any more. The nursery ends the children."""
        self._closed.set()
        self._sweeper.join()

    def _keep(self, resident: LoadedWorker) -> None:
        if not resident.host.alive or self._closed.is_set():
            self._nursery.retire(resident.host)
            return
        with self._lock:
            self._residents.append(resident)
        self._trim(self._settings.kept_models)

    def _trim(self, count: int) -> None:
        with self._lock:
            surplus = self._residents[: max(0, len(self._residents) - max(0, count))]
            del self._residents[: len(surplus)]
        for resident in surplus:
            self._nursery.retire(resident.host)

    def _sweep(self) -> None:
        """End children that nobody has used for a while, or that do not stop."""
        pause = min(max(self._settings.idle_seconds / 4, SHORTEST_SWEEP), LONGEST_SWEEP)
        while not self._closed.wait(pause):
            with self._lock:
                useless = [resident for resident in self._residents if self._is_useless(resident)]
                self._residents = [resident for resident in self._residents if resident not in useless]
            for resident in useless:
                self._nursery.retire(resident.host)

    def _is_useless(self, resident: LoadedWorker) -> bool:
        age = time.monotonic() - resident.unused_since
        settled = client.settle(resident.host, SHORTEST_SWEEP)
        return age > self._settings.idle_seconds or (not settled and age > client.SETTLE_SECONDS)
