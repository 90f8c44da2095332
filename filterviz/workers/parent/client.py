"""The questions that a worker can be asked, in the order in which they make sense, each with a deadline."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import EngineFailed, Stopped
from filterviz.settings import Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Shape
from filterviz.workers.parent.active_run import STOPPED, ActiveRun
from filterviz.workers.parent.connection import POLL_SECONDS, Connection
from filterviz.workers.parent.expected import EVENTS, E_co, Expected, ExpectedOutputs, ExpectedPatterns, is_consistent
from filterviz.workers.parent.failures import fail_for_answer, fail_for_deadline, fail_for_nonsense
from filterviz.workers.wire.protocol import Answer, Compute, Done, Halted, Open, Opened, Outputs, Ready, Run

START_SECONDS = 180.0
"""For the imports of a worker. TensorFlow takes 3 to 5 s, and far longer from a cold, slow disk."""

LAST_ANSWER_SECONDS = 10.0
"""How long an abandoned run may take to give its last answer before its worker is ended."""


def never_stop() -> bool:
    """The ``stop`` of a question that nobody can stop."""
    return False


class WorkerClient:
    """Asks one worker. Only one thread may use it at a time.

    Args:
        connection: The connection to a worker that has been sent its ``Hello``.
        settings: The deadlines.

    Attributes:
        abandoned: The ticket of a run that was left before its last answer came, if there is one.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.abandoned: int | None = None
        self._connection = connection
        self._settings = settings
        self._tickets = itertools.count(1)

    def await_ready(self, *, stop: Callable[[], bool] = never_stop) -> tuple[str, ...]:
        """Wait until the worker has set its limits and done its imports.

        Returns:
            The names of the limits that are in force.

        Raises:
            Stopped: ``stop`` returned true. The worker goes on getting ready and can be used later.
            EngineFailed: The worker ended or took too long.
        """
        answer = self._answer(START_SECONDS, stop)
        if not isinstance(answer, Ready):
            raise fail_for_nonsense(self._connection)
        return answer.holds

    def open_file(
        self, path: Path, load_options: LoadOptions = DEFAULT_LOAD, *, stop: Callable[[], bool] = never_stop
    ) -> ModelSpec:
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
            return answer.spec
        raise fail_for_answer(self._connection, answer)

    def make_patterns(
        self,
        request: Request,
        start: NDArray[np.float32] | None = None,
        *,
        stop: Callable[[], bool] = never_stop,
        pause: Callable[[], bool] = never_stop,
    ) -> Generator[Progress | Pattern, None, None]:
        """Have a worker that has opened a model make the patterns of one request.

        Args:
            request: The request.
            start: Start images, ``[n, height, width, channels]``, one for each filter.
            stop: Polled all the time. When it returns true, the worker stops at the next step; if the step takes too
                long, the run is abandoned (see :meth:`finish_abandoned_run`).
            pause: Called after each batch. When it returns true, the run stops there and the iterator ends early.

        Yields:
            Progress and patterns as they come.

        Raises:
            Stopped: ``stop`` returned true. Everything that was finished has been yielded.
            BadRequest: The request does not fit the model.
            Refused: The file turned out to be unusable.
            EngineFailed: The worker ended, took too long for a step or gave no sensible answer.
        """
        question = Run(next(self._tickets), request, start)
        expected: Expected[Progress | Pattern] = ExpectedPatterns(request)
        yield from self._run(question, expected, stop, pause)

    def compute_outputs(
        self,
        inputs: Sequence[NDArray[np.float32]],
        shapes: Sequence[Shape | None],
        *,
        stop: Callable[[], bool] = never_stop,
        pause: Callable[[], bool] = never_stop,
    ) -> Generator[Outputs, None, None]:
        """Have a worker that has opened a model run the whole network.

        Args:
            inputs: An array for each input of the network, batch first.
            shapes: The shapes of its outputs, as far as they are known.
            stop: See :meth:`make_patterns`.
            pause: See :meth:`make_patterns`.

        Yields:
            The outputs of one batch after another.

        Raises:
            Stopped, BadRequest, Refused, EngineFailed: See :meth:`make_patterns`.
        """
        question = Compute(next(self._tickets), tuple(inputs))
        yield from self._run(question, ExpectedOutputs(question.ticket, len(inputs[0]), shapes), stop, pause)

    def finish_abandoned_run(
        self, seconds: float = LAST_ANSWER_SECONDS, *, stop: Callable[[], bool] = never_stop
    ) -> bool:
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
        self, question: Run | Compute, expected: Expected[E_co], stop: Callable[[], bool], pause: Callable[[], bool]
    ) -> Generator[E_co, None, None]:
        run = ActiveRun(self._connection, question, expected, self._settings.tile_seconds)
        self._connection.send(question)
        try:
            yield from run.events(stop, pause)
        finally:
            if run.abandoned:
                self.abandoned = question.ticket

    def _answer(self, seconds: float, stop: Callable[[], bool]) -> Answer:
        """The next answer, within a deadline."""
        deadline = time.monotonic() + seconds
        while (answer := self._connection.receive(min(POLL_SECONDS, deadline - time.monotonic()))) is None:
            if stop():
                raise Stopped(STOPPED)
            if time.monotonic() >= deadline:
                raise fail_for_deadline(self._connection, seconds)
        return answer
