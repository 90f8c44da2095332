"""Messages over two streams, and a client that asks a worker at the other end of a socket as it asks a process."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from filterviz.errors import EngineFailed, Stopped, TimedOut
from filterviz.settings import Settings
from filterviz.spec import ModelSpec, Pattern, Precision, Progress, Request
from filterviz.workers.parent import connection
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.connection import Connection, ConnectionClosed, MessageStreams
from filterviz.workers.parent.failures import GARBLED, fail_for_nonsense
from filterviz.workers.wire import protocol as wire
from filterviz.workers.wire.codec import Malformed

REQUEST = Request("conv", (0, 1))


@dataclass
class Ends:
    """Both ends of a connection: streams for the parent, and what the worker reads and writes."""

    streams: MessageStreams
    questions: IO[bytes]
    answers: IO[bytes]
    aborted: threading.Event


@contextmanager
def piped() -> Iterator[Ends]:
    """Two pipes; aborting closes the worker's end of the questions."""
    reading, asking = os.pipe()
    hearing, answering = os.pipe()
    questions, answers = os.fdopen(reading, "rb", 0), os.fdopen(answering, "wb", 0)
    aborted = threading.Event()

    def abort() -> None:
        aborted.set()
        questions.close()

    streams = MessageStreams(os.fdopen(asking, "wb"), os.fdopen(hearing, "rb"), abort)
    ends = Ends(streams, questions, answers, aborted)
    try:
        yield ends
    finally:
        questions.close()
        answers.close()
        streams.close()


def test_questions_go_out_and_answers_come_in() -> None:
    with piped() as ends:
        ends.streams.send(wire.Halt(7))
        assert wire.read_question(ends.questions) == wire.Halt(7)
        assert ends.streams.receive(0.0) is None
        wire.write_message(ends.answers, wire.Done(7))
        assert ends.streams.receive(5.0) == wire.Done(7)


def test_waiting_for_an_answer_has_a_deadline() -> None:
    with piped() as ends:
        began = time.monotonic()
        assert ends.streams.receive(0.1) is None
        assert 0.1 <= time.monotonic() - began < 2


def test_the_end_comes_after_the_last_answer() -> None:
    with piped() as ends:
        wire.write_message(ends.answers, wire.Done(1))
        ends.answers.close()
        assert ends.streams.receive(5.0) == wire.Done(1)
        with pytest.raises(ConnectionClosed):
            ends.streams.receive(5.0)


@pytest.mark.parametrize(
    "data", [b"nonsense" * 9, wire.HEAD.pack(wire.MAGIC, wire.VERSION, 2, connection.MAX_ANSWER + 1) + b"{}"]
)
def test_bytes_that_are_not_an_answer_are_malformed(data: bytes) -> None:
    with piped() as ends:
        ends.answers.write(data)
        with pytest.raises(Malformed):
            ends.streams.receive(5.0)


def test_a_worker_that_sends_too_many_answers_has_to_wait() -> None:
    with piped() as ends:
        answer = wire.Outputs(1, (np.zeros((64, 1024), np.float32),))
        count = 3 * connection.WAITING_ANSWERS
        sent: list[int] = []

        def pour() -> None:
            for number in range(count):
                wire.write_message(ends.answers, answer)
                sent.append(number)

        pouring = threading.Thread(target=pour)
        pouring.start()
        time.sleep(0.3)
        # Those that wait, the one that the reading thread holds, and at most one more in the pipe.
        assert connection.WAITING_ANSWERS <= len(sent) <= connection.WAITING_ANSWERS + 2
        assert [type(ends.streams.receive(5.0)) for _ in range(count)] == [wire.Outputs] * count
        pouring.join()


def test_a_worker_that_does_not_accept_a_question_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.2)
    with piped() as ends:
        with pytest.raises(TimeoutError):
            ends.streams.send(wire.Run(1, REQUEST, np.zeros((2, 256, 256, 3), np.float32)))
        assert ends.aborted.is_set()


def test_a_question_to_a_worker_that_is_gone_is_an_error_at_once() -> None:
    with piped() as ends:
        ends.questions.close()
        with pytest.raises(ConnectionClosed):
            ends.streams.send(wire.Halt(1))
        assert not ends.aborted.is_set()


