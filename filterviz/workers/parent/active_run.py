"""One run of a worker, from the question to the last answer, with a deadline for each step.

A file may have taken its worker process over. So an event counts only if it answers what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Generic

from filterviz.errors import EngineFailed, Stopped
from filterviz.spec import Progress
from filterviz.workers.parent.connection import POLL_SECONDS, Connection
from filterviz.workers.parent.expected import EVENTS, E_co, Expected
from filterviz.workers.parent.failures import fail_for_answer, fail_for_deadline, fail_for_nonsense, shortened
from filterviz.workers.wire.protocol import Answer, Compute, Done, Halt, Halted, Run

HALT_SECONDS = 0.3
"""How long to wait for a halted run to end. A worker in the middle of a step gives its last answer later."""

STOPPED = "Stopped."


class ActiveRun(Generic[E_co]):
    """A run that a worker has been asked for.

    Args:
        connection: The connection to the worker.
        question: The question that was sent.
        expected: The events that the run may give.
        seconds: The deadline of each step.

    Attributes:
        abandoned: Whether the run was left before its last answer came.
    """

    def __init__(
        self, connection: Connection, question: Run | Compute, expected: Expected[E_co], seconds: float
    ) -> None:
        self.abandoned = False
        self._connection = connection
        self._question = question
        self._expected = expected
        self._seconds = seconds
        self._ended = False
        self._halted = False

    def events(self, stop: Callable[[], bool], pause: Callable[[], bool]) -> Iterator[E_co]:
        """The events of the run as they come. Closing the iterator halts the run.

        For ``stop``, ``pause`` and the errors see :meth:`filterviz.workers.parent.client.WorkerClient.make_patterns`.
        """
        try:
            yield from self._receive(stop, pause)
        finally:
            if not self._ended:
                self._abandon()

    def _receive(self, stop: Callable[[], bool], pause: Callable[[], bool]) -> Iterator[E_co]:
        stopping = False
        deadline = time.monotonic() + self._seconds
        while True:
            if not stopping and stop():
                stopping = True
                self._halt()
                deadline = time.monotonic() + HALT_SECONDS
            answer = self._connection.receive(min(POLL_SECONDS, deadline - time.monotonic()))
            if answer is None:
                if time.monotonic() < deadline:
                    continue
                if stopping:
                    self._ended = self.abandoned = True
                    raise Stopped(STOPPED)
                raise fail_for_deadline(self._connection, self._seconds, self._question)
            if not isinstance(answer, EVENTS):
                self._finish(answer, stopping)
                return
            event = self._expected.take(answer)
            if event is None:
                raise fail_for_nonsense(self._connection)
            yield event
            if not isinstance(event, Progress) and pause():
                self._halt()
            if not stopping:
                deadline = time.monotonic() + self._seconds

    def _halt(self) -> None:
        """Ask the worker to stop at the next step."""
        if not self._halted:
            self._halted = True
            self._connection.send(Halt(self._question.ticket))

    def _abandon(self) -> None:
        """Halt the run and wait a moment for its last answer."""
        if not self._connection.alive:
            return
        deadline = time.monotonic() + HALT_SECONDS
        try:
            self._halt()
            while time.monotonic() < deadline:
                answer = self._connection.receive(deadline - time.monotonic())
                if isinstance(answer, Done | Halted):
                    return
        except EngineFailed:
            self._connection.kill()
        self.abandoned = True

    def _finish(self, answer: Answer, stopping: bool) -> None:
        """Check the answer that ends the run.

        Raises:
            Stopped: The run was halted because of ``stop``.
            FiltervizError: The run failed, or the answer does not belong to it.
        """
        self._ended = True
        if isinstance(answer, Done) and answer.ticket == self._question.ticket and self._expected.complete:
            return
        if isinstance(answer, Halted) and answer.ticket == self._question.ticket and self._halted:
            if stopping:
                raise Stopped(shortened(answer.sentence) or STOPPED)
            return
        raise fail_for_answer(self._connection, answer)
