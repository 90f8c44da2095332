"""One child process, seen from outside: started, spoken to, listened to, ended.

A host never waits for ever, leaves no process, descriptor or folder behind, and says what became of a child that died
in a sentence; the cause is in the log.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self

from filterviz.errors import EngineFailed, TimedOut
from filterviz.settings import MIB, Settings
from filterviz.workers.parent.environment import clean_environment
from filterviz.workers.parent.usage import Usage, memory_of
from filterviz.workers.wire.exit_status import TRIPPED
from filterviz.workers.wire.protocol import Answer, Hello, Question, Role, read_answer, write_message

log = logging.getLogger(__name__)

MAX_ANSWER = 256 * MIB
"""The most bytes of pictures in one answer. A batch of tiles is far smaller."""

WAITING_ANSWERS = 4
"""Answers taken in before they are asked for; a child that sends more has to wait."""

SEND_SECONDS = 30.0
LOG_LINES = 60

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
ENDED = "The program is closing, so the work was ended."


class ChildDied(EngineFailed):
    """The child ended by itself. ``violently``: by a signal or by the tripwire, so its file may be to blame."""

    def __init__(self, sentence: str, *, violently: bool) -> None:
        super().__init__(sentence)
        self.violently = violently


class Host:
    """A child process and the wire to it. Not to be used by two threads at once, except for :meth:`kill`.

    The thread that creates a host must outlive it: on Linux a child dies with the thread that started it.

    Args:
        role: what the child is for.
        settings: its limits.
        folder: in which the child gets a folder of its own.
        record: see :class:`filterviz.workers.wire.protocol.Hello`.
        program: the command to start; filterviz's own child by default.

    Attributes:
        tickets: the number of runs asked for so far.
        owed: the ticket of a run that was halted and whose last answer has not come.
        advice: what to do where the child needs too much time or memory, as a sentence.
    """

    def __init__(
        self,
        role: Role,
        settings: Settings,
        folder: Path,
        *,
        record: Path | None = None,
        program: Sequence[str] | None = None,
    ) -> None:
        self.role = role
        self.settings = settings
        self.tickets = 0
        self.owed: int | None = None
        self.advice = SMALLER_TILES
        self._answers: queue.Queue[Answer | Exception | None] = queue.Queue(WAITING_ANSWERS)
        self._errors: deque[str] = deque(maxlen=LOG_LINES)
        self._killed = False
        self._usage = Usage()
        self._lock = threading.Lock()
        try:
            self._private = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=folder))
            self._process = subprocess.Popen(
                child_program() if program is None else program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._private,
                env=clean_environment(self._private),
                # Ctrl-C in a terminal is for the parent, which stops the work in order.
                start_new_session=True,
            )
        except OSError as error:
            log.error("A child process could not be started: %s", error)
            raise EngineFailed(NOT_STARTED) from error
        self._threads = [
            threading.Thread(target=self._hear, name=f"filterviz-answers-{self.pid}", daemon=True),
            threading.Thread(target=self._overhear, name=f"filterviz-errors-{self.pid}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        # A child that is dead already is found out, with its cause, by whoever waits for it to be ready.
        with contextlib.suppress(EngineFailed):
            self.send(Hello(role, settings, record))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child runs and has not been told to end."""
        return not self._killed and self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """Memory the child occupies; 0 where the system does not say."""
        return memory_of(self.pid)[1]

    def send(self, question: Question) -> None:
        """Send a question.

        Raises:
            ChildDied: there is no child any more.
            TimedOut: the child does not take it.
        """
        assert self._process.stdin is not None
        # A pipe cannot be written to with a deadline; a child that is killed lets go of it.
        watchdog = threading.Timer(SEND_SECONDS, self.kill)
        watchdog.start()
        try:
            write_message(self._process.stdin, question)
        except (OSError, ValueError):
            if not watchdog.is_alive():
                raise TimedOut(TOO_SLOW.format(seconds=SEND_SECONDS, advice=self.advice)) from None
            raise self._death() from None
        finally:
            watchdog.cancel()

    def receive(self, seconds: float) -> Answer | None:
        """The next answer, or ``None`` when there is none within so many seconds.

        Raises:
            ChildDied: there is no child any more.
            EngineFailed: it answered with nonsense, and was killed.
        """
        try:
            answer = self._answers.get(timeout=max(0.0, seconds))
        except queue.Empty:
            self._usage.look(self.pid)
            return None
        if answer is None:
            raise self._death()
        if isinstance(answer, Exception):
            self.fail(f"sent no message but garbage: {answer}")
            raise EngineFailed(GARBLED)
        return answer

    def kill(self) -> None:
        """End the child at once. May be called from any thread, and again."""
        self._killed = True
        self._process.kill()

    def fail(self, reason: str) -> None:
        """Kill a child whose work broke, and log what it complained about."""
        self.kill()
        self._log_errors(reason)

    def close(self) -> None:
        """End the child and give everything back: process, descriptors, threads, folder."""
        self.kill()
        with self._lock:
            while any(thread.is_alive() for thread in self._threads):
                self._drain()
                for thread in self._threads:
                    thread.join(0.01)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                _close(stream)
        shutil.rmtree(self._private, ignore_errors=True)

    def give_up(self, seconds: float) -> TimedOut:
        """Kill a child that passed its deadline; returns the error to raise."""
        self.fail(f"passed its deadline of {seconds:.1f} s")
        return TimedOut(TOO_SLOW.format(seconds=seconds, advice=self.advice))

    def _hear(self) -> None:
        """Take in answers until the child is gone or sends nonsense."""
        assert self._process.stdout is not None
        answer: Answer | Exception | None
        while True:
            try:
                answer = read_answer(self._process.stdout, MAX_ANSWER)
            except Exception as error:
                # Malformed, or a broken pipe, or anything that a hostile child might think of.
                answer = error
            self._answers.put(answer)
            if answer is None or isinstance(answer, Exception):
                return

    def _overhear(self) -> None:
        """Keep the last lines of what the child complains about."""
        assert self._process.stderr is not None
        while line := self._process.stderr.readline(1000):
            text = line.decode(errors="replace").rstrip()
            # Whatever runs in the child must not be able to command the terminal that shows the log.
            self._errors.append("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))

    def _log_errors(self, reason: str) -> None:
        self._threads[1].join(1.0)  # it ends with the child, once it has heard the last of it
        log.error("Child %d (%s) %s\n%s", self.pid, self.role.value, reason, "\n".join(self._errors))

    def _drain(self) -> None:
        """Let a thread go that waits for room."""
        while not self._answers.empty():
            self._answers.get_nowait()

    def _death(self) -> EngineFailed:
        """What to say of a child that is gone."""
        if self._killed:
            return EngineFailed(ENDED)
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            # It closed its end of the wire and lives on; that is no way to behave.
            self.fail("closed its end of the wire")
            return EngineFailed(GARBLED)
        self._log_errors(f"ended: {describe_status(status)}")
        if status == TRIPPED:
            return ChildDied(FORBIDDEN, violently=True)
        if self._usage.was_high or any("bad_alloc" in line for line in self._errors):
            # At its limit TensorFlow often crashes where it should report an error. That is not the file's fault.
            return ChildDied(NO_MEMORY.format(advice=self.advice), violently=False)
        killed = status == -getattr(signal, "SIGKILL", 9)
        return ChildDied(KILLED.format(advice=self.advice) if killed else CRASHED, violently=status < 0)


def child_program() -> list[str]:
    """The command that starts a child.

    ``-I`` keeps the working directory, the user's packages and ``PYTHON*`` variables out; so the child is told where
    this package lies, which need not be installed.
    """
    root = str(Path(__file__).resolve().parents[3])
    start = (
        "import sys; root = sys.argv[1]; root in sys.path or sys.path.append(root); "
        "from filterviz.workers.child.main import main; main()"
    )
    return [sys.executable, "-I", "-X", "utf8", "-c", start, root]


def describe_status(status: int) -> str:
    """An exit status for the log.

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


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:
        pass  # what was left to be written has no reader any more
