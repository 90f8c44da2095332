"""Where children are started: from one thread that lives as long as they do, with one of each kind kept ready."""

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
from filterviz.workers.parent.process import ENDED, Host
from filterviz.workers.wire.protocol import Role

log = logging.getLogger(__name__)


class ChildSpawner:
    """Starts children, keeps spares, and ends them all. Safe to use from several threads.

    On Linux a child dies with the *thread* that started it. The page's threads come and go, so children are started
    by a thread of the nursery's own.

    Args:
        settings: the children's limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="filterviz-"))
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="filterviz-nursery")
        self._lock = threading.Lock()
        self._hosts: set[Host] = set()
        self._spares: dict[Role, Host] = {}
        self._keeps_spares = False
        self._closed = False
        self._starter.submit(_compile_package)
        atexit.register(self.close)

    def keep_spares(self) -> None:
        """From now on have a child of each kind ready. Returns at once."""
        self._keeps_spares = True
        for role in Role:
            self.replace_spare(role)

    def replace_spare(self, role: Role) -> None:
        """Start a new spare in the background where one is missing and wanted."""
        if self._keeps_spares and not self._closed:
            # The program may begin to end right here; then nobody misses the spare.
            with suppress(RuntimeError):
                self._starter.submit(self._make_spare, role)

    def take(self, role: Role) -> Host:
        """A child that has opened nothing: the spare, or a new one. It may still be getting ready.

        Raises:
            EngineFailed: none can be started.
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
            raise EngineFailed(ENDED) from None

    def give_back(self, host: Host) -> None:
        """Take back a child that has opened nothing."""
        with self._lock:
            if host.alive and host.role not in self._spares and not self._closed:
                self._spares[host.role] = host
                return
        self.retire(host)

    def retire(self, host: Host) -> None:
        """End a child."""
        host.close()
        with self._lock:
            self._hosts.discard(host)

    def close(self) -> None:
        """End all children. Nothing can be started afterwards."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            self._spares.clear()
            hosts = tuple(self._hosts)
        for host in hosts:
            host.kill()
        self._starter.shutdown(wait=True, cancel_futures=True)
        for host in hosts:
            self.retire(host)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, role: Role) -> Host:
        if self._closed:
            raise EngineFailed(ENDED)
        host = Host(role, self._settings, self._folder)
        if not self._adopt(host):
            host.close()
            raise EngineFailed(ENDED)
        return host

    def _adopt(self, host: Host) -> bool:
        """Answer for a child from now on, unless it is too late."""
        with self._lock:
            if not self._closed:
                self._hosts.add(host)
            return not self._closed

    def _make_spare(self, role: Role) -> None:
        with self._lock:
            if role in self._spares and self._spares[role].alive:
                return
        try:
            host = self._start(role)
        except EngineFailed as error:
            if not self._closed:
                log.warning("No spare could be started: %s", error)
            return
        self.give_back(host)


def _compile_package() -> None:
    """Leave compiled modules for the children to find: they may not write any themselves, and would start slowly."""
    compileall.compile_dir(Path(__file__).parents[2], quiet=2)
