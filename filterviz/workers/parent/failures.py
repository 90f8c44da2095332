"""What follows when a worker did not answer: what the user is told, and which files are not opened again.

The technical cause goes to the log.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from filterviz.errors import BadRequest, EngineFailed, FiltervizError, RefusalCode, Refused, TimedOut
from filterviz.workers.parent.connection import Connection
from filterviz.workers.wire.protocol import TRIPPED, Answer, Compute, Failed, FailureKind, Question, Refusal

LONGEST_SENTENCE = 2000
"""Characters of a sentence from a worker that are shown."""

MAX_DEATHS = 2
"""Violent deaths after which a file is not opened again. A single one may be an accident of the machine."""

CRASHED = "The process that worked on this file crashed, so the work was ended. Nothing else was affected."
NO_MEMORY = "This took more memory than there is, so it was ended. {advice}"
KILLED = "The system ended the process that worked on this file, most often because memory ran out. {advice}"
FORBIDDEN = (
    "Something in this file tried to do what reading a model never needs, and was stopped before it did. "
    "Do not open it elsewhere unless you trust who made it."
)
GARBLED = "The process that worked on this file gave no sensible answer, so it was ended. Nothing else was affected."
TOO_SLOW = "This took longer than {seconds:.0f} seconds and was ended. {advice}"
NOT_STARTED = "The process that should do this could not be started. Close other programs and try again."
SMALLER_TILES = "Choose a smaller tile size or fewer filters."
SMALLER_INPUTS = "Give the network smaller inputs."
CLOSING = "The program is closing, so the work was ended."


class WorkerDied(EngineFailed):
    """A worker process ended by itself: ``violently`` if by a signal or the tripwire; then its file may be to blame."""

    def __init__(self, sentence: str, *, violently: bool) -> None:
        super().__init__(sentence)
        self.violently = violently


class Quarantine:
    """Counts the violent deaths of worker processes by the sha256 of the file, as long as the program runs.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def watch(self, sha256: str) -> Iterator[None]:
        """Hold a file responsible for a worker that is ended by a signal or the tripwire while it works on the file."""
        try:
            yield
        except WorkerDied as death:
            if death.violently:
                with self._lock:
                    self._deaths[sha256] += 1
            raise

    def check(self, sha256: str) -> None:
        """Raise :class:`~filterviz.errors.Refused` for a file that has ended :data:`MAX_DEATHS` processes."""
        with self._lock:
            deaths = self._deaths.get(sha256, 0)
        if deaths >= MAX_DEATHS:
            raise Refused(
                RefusalCode.DAMAGED,
                f"This file has ended the process that worked on it {MAX_DEATHS} times, so it is not opened again.",
                hint="Save the model again from Keras and try that file, or restart filterviz to try this one again.",
            )


def advice_about(question: Question | None) -> str:
    """What the user can do if answering a question takes too much time or memory."""
    return SMALLER_INPUTS if isinstance(question, Compute) else SMALLER_TILES


def explain_death(status: int, *, memory_was_high: bool, printed: Iterable[str], advice: str) -> WorkerDied:
    """The error for a worker process that ended by itself.

    ``memory_was_high`` says whether it came near the limit of its address space, ``printed`` are lines that it wrote to
    standard error, and ``advice`` is what the user can do if memory ran out.
    """
    if status == TRIPPED:
        return WorkerDied(FORBIDDEN, violently=True)
    if memory_was_high or any("bad_alloc" in line for line in printed):
        # At its limit TensorFlow often crashes instead of reporting an error, for which the file is not to blame.
        return WorkerDied(NO_MEMORY.format(advice=advice), violently=False)
    if status == -getattr(signal, "SIGKILL", 9):
        # Only somebody else sends it: mostly Linux, when the machine runs out of memory, whichever file needed it.
        return WorkerDied(KILLED.format(advice=advice), violently=False)
    return WorkerDied(CRASHED, violently=status < 0)


def describe_status(status: int) -> str:
    """An exit status in words, for the log.

    Example:
        >>> describe_status(-11)
        'SIGSEGV'
    """
    if status == TRIPPED:
        return "tripwire"
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def fail_for_answer(connection: Connection, answer: Answer) -> FiltervizError:
    """The error that an answer stands for. Unless only the question was at fault, the worker is ended."""
    if isinstance(answer, Refusal):
        connection.kill()
        return Refused(answer.code, shortened(answer.what), shortened(answer.where), shortened(answer.hint))
    if isinstance(answer, Failed):
        sentence = shortened(answer.sentence)
        if answer.kind is FailureKind.REQUEST:
            return BadRequest(sentence)
        connection.fail(f"could not do it ({answer.kind.value})")
        return EngineFailed(sentence)
    return fail_for_nonsense(connection)


def fail_for_nonsense(connection: Connection) -> EngineFailed:
    """End a worker that did not answer what was asked; returns the error to raise."""
    connection.fail("gave an answer to another question")
    return EngineFailed(GARBLED)


def fail_for_deadline(connection: Connection, seconds: float, question: Question | None = None) -> TimedOut:
    """End a worker that did not answer a question in time; returns the error to raise."""
    connection.fail(f"passed its deadline of {seconds:.1f} s")
    return TimedOut(TOO_SLOW.format(seconds=seconds, advice=advice_about(question)))


def shortened(text: str) -> str:
    """A text from a worker at a length that can be shown."""
    return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "..."
