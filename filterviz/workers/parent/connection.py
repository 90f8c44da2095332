"""The connection to a worker: questions go out and answers come in, within limits of time and size.

The client needs nothing of a worker but what :class:`Connection` declares, so a worker need not run on this machine.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import IO, Protocol

from filterviz.settings import MIB
from filterviz.workers.wire.codec import Malformed
from filterviz.workers.wire.protocol import Answer, Question, read_answer, write_message

MAX_ANSWER = 256 * MIB
"""The largest accepted size of the arrays in one answer. A batch of tiles is far smaller."""

WAITING_ANSWERS = 4
"""Answers that are read ahead. A worker that sends more than these has to wait."""

SEND_SECONDS = 30.0
"""How long the other end may take to accept a question."""

POLL_SECONDS = 0.05
"""How long to wait for an answer before checking whether somebody has pressed Stop."""

Poll = Callable[[], bool]
"""Called again and again while something is waited for or done: whether to stop or to pause it."""


class Connection(Protocol):
    """A worker as the client sees it. Only one thread may use it at a time, except for :meth:`kill`."""

    @property
    def alive(self) -> bool:
        """Whether the worker can still be asked."""

    def send(self, question: Question) -> None:
        """Send a question.

        Raises:
            EngineFailed: The worker has ended; :class:`~filterviz.errors.TimedOut` if it does not accept the question.
        """

    def receive(self, seconds: float) -> Answer | None:
        """Wait for the next answer; ``None`` if there is none within ``seconds``.

        Raises:
            EngineFailed: The worker has ended, or it sent something that is not an answer and was ended for that.
        """

    def kill(self) -> None:
        """End the worker at once. Any thread may call this, and more than once."""

    def fail(self, reason: str) -> None:
        """End a worker that misbehaved or could not do its work, and log the reason."""


class ConnectionClosed(Exception):
    """The other end has closed its stream."""


class MessageStreams:
    """Sends questions and receives answers as frames over two blocking streams.

    The worker reads ``outgoing`` and writes ``incoming``, which a thread reads ahead. ``abort`` ends the worker, so
    that a blocked write to ``outgoing`` fails.
    """

    def __init__(self, outgoing: IO[bytes], incoming: IO[bytes], abort: Callable[[], None]) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._abort = abort
        self._answers: queue.Queue[Answer | Exception | None] = queue.Queue(WAITING_ANSWERS)
        self._reader = threading.Thread(target=self._read, name="filterviz-answers", daemon=True)
        self._reader.start()

    def send(self, question: Question) -> None:
        """Send a question.

        Raises:
            ConnectionClosed: The other end is gone.
            TimeoutError: The other end did not accept the question within ``SEND_SECONDS`` and was aborted.
        """
        expired = threading.Event()

        def end() -> None:
            expired.set()
            self._abort()

        # A write to a pipe has no deadline of its own, but it fails when the other end is gone.
        watchdog = threading.Timer(SEND_SECONDS, end)
        watchdog.start()
        try:
            write_message(self._outgoing, question)
        except (OSError, ValueError):
            if expired.is_set():
                raise TimeoutError from None
            raise ConnectionClosed from None
        finally:
            watchdog.cancel()

    def receive(self, seconds: float) -> Answer | None:
        """Wait for the next answer; ``None`` if there is none within ``seconds``.

        Raises:
            ConnectionClosed: The other end has closed its stream.
            Malformed: The other end sent bytes that are not an answer. No more can be received.
        """
        try:
            answer = self._answers.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if answer is None:
            raise ConnectionClosed
        if isinstance(answer, Exception):
            raise Malformed(str(answer))
        return answer

    def close(self) -> None:
        """Close both streams and end the reading thread. The other end must be gone."""
        while self._reader.is_alive():
            with contextlib.suppress(queue.Empty):
                self._answers.get_nowait()  # The thread may be waiting for room.
            self._reader.join(0.01)
        for stream in (self._outgoing, self._incoming):
            with contextlib.suppress(OSError):
                stream.close()  # Bytes that were never written have no reader any more.

    def _read(self) -> None:
        """Read answers until the stream ends or holds something else."""
        try:
            while (answer := read_answer(self._incoming, MAX_ANSWER)) is not None:
                self._answers.put(answer)
            self._answers.put(None)
        except Exception as error:
            # Malformed, a broken pipe, or whatever else hostile bytes may cause.
            self._answers.put(error)
