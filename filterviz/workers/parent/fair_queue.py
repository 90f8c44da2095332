"""Who computes next: a fixed number at the same time, shared equally between people, however much each asks for."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from filterviz.errors import EngineFailed, Stopped
from filterviz.workers.parent.connection import POLL_SECONDS, Poll

STOPPED = "Stopped before it began."
TURN_SECONDS = 3.0
"""How long somebody computes while others wait; they wait so much longer for each person before them."""

CLOSING = "The program is closing, so the work was not begun."


class FairQueue:
    """Shares a number of computing slots between people. Safe to use from several threads.

    An owner is ``"PERSON"``, or ``"PERSON WHAT"`` for one of several things that a person wants at the same time. A
    free slot goes to the waiting person who has the fewest slots at the moment; between equals, to the one who has
    computed least recently. Of what one person wants, it goes to what was computed least recently, and then to what
    came first.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._waiting: list[tuple[str, int]] = []  # each owner with a number in the order of arrival
        self._working: Counter[str] = Counter()
        self._last_worked: dict[str, int] = {}
        self._clock = 0
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, owner: str, stop: Poll) -> Iterator[Turn]:
        """Wait for a slot and hold it for the length of a ``with`` block; the turn says when to give it up.

        Raises:
            Stopped: ``stop`` returned true while waiting.
            EngineFailed: The queue was closed.
        """
        self._acquire(owner, stop)
        try:
            yield Turn(self, owner)
        finally:
            self._release(owner)

    def others_wait(self, owner: str) -> bool:
        """Whether another owner waits for a slot."""
        with self._changed:
            return any(other != owner for other, _ in self._waiting)

    def close(self) -> None:
        """Refuse everyone who waits now or later."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _acquire(self, owner: str, stop: Poll) -> None:
        with self._changed:
            self._clock += 1
            waiter = (owner, self._clock)
            self._waiting.append(waiter)
            try:
                while True:
                    if self._closed:
                        raise EngineFailed(CLOSING)
                    if self._free > 0 and min(self._waiting, key=self._rank) == waiter:
                        break
                    if stop():
                        raise Stopped(STOPPED)
                    self._changed.wait(POLL_SECONDS)
            finally:
                self._waiting.remove(waiter)
                self._changed.notify_all()
            self._free -= 1
            self._working[_person(owner)] += 1
            self._remember(owner)

    def _release(self, owner: str) -> None:
        with self._changed:
            self._free += 1
            self._clock += 1
            self._working[_person(owner)] -= 1
            self._remember(owner)
            if not self._waiting:
                # Nobody is being compared now, so those of the past can be forgotten.
                self._working += Counter()
                self._last_worked = {
                    name: when for name, when in self._last_worked.items() if _person(name) in self._working
                }
            self._changed.notify_all()

    def _remember(self, owner: str) -> None:
        for name in (_person(owner), owner):
            self._last_worked[name] = self._clock

    def _rank(self, waiter: tuple[str, int]) -> tuple[int, int, int, int]:
        owner, number = waiter
        person = _person(owner)
        return self._working[person], self._last_worked.get(person, 0), self._last_worked.get(owner, 0), number


class Turn:
    """The time for which an owner holds a slot, while somebody else waits for one.

    A turn is over :data:`TURN_SECONDS` after its first result, but lasts no shorter than that took to come: if
    each turn needs a worker that first has to open the model, at least half of the time is still for the work.
    """

    def __init__(self, queue: FairQueue, owner: str) -> None:
        self._queue = queue
        self._owner = owner
        self._taken = time.monotonic()
        self._began: float | None = None

    def begin(self) -> None:
        """Say that the first result is there. Saying it again changes nothing."""
        if self._began is None:
            self._began = time.monotonic()

    def is_over(self) -> bool:
        """Whether the slot should be given up now."""
        if self._began is None:
            return False
        lasting = max(TURN_SECONDS, self._began - self._taken)
        return time.monotonic() - self._began >= lasting and self._queue.others_wait(self._owner)


def _person(owner: str) -> str:
    return owner.partition(" ")[0]
