"""Starts and ends worker processes, and keeps one of each role ready so that nobody waits for its imports."""

from __future__ import annotations

import atexit
import compileall
import logging
import shutil
import tempfile
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from filterviz.errors import EngineFailed
from filterviz.settings import Settings
from filterviz.workers.parent.failures import CLOSING
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.wire.protocol import Role

log = logging.getLogger(__name__)


class ChildSpawner:
    """Starts worker processes, keeps spare ones, and ends them all. Safe to use from several threads.

    On Linux a worker process ends with the *thread* that started it. The page's threads come and go, so one thread of
    the spawner, which lives as long as the spawner itself, starts all of them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="filterviz-"))
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="filterviz-spawner")
        self._lock = threading.Lock()
        self._processes: set[WorkerProcess] = set()
        self._spares: dict[Role, WorkerProcess] = {}
        self._keeps_spares = False
        self._closed = threading.Event()
        self._starter.submit(_compile_package)
        atexit.register(self.close)

    def keep_spares(self) -> None:
        """From now on keep one process of each role ready. Returns at once."""
        self._keeps_spares = True
        for role in Role:
            self.replace_spare(role)

    def replace_spare(self, role: Role) -> None:
        """Start a new spare in the background if spares are kept and this one is missing."""
        if self._keeps_spares and not self._closed.is_set():
            # The program may be about to end, and then no spare is needed.
            with suppress(RuntimeError):
                self._starter.submit(self._make_spare, role)

    def take(self, role: Role) -> WorkerProcess:
        """A process that has not opened a file: the spare, or a new one. It may still be doing its imports.

        Raises:
            EngineFailed: No process can be started.
        """
        with self._lock:
            spare = self._spares.pop(role, None)
        if spare is not None:
            if spare.alive:
                return spare
            self.retire(spare)
        try:
            return self._starter.submit(self._start, role).result()
        except (RuntimeError, CancelledError):
            raise EngineFailed(CLOSING) from None

    def give_back(self, process: WorkerProcess) -> None:
        """Take back a process that has not opened a file, as the spare if there is none."""
        with self._lock:
            if process.alive and process.role not in self._spares and not self._closed.is_set():
                self._spares[process.role] = process
                return
        self.retire(process)

    def retire(self, process: WorkerProcess) -> None:
        """End a process and release what it holds."""
        process.close()
        with self._lock:
            self._processes.discard(process)

    def close(self) -> None:
        """End all processes. No more can be started."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed.set()
            self._spares.clear()
            processes = tuple(self._processes)
        for process in processes:
            process.kill()
        self._starter.shutdown(wait=True, cancel_futures=True)
        for process in processes:
            self.retire(process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, role: Role) -> WorkerProcess:
        if self._closed.is_set():
            raise EngineFailed(CLOSING)
        process = WorkerProcess(role, self._settings, self._folder)
        with self._lock:
            if not self._closed.is_set():
                self._processes.add(process)
                return process
        # The spawner has been closed meanwhile.
        process.close()
        raise EngineFailed(CLOSING)

    def _make_spare(self, role: Role) -> None:
        with self._lock:
            if role in self._spares and self._spares[role].alive:
                return
        try:
            process = self._start(role)
        except EngineFailed as error:
            if not self._closed.is_set():
                log.warning("No spare worker process could be started: %s", error)
            return
        self.give_back(process)


def _compile_package() -> None:
    """Write the compiled modules. Worker processes may not write them, and without them would start slowly."""
    compileall.compile_dir(Path(__file__).parents[2], quiet=2)
