"""Files on their way in: written to the disk as they come, counted before their first byte, and never held in memory.

Whoever sends a file leaves it here and gets a receipt, a short random text. Whoever shows the receipt takes the file.
What nobody takes is deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FRAMING = 1 << 20
"""Bytes by which a request may be larger than the file in it."""

UNTAKEN_SECONDS = 600.0
"""How long a file waits for whoever shows its receipt."""

PREFIX = ".incoming-"
"""The names of files on their way begin with this."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has come in.

    Attributes:
        path: Path of the file. Whoever took it moves or deletes it.
        sha256: The sha256 of its bytes in hexadecimal.
        size: Its size in bytes.
        session: Whose it is.
        came: When it was complete, in seconds on the monotonic clock.
    """

    path: Path
    sha256: str
    size: int
    session: str
    came: float


class Writer:
    """Writes one file to the disk and hashes it on the way. A context manager; what was not finished is deleted.

    Args:
        root: The folder, which is made for its owner alone.
        limit: The most bytes that the file may have.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, root: Path, limit: int) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=root)
        self.path = Path(name)
        self.size = 0
        self._limit = limit
        self._digest = hashlib.sha256()
        self._file = os.fdopen(descriptor, "wb")
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._finished:
            self.path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Write the next bytes.

        Raises:
            TooLarge: The file is larger than it may be.
            OSError: They cannot be written.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge
        self._digest.update(data)
        self._file.write(data)

    def finish(self) -> str:
        """Close the file, which stays; returns the sha256 of its bytes in hexadecimal."""
        self._file.close()
        self._finished = True
        return self._digest.hexdigest()


class TooLarge(Exception):
    """A file is larger than it may be."""


class Incoming:
    """The files on their way in, each until it is taken. Safe to use from several threads.

    Args:
        root: The folder they are written to.
        of_session: Bytes for one session: what waits to be taken, and what comes in.
        of_all: Bytes for all sessions together.
    """

    def __init__(self, root: Path, of_session: int, of_all: int) -> None:
        self._root = root
        self._of_session = of_session
        self._of_all = of_all
        self._coming: Counter[str] = Counter()
        self._waiting: dict[str, Received] = {}
        self._lock = threading.Lock()

    def begin(self, session: str, size: int) -> int:
        """Reserve room for a request of a session.

        Returns:
            The HTTP status to answer with: 413 where the session has no room for it, 503 where the server has none at
            the moment, and 0 where it may come in. Then :meth:`end` must be called.
        """
        with self._lock:
            held: Counter[str] = Counter()
            for file in self._waiting.values():
                held[file.session] += file.size
            if held[session] + self._coming[session] + size > self._of_session + FRAMING:
                return 413
            if held.total() + self._coming.total() + size > self._of_all + FRAMING:
                return 503
            self._coming[session] += size
            return 0

    def end(self, session: str, size: int) -> None:
        """Give back what was reserved: the file waits by now, or did not come in."""
        with self._lock:
            self._coming[session] -= size
            self._coming += Counter()  # drops those at zero

    def writer(self) -> Writer:
        """Begin to write a file.

        Raises:
            OSError: It cannot be written.
        """
        return Writer(self._root, self._of_session)

    def leave(self, writer: Writer, session: str) -> str:
        """Keep a file that was written to its end until it is taken; returns the receipt for it."""
        sha256, receipt = writer.finish(), secrets.token_hex(16)
        with self._lock:
            self._waiting[receipt] = Received(writer.path, sha256, writer.size, session, time.monotonic())
        return receipt

    def take(self, receipt: str) -> Received | None:
        """Take the file of a receipt, once; ``None`` where there is none."""
        with self._lock:
            return self._waiting.pop(receipt, None)

    def tidy(self, is_active: Callable[[str], bool]) -> None:
        """Delete files that nobody took: of sessions that have ended, and those that have waited for too long.

        Args:
            is_active: Tells whether a session still goes on.
        """
        oldest = time.monotonic() - UNTAKEN_SECONDS
        with self._lock:
            for receipt, file in list(self._waiting.items()):
                if file.came < oldest or not is_active(file.session):
                    del self._waiting[receipt]
                    with contextlib.suppress(OSError):
                        file.path.unlink(missing_ok=True)
