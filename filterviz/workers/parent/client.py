"""The questions that a worker can be asked, in the order in which they make sense, each with a deadline.

A file may have taken its worker process over. So an answer counts only if it answers what was asked.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import EngineFailed, Stopped
from filterviz.settings import Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Shape, Unfinished
from filterviz.workers.parent.connection import POLL_SECONDS, Connection, Poll
from filterviz.workers.parent.expected import EVENTS, E_co, Expected, ExpectedOutputs, ExpectedPatterns, is_consistent
from filterviz.workers.parent.failures import fail_for_answer, fail_for_deadline, fail_for_nonsense, shortened
from filterviz.workers.wire.protocol import (
    Answer,
    Compute,
    Done,
    Halt,
    Halted,
    Open,
    Opened,
    Outputs,
    Pause,
    Ready,
    Run,
)

log = logging.getLogger(__name__)

START_SECONDS = 180.0
"""For the imports of a worker. TensorFlow takes 3 to 5 s, and far longer from a cold, slow disk."""

LAST_ANSWER_SECONDS = 10.0
"""How long an abandoned run may take to give its last answer before its worker is ended."""

HALT_SECONDS = 0.3
"""How long to wait for a halted run to end. A worker in the middle of a step gives its last answer later."""

STOPPED = "Stopped."


def never_stop() -> bool:
    """The ``stop`` of a question that nobody can stop."""
    return False


class WorkerClient:
    """Asks one worker, which has been sent its ``Hello``. Only one thread may use it at a time.

    Attributes:
        abandoned: The ticket of a run that was left before its last answer came, if there is one.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.abandoned: int | None = None
        self._connection = connection
        self._settings = settings
        self._tickets = itertools.count(1)

    def await_ready(self, *, stop: Poll = never_stop) -> tuple[str, ...]:
        """Wait until the worker has set its limits and done its imports; returns the names of the limits in force.

        Raises:
            Stopped: ``stop`` returned true. The worker goes on getting ready and can be used later.
            EngineFailed: The worker ended or took too long.
        """
        answer = self._answer(START_SECONDS, stop)
        if not isinstance(answer, Ready):
            raise fail_for_nonsense(self._connection)
        return answer.holds

    def open_file(self, path: Path, load_options: LoadOptions = DEFAULT_LOAD, *, stop: Poll = never_stop) -> ModelSpec:
        """Have a ready worker read a file, which a worker does once in its life.

        Raises:
            Refused: The file will not be opened.
            BadRequest: The file cannot be read.
            Stopped: ``stop`` returned true. The worker is of no more use.
            EngineFailed: The worker ended, took too long or gave no sensible answer.
        """
        self._connection.send(Open(path, load_options))
        answer = self._answer(self._settings.reader_seconds, stop)
        if isinstance(answer, Opened) and is_consistent(answer.spec):
            _tell_of_missing(answer.missing)
            return answer.spec
        raise fail_for_answer(self._connection, answer)

    def make_patterns(
        self,
        request: Request,
        start: NDArray[np.float32] | None = None,
        *,
        stop: Poll = never_stop,
        pause: Poll = never_stop,
        resume: Sequence[Unfinished] = (),
    ) -> Generator[Progress | Pattern | Unfinished, None, None]:
        """Have a worker that has opened a model make the patterns of one request.

        ``start`` holds start images, ``[n, height, width, channels]``, one for each filter. When ``stop`` returns true,
        the worker stops at the next step; if the step takes too long, the run is abandoned (see
        :meth:`finish_abandoned_run`). When ``pause`` returns true, the run ends at the next step; what it yields of the
        tiles that had been begun goes on in another run as its ``resume``.

        Yields:
            Progress, patterns and tiles that were left as they come. Closing the iterator halts the run.

        Raises:
            Stopped: ``stop`` returned true. Everything that was finished has been yielded.
            BadRequest: The request does not fit the model.
            Refused: The file turned out to be unusable.
            EngineFailed: The worker ended, took too long for a step or gave no sensible answer.
        """
        question = Run(next(self._tickets), request, start, tuple(resume))
        return self._run(question, ExpectedPatterns(request), stop, pause)

    def compute_outputs(
        self,
        inputs: Sequence[NDArray[np.float32]],
        shapes: Sequence[Shape | None],
        *,
        stop: Poll = never_stop,
        pause: Poll = never_stop,
    ) -> Generator[Outputs, None, None]:
        """Have a worker that has opened a model run the whole network; yields the outputs of one batch after another.

        ``inputs`` holds an array for each input of the network, batch first, and ``shapes`` the shapes of its outputs,
        as far as they are known. For ``stop``, ``pause`` and the errors see :meth:`make_patterns`.
        """
        question = Compute(next(self._tickets), tuple(inputs))
        return self._run(question, ExpectedOutputs(question.ticket, len(inputs[0]), shapes), stop, pause)

    def finish_abandoned_run(self, seconds: float = LAST_ANSWER_SECONDS, *, stop: Poll = never_stop) -> bool:
        """Wait for the last answer of an abandoned run, if there is one; returns whether the worker can be asked again.

        Raises:
            Stopped: ``stop`` returned true. The worker may give its last answer later.
        """
        deadline = time.monotonic() + seconds
        while self.abandoned is not None and self._connection.alive:
            if stop():
                raise Stopped(STOPPED)
            try:
                answer = self._connection.receive(min(POLL_SECONDS, deadline - time.monotonic()))
            except EngineFailed:
                return False
            if isinstance(answer, Done | Halted) and answer.ticket == self.abandoned:
                self.abandoned = None
            elif answer is not None and not isinstance(answer, EVENTS):
                self._connection.fail("failed after it was told to stop")
            elif time.monotonic() >= deadline:
                return False
        return self._connection.alive

    def _run(
        self, question: Run | Compute, expected: Expected[E_co], stop: Poll, pause: Poll
    ) -> Generator[E_co, None, None]:
        run = _ActiveRun(self._connection, question, expected, self._settings.tile_seconds)
        self._connection.send(question)
        try:
            yield from run.events(stop, pause)
        finally:
            if not run.ended:
                run.abandon()
            if run.abandoned:
                self.abandoned = question.ticket

    def _answer(self, seconds: float, stop: Poll) -> Answer:
        """The next answer, within a deadline."""
        deadline = time.monotonic() + seconds
        while (answer := self._connection.receive(min(POLL_SECONDS, deadline - time.monotonic()))) is None:
            if stop():
                raise Stopped(STOPPED)
            if time.monotonic() >= deadline:
                raise fail_for_deadline(self._connection, seconds)
        return answer


