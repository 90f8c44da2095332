"""Whose turn it is to compute: so many at once, and owners in equal shares, however much each of them asks for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filterviz.errors import EngineFailed, Stopped

LOOK_SECONDS = 0.05
"""How often a waiter looks whether somebody pressed Stop."""

STOPPED = "Stopped before it began."
ENDED = "The program is closing, so the work was not begun."


@dataclass(eq=False, slots=True)
class _Waiter:
    owner: str
    number: int


class FairQueue:
    """A fair queue.

    Of those who wait, it is the turn of the owner who has the fewest turns now, then of the one whose last turn is
    longest ago, then of the one who came first.

    Args:
        count: turns at the same time.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[_Waiter] = []
        self._working: Counter[str] = Counter()
        self._last_turn: dict[str, int] = {}
        self._clock = 0
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, owner: str, stop: Callable[[], bool]) -> Iterator[None]:
        """Wait for a turn and have it for the length of a ``with`` block.

        Raises:
            Stopped: ``stop`` said so while waiting.
            EngineFailed: the queue was closed.
        """
        self._begin(owner, stop)
        try:
            yield
        finally:
            self._end(owner)

    def others_wait(self, owner: str) -> bool:
        """Whether somebody else waits for a turn."""
        with self._changed:
            return any(waiter.owner != owner for waiter in self._waiting)

    def close(self) -> None:
        """Send everyone who waits away."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _begin(self, owner: str, stop: Callable[[], bool]) -> None:
        with self._changed:
            self._clock += 1
            waiter = _Waiter(owner, self._clock)
            self._waiting.append(waiter)
            try:
                while self._free == 0 or self._next() is not waiter:
                    if self._closed:
                        raise EngineFailed(ENDED)
                    if stop():
                        raise Stopped(STOPPED)
                    self._changed.wait(LOOK_SECONDS)
                if self._closed:
                    raise EngineFailed(ENDED)
            finally:
                self._waiting.remove(waiter)
                self._changed.notify_all()
            self._free -= 1
            self._working[owner] += 1
            self._last_turn[owner] = self._clock

    def _end(self, owner: str) -> None:
        with self._changed:
            self._free += 1
            self._clock += 1
            self._working[owner] -= 1
            self._last_turn[owner] = self._clock
            if not self._waiting:
                # Nobody has to be compared with anybody; so the list of past owners does not grow for ever.
                self._working += Counter()
                self._last_turn = {name: self._last_turn[name] for name in self._working}
            self._changed.notify_all()

    def _next(self) -> _Waiter:
        return min(
            self._waiting,
            key=lambda waiter: (self._working[waiter.owner], self._last_turn.get(waiter.owner, 0), waiter.number),
        )
