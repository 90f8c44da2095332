"""What is said to a child, in order, with a deadline for every answer: wait for it, open a file, make patterns, run.

A child may have been taken over by its file. So an answer counts only where it answers what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Generic, get_args

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest, EngineFailed, FiltervizError, Refused, Stopped
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Shape
from filterviz.workers.parent.expected import E, Event, Expected, Patterns, Rows
from filterviz.workers.parent.process import GARBLED, SMALLER_INPUTS, SMALLER_TILES, Host
from filterviz.workers.wire.protocol import (
    Answer,
    Compute,
    Done,
    Failed,
    FailureKind,
    Halt,
    Halted,
    Open,
    Opened,
    Outputs,
    Ready,
    Refusal,
    Run,
)

START_SECONDS = 180.0
"""For the imports of a child. TensorFlow takes 3 to 5 s; from a cold, slow disk far longer."""

HALT_SECONDS = 0.3
"""Whoever pressed Stop does not wait longer for a child that is within a step; it owes its last answer then."""

SETTLE_SECONDS = 10.0
"""How long a child may owe an answer before it is ended."""

LISTEN_SECONDS = 0.05
"""How long to listen before looking whether somebody pressed Stop."""

LONGEST_SENTENCE = 2000

STOPPED = "Stopped."


def never() -> bool:
    """Nobody presses Stop."""
    return False


def await_ready(host: Host, *, stop: Callable[[], bool] = never) -> tuple[str, ...]:
    """Wait until a child has limited itself and done its imports.

    Returns:
        The names of the limits that hold.

    Raises:
        Stopped: ``stop`` said so; the child goes on getting ready.
        EngineFailed: it died or took too long.
    """
    answer = _answer(host, START_SECONDS, stop)
    if not isinstance(answer, Ready):
        raise _nonsense(host)
    return answer.holds


def open_file(
    host: Host, path: Path, load_options: LoadOptions | None, *, stop: Callable[[], bool] = never
) -> ModelSpec:
    """Have a ready child read a file; a child does so once in its life.

    Raises:
        Refused: it will not be opened.
        BadRequest: it cannot be read.
        Stopped: ``stop`` said so; the child is of no more use.
        EngineFailed: the child died, or took too long, or gave no sensible answer.
    """
    host.send(Open(path, load_options or DEFAULT_LOAD))
    answer = _answer(host, host.settings.reader_seconds, stop)
    if isinstance(answer, Opened) and _sound(answer.spec):
        return answer.spec
    raise _error(host, answer)


def make_patterns(
    host: Host,
    request: Request,
    start: NDArray[np.float32] | None,
    *,
    stop: Callable[[], bool] = never,
    pause: Callable[[], bool] = never,
) -> Generator[Progress | Pattern, None, None]:
    """Have a child that has opened a model answer one request.

    Args:
        host: of the child.
        request: what is asked.
        start: start pictures, one for each filter.
        stop: asked all the time; when true the child stops between two steps. A child that is too long at its step is
            left to it; see :func:`settle`.
        pause: asked after each batch; when true the child stops after it, and the iterator ends early.

    Yields:
        Progress and patterns as they come.

    Raises:
        Stopped: ``stop`` said so. What was finished has been yielded.
        BadRequest: the request does not fit the model.
        Refused: the file turned out to be unfit.
        EngineFailed: the child died, or took too long for a step, or gave no sensible answer.
    """
    host.tickets += 1
    host.advice = SMALLER_TILES
    run = _Run[Progress | Pattern](host, host.tickets, Patterns(request))
    host.send(Run(run.ticket, request, start))
    yield from run.answers(stop, pause)


def compute_outputs(
    host: Host,
    inputs: Sequence[NDArray[np.float32]],
    shapes: Sequence[Shape | None],
    *,
    stop: Callable[[], bool] = never,
    pause: Callable[[], bool] = never,
) -> Generator[Outputs, None, None]:
    """Have a child that has opened a model run the whole network.

    Args:
        host: of the child.
        inputs: an array for each input of the network, batch first.
        shapes: of its outputs, as far as they are known.
        stop: see :func:`make_patterns`.
        pause: see :func:`make_patterns`.

    Yields:
        The outputs of the next so many examples.

    Raises:
        Stopped, BadRequest, Refused, EngineFailed: see :func:`make_patterns`.
    """
    host.tickets += 1
    host.advice = SMALLER_INPUTS
    run = _Run[Outputs](host, host.tickets, Rows(host.tickets, len(inputs[0]), shapes))
    host.send(Compute(run.ticket, tuple(inputs)))
    yield from run.answers(stop, pause)


def settle(host: Host, seconds: float = SETTLE_SECONDS, *, stop: Callable[[], bool] = never) -> bool:
    """Wait for the last answer of a run that was left; whether the child can be asked again.

    Raises:
        Stopped: ``stop`` said so; the child may settle later.
    """
    deadline = time.monotonic() + seconds
    while host.owed is not None and host.alive:
        if stop():
            raise Stopped(STOPPED)
        try:
            answer = host.receive(min(LISTEN_SECONDS, deadline - time.monotonic()))
        except EngineFailed:
            return False
        if isinstance(answer, Done | Halted) and answer.ticket == host.owed:
            host.owed = None
        elif answer is not None and not isinstance(answer, EVENTS):
            host.fail("broke after it was told to stop")
        elif time.monotonic() >= deadline:
            return False
    return host.alive


EVENTS = get_args(Event)


class _Run(Generic[E]):
    """One run of one child, from the question to its last answer."""

    def __init__(self, host: Host, ticket: int, expected: Expected[E]) -> None:
        self.ticket = ticket
        self.ended = False
        self._host = host
        self._expected = expected
        self._halted = False

    def answers(self, stop: Callable[[], bool], pause: Callable[[], bool]) -> Iterator[E]:
        """What comes, until all has come, or nobody wants it any more."""
        try:
            yield from self.events(stop, pause)
        finally:
            if not self.ended:
                self.abandon()

    def events(self, stop: Callable[[], bool], pause: Callable[[], bool]) -> Iterator[E]:
        stopping = False
        seconds = self._host.settings.tile_seconds
        deadline = time.monotonic() + seconds
        while True:
            if not stopping and stop():
                stopping = True
                self.halt()
                deadline = time.monotonic() + HALT_SECONDS
            answer = self._host.receive(min(LISTEN_SECONDS, deadline - time.monotonic()))
            if answer is None:
                if time.monotonic() < deadline:
                    continue
                if stopping:
                    self.leave()
                    raise Stopped(STOPPED)
                raise self._host.give_up(seconds)
            if isinstance(answer, EVENTS):
                event = self._expected.take(answer)
                if event is None:
                    raise _nonsense(self._host)
                yield event
                if self._expected.is_batch(event) and pause():
                    self.halt()
                if not stopping:
                    deadline = time.monotonic() + seconds
                continue
            self._last(answer, stopping)
            return

    def halt(self) -> None:
        """Ask the child to stop between two steps."""
        if not self._halted:
            self._halted = True
            self._host.send(Halt(self.ticket))

    def abandon(self) -> None:
        """Nobody wants the answers any more: have the child stop."""
        if not self._host.alive:
            return
        deadline = time.monotonic() + HALT_SECONDS
        try:
            self.halt()
            while time.monotonic() < deadline:
                answer = self._host.receive(deadline - time.monotonic())
                if isinstance(answer, Done | Halted):
                    return
        except EngineFailed:
            self._host.kill()
        self.leave()

    def leave(self) -> None:
        """Do not wait for the last answer now."""
        self.ended = True
        self._host.owed = self.ticket

    def _last(self, answer: Answer, stopping: bool) -> None:
        """Take in the answer that ends a run."""
        if isinstance(answer, Done) and answer.ticket == self.ticket and self._expected.complete:
            self.ended = True
        elif isinstance(answer, Halted) and answer.ticket == self.ticket and self._halted:
            self.ended = True
            if stopping:
                raise Stopped(_shortened(answer.sentence) or STOPPED)
        else:
            self.ended = True
            raise _error(self._host, answer)


def _answer(host: Host, seconds: float, stop: Callable[[], bool]) -> Answer:
    """The next answer within a deadline."""
    deadline = time.monotonic() + seconds
    while (answer := host.receive(min(LISTEN_SECONDS, deadline - time.monotonic()))) is None:
        if stop():
            raise Stopped(STOPPED)
        if time.monotonic() >= deadline:
            raise host.give_up(seconds)
    return answer


def _error(host: Host, answer: Answer) -> FiltervizError:
    """The error that an answer stands for. A child is used again only after a question that did not fit."""
    if isinstance(answer, Refusal):
        host.kill()
        return Refused(answer.code, _shortened(answer.what), _shortened(answer.where), _shortened(answer.hint))
    if isinstance(answer, Failed):
        sentence = _shortened(answer.sentence)
        if answer.kind is FailureKind.REQUEST:
            return BadRequest(sentence)
        host.fail(f"could not do it ({answer.kind.value})")
        return EngineFailed(sentence)
    return _nonsense(host)


def _nonsense(host: Host) -> EngineFailed:
    host.fail("gave an answer to another question")
    return EngineFailed(GARBLED)


def _sound(spec: ModelSpec) -> bool:
    """Whether the indices in a spec lead to what is in it."""
    calls = range(len(spec.nodes))
    return (
        all(0 <= node.layer < len(spec.layers) for node in spec.nodes)
        and all(0 <= source < index for index, node in enumerate(spec.nodes) for source in node.inputs)
        and all(index in calls for index in (*spec.inputs, *spec.outputs))
        and all(output.node is None or output.node in calls for output in spec.declared_outputs)
        and len({layer.name for layer in spec.layers}) == len(spec.layers)
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "..."