class SocketConnection:
    """A second kind of connection: the worker is a thread at the other end of a socket, not a process."""

    def __init__(self, serve: Callable[[IO[bytes], IO[bytes]], None]) -> None:
        self._mine, self._its = socket.socketpair()
        self.reasons: list[str] = []
        self.alive = True
        self._streams = MessageStreams(self._mine.makefile("wb"), self._mine.makefile("rb"), self.kill)
        streams = self._its.makefile("rb"), self._its.makefile("wb")
        self._worker = threading.Thread(target=serve, args=streams, daemon=True)
        self._worker.start()

    def send(self, question: wire.Question) -> None:
        try:
            self._streams.send(question)
        except (ConnectionClosed, TimeoutError):
            raise EngineFailed("The worker is gone.") from None

    def receive(self, seconds: float) -> wire.Answer | None:
        try:
            return self._streams.receive(seconds)
        except ConnectionClosed:
            raise EngineFailed("The worker is gone.") from None
        except Malformed:
            raise fail_for_nonsense(self) from None

    def kill(self) -> None:
        self.alive = False
        self._its.shutdown(socket.SHUT_RDWR)

    def fail(self, reason: str) -> None:
        self.reasons.append(reason)
        self.kill()

    def close(self) -> None:
        if self.alive:
            self.kill()
        self._worker.join(10)
        self._streams.close()
        for end in (self._mine, self._its):
            end.close()


def polite(questions: IO[bytes], answers: IO[bytes]) -> None:
    """A worker that answers everything, but needs a halt to end a request for filter 99."""
    wire.write_message(answers, wire.Ready(("far away",)))
    while (question := wire.read_question(questions)) is not None:
        if isinstance(question, wire.Open):
            wire.write_message(answers, wire.Opened(ModelSpec("remote", (), (), (), ())))
        if isinstance(question, wire.Compute):
            rows = len(question.inputs[0])
            wire.write_message(answers, wire.Outputs(question.ticket, (np.zeros((rows, 2), np.float32),)))
            wire.write_message(answers, wire.Done(question.ticket))
        if isinstance(question, wire.Run):
            filters = question.request.filters
            wire.write_message(answers, Progress(filters, 1, 9, np.zeros((len(filters), 4, 4, 3), np.uint8), 0.1))
            if 99 in filters:
                halt = wire.read_question(questions)
                assert isinstance(halt, wire.Halt)
                wire.write_message(answers, wire.Halted(halt.ticket, "Stopped after 1 of 9 steps."))
                continue
            for number in filters:
                tile = np.zeros((4, 4, 3), np.uint8)
                made = Pattern("conv", number, tile, 0.0, 1.0, (0.0, 1.0), (), 0, 0.1, Precision.FLOAT32)
                wire.write_message(answers, made)
            wire.write_message(answers, wire.Done(question.ticket))


def babbling(questions: IO[bytes], answers: IO[bytes]) -> None:
    wire.write_message(answers, wire.Ready(()))
    wire.read_question(questions)
    answers.write(b"babble" * 9)
    answers.flush()


def silent(questions: IO[bytes], answers: IO[bytes]) -> None:
    wire.write_message(answers, wire.Ready(()))
    while wire.read_question(questions) is not None:
        pass


@contextmanager
def remote(
    serve: Callable[[IO[bytes], IO[bytes]], None], **limits: float
) -> Iterator[tuple[SocketConnection, WorkerClient]]:
    far = SocketConnection(serve)
    try:
        conversation: Connection = far
        client = WorkerClient(conversation, Settings(**{"tile_seconds": 20.0, "reader_seconds": 20.0, **limits}))  # type: ignore[arg-type]
        client.await_ready()
        yield far, client
    finally:
        far.close()


def test_a_worker_that_is_not_a_process_is_asked_in_the_same_way() -> None:
    with remote(polite) as (far, client):
        assert client.open_file(Path("model.h5")).name == "remote"
        events = list(client.make_patterns(REQUEST))
        assert [type(event).__name__ for event in events] == ["Progress", "Pattern", "Pattern"]
        (outputs,) = client.compute_outputs([np.zeros((3, 4), np.float32)], [(None, 2)])
        assert outputs.arrays[0].shape == (3, 2)
        stop = threading.Event()
        running = client.make_patterns(Request("conv", (99,)), stop=stop.is_set)
        assert isinstance(next(running), Progress)
        stop.set()
        with pytest.raises(Stopped, match="after 1 of 9"):
            next(running)
        assert len(list(client.make_patterns(REQUEST))) == 3, "it can be asked again"
        assert far.alive
        assert far.reasons == []


def test_a_worker_that_is_not_a_process_is_trusted_no_more() -> None:
    with remote(babbling) as (far, client), pytest.raises(EngineFailed) as failure:
        list(client.make_patterns(REQUEST))
    assert str(failure.value) == GARBLED
    assert not far.alive
    with remote(silent, tile_seconds=0.2) as (far, client), pytest.raises(TimedOut, match="fewer filters"):
        list(client.make_patterns(REQUEST))
    assert far.reasons == ["passed its deadline of 0.2 s"]
