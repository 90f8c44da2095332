"""How much of uploads may lie in memory: Streamlit holds each file there until the page takes it, and counts nothing.

Whoever speaks to the server without a page could otherwise fill its memory with files that no page ever takes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping

FRAMING = 1 << 20
"""Bytes by which a request may be larger than the file in it."""


class UploadBudget:
    """Lets files in as long as there is room for them. Safe to use from several threads.

    Args:
        of_session: Bytes for one session: what it holds already, and what comes in.
        of_all: Bytes for all sessions.
        held: Tells how many bytes each session holds already.
    """

    def __init__(self, of_session: int, of_all: int, held: Callable[[], Mapping[str, int]]) -> None:
        self._of_session = of_session + FRAMING
        self._of_all = of_all + FRAMING
        self._held = held
        self._coming: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, session: str, size: int) -> int:
        """Reserve room for a request of a session.

        Returns:
            The HTTP status to answer with: 413 where the session has no room for it, 503 where the server has none at
            the moment, and 0 where it may come in. Then :meth:`end` must be called.
        """
        with self._lock:
            held = self._held()
            if held.get(session, 0) + self._coming[session] + size > self._of_session:
                return 413
            if sum(held.values()) + self._coming.total() + size > self._of_all:
                return 503
            self._coming[session] += size
            return 0

    def end(self, session: str, size: int) -> None:
        """Give back what was reserved: the file is held by now, or was not taken."""
        with self._lock:
            self._coming[session] -= size
            self._coming += Counter()  # drops those at zero
