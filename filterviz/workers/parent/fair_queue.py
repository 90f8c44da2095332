"""The queue before the workers: who waits gets a slot when their turn has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filterviz.errors import EngineFailed, Stopped
from filterviz.spec import Standing
from filterviz.workers.parent.connection import POLL_SECONDS, Poll
from filterviz.workers.parent.shares import Shares, Turn

STOPPED = "Stopped before it began."
CLOSING = "The program is closing, so the work was not begun."


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """A slot while it is held.

    Attributes:
        begin: Says that the first result is there; saying it again changes nothing.
        is_over: Tells whether the slot should be given up now.
    """

    begin: Callable[[], None]
    is_over: Poll


class FairQueue:
    """Shares a number of slots between people, as :class:`~filterviz.workers.parent.shares.Shares` says.

    Safe to use from several threads.

    Args:
        slots: How many may be held at the same time.
        spend: Told after each turn whose it was, and for how many seconds it lasted.
    """

    def __init__(self, slots: int, spend: Callable[[str, float], None] = lambda owner, seconds: None) -> None:
        self._spend = spend
        self._shares = Shares(slots)
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, owner: str, stop: Poll) -> Iterator[HeldSlot]:
        """Wait for a slot and hold it for the length of a ``with`` block.

        Args:
            owner: Whose work it is, ``"PERSON"`` or ``"PERSON WHAT"``.
            stop: Asked while waiting whether to give up.

        Raises:
            Stopped: ``stop`` returned true while waiting.
            EngineFailed: The queue was closed.
        """
        turn = self._acquire(owner, stop)
        try:
            yield HeldSlot(turn.begin, lambda: self._is_over(turn))
        finally:
            with self._changed:
                self._shares.end(turn)
                self._changed.notify_all()
            self._spend(owner, turn.seconds)

    def standing(self, owner: str) -> Standing | None:
        """Where the work of an owner stands; ``None`` where it neither waits nor is being done."""
        with self._changed:
            return self._shares.standing(owner)

    def close(self) -> None:
        """Refuse everyone who waits now or later."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _acquire(self, owner: str, stop: Poll) -> Turn:
        with self._changed:
            waiter = self._shares.wait(owner)
            try:
                while True:
                    if self._closed:
                        raise EngineFailed(CLOSING)
                    if self._shares.next() is waiter:
                        return self._shares.begin(waiter)
                    if stop():
                        raise Stopped(STOPPED)
                    self._changed.wait(POLL_SECONDS)
            except BaseException:
                self._shares.leave(waiter)
                raise
            finally:
                self._changed.notify_all()

    def _is_over(self, turn: Turn) -> bool:
        with self._changed:
            return self._shares.is_over(turn)
