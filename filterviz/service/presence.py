"""Which visitors are still there: work for those who have left must not keep others waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FORGOTTEN_AFTER_SECONDS = 600.0
"""Who has been away for so long is not remembered; whoever comes back then is a new visitor."""


def page_of(visitor: str) -> str:
    """Return whose page work is for. A visitor is ``PERSON.PAGE``, or ``PERSON.PAGE-PURPOSE`` for work beside a page.

    Example:
        >>> page_of("ada.1-several"), page_of("ada.1"), page_of("ada")
        ('ada.1', 'ada.1', 'ada')
    """
    return visitor.partition("-")[0]


def person_of(visitor: str) -> str:
    """Return who a visitor is, however many pages they have open.

    Example:
        >>> person_of("ada.1-several"), person_of("ada.2"), person_of("ada")
        ('ada', 'ada', 'ada')
    """
    return page_of(visitor).partition(".")[0]


@dataclass(slots=True)
class _Visitor:
    is_connected: Callable[[], bool]
    last_seen: float


class Presence:
    """The visitors of a server. Safe to use from several threads.

    A page in a tab that nobody looks at asks for nothing for minutes, as browsers slow such tabs down, but its
    connection stays. So a visitor is there as long as the connection is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visitors: dict[str, _Visitor] = {}

    def arrive(self, visitor: str, is_connected: Callable[[], bool]) -> None:
        """Record that a visitor is there, and how to find out later whether they still are.

        Args:
            visitor: Name of the visitor.
            is_connected: Tells whether the page is still open; any thread may call it.
        """
        now = time.monotonic()
        with self._lock:
            self._visitors = {
                name: known
                for name, known in self._visitors.items()
                if now - known.last_seen < FORGOTTEN_AFTER_SECONDS or known.is_connected()
            }
            self._visitors[visitor] = _Visitor(is_connected, now)

    def absent_seconds(self, visitor: str) -> float:
        """For how many seconds a visitor has been away; 0 for one who is there, or of whom nothing is known."""
        with self._lock:
            known = self._visitors.get(page_of(visitor))
        if known is None:
            return 0.0
        now = time.monotonic()
        if known.is_connected():
            known.last_seen = now
        return now - known.last_seen