@dataclass(slots=True)
class _ActiveRun(Generic[E_co]):
    """A run that a worker has been asked for; it is abandoned if it is left before its last answer came."""

    connection: Connection
    question: Run | Compute
    expected: Expected[E_co]
    seconds: float
    ended: bool = False
    halted: bool = False
    paused: bool = False
    abandoned: bool = False

    def events(self, stop: Poll, pause: Poll) -> Generator[E_co, None, None]:
        """The events of the run as they come, each within ``seconds``; see :meth:`WorkerClient.make_patterns`."""
        stopping = False
        deadline = time.monotonic() + self.seconds
        while True:
            if not stopping and stop():
                stopping = True
                self._halt()
                deadline = time.monotonic() + HALT_SECONDS
            if not self.paused and pause():
                self.paused = True
                self.connection.send(Pause(self.question.ticket))
            answer = self.connection.receive(min(POLL_SECONDS, deadline - time.monotonic()))
            if answer is None:
                if time.monotonic() < deadline:
                    continue
                if stopping:
                    self.ended = self.abandoned = True
                    raise Stopped(STOPPED)
                raise fail_for_deadline(self.connection, self.seconds, self.question)
            if not isinstance(answer, EVENTS):
                self._finish(answer, stopping)
                return
            event = self.expected.take(answer)
            if event is None or (isinstance(event, Unfinished) and not self.paused):
                raise fail_for_nonsense(self.connection)
            yield event
            if not stopping:
                deadline = time.monotonic() + self.seconds

    def abandon(self) -> None:
        """Halt the run and wait a moment for its last answer."""
        if not self.connection.alive:
            return
        deadline = time.monotonic() + HALT_SECONDS
        try:
            self._halt()
            while time.monotonic() < deadline:
                if isinstance(self.connection.receive(deadline - time.monotonic()), Done | Halted):
                    return
        except EngineFailed:
            self.connection.kill()
        self.abandoned = True

    def _halt(self) -> None:
        if not self.halted:
            self.halted = True
            self.connection.send(Halt(self.question.ticket))

    def _finish(self, answer: Answer, stopping: bool) -> None:
        """Check the answer that ends the run; raises ``Stopped`` if it was halted because of ``stop``."""
        self.ended = True
        if isinstance(answer, Done) and answer.ticket == self.question.ticket and self.expected.complete:
            return
        if isinstance(answer, Halted) and answer.ticket == self.question.ticket and (self.halted or self.paused):
            if stopping:
                raise Stopped(shortened(answer.sentence) or STOPPED)
            return
        raise fail_for_answer(self.connection, answer)


@cache
def _tell_of_missing(missing: tuple[str, ...]) -> None:
    """Write into the log, once, which limits of SECURITY.md worker processes do without on this system."""
    if missing:
        log.warning("Worker processes run without these limits, which this system lacks: %s.", ", ".join(missing))
