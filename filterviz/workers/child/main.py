"""The child process: it limits itself, then reads one file and answers questions about it.

Its standard input and output are the wire to the web process; the end of the input ends it. Only here are the reader
and the engine imported.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from filterviz.errors import BadRequest, EngineFailed, Refused, Stopped
from filterviz.workers.child import limits, tripwire
from filterviz.workers.child.limits import Limit
from filterviz.workers.wire.protocol import (
    Answer,
    Compute,
    Done,
    Failed,
    FailureKind,
    Halt,
    Halted,
    Hello,
    Open,
    Opened,
    Outputs,
    Question,
    Ready,
    Refusal,
    Role,
    Run,
    read_question,
    write_message,
)

if TYPE_CHECKING:
    from filterviz.engine import Engine
    from filterviz.reader import OpenedModel

LOADED_EARLY = ("encodings.idna", "linecache", "mmap", "tempfile", "textwrap", "tokenize", "unicodedata", "zipfile")
"""Parts of Python that are otherwise loaded late, when the tripwire no longer lets them."""

MODEL_PROCESSOR_SECONDS = 24 * 3600.0
"""For all the runs of a child together: a last net. The deadline of each run is kept by the web process."""

COPIES_OF_FILE = 3
"""A network's weights lie in memory as a mapped file, as arrays and as TensorFlow's variables."""

UNREADABLE = "The file cannot be read. Make sure that it still exists and that everyone on this computer may read it."
BROKEN = "The computation broke. Try another layer, size or recipe; the log says more."
NO_OUTPUTS = "Computing the outputs broke. Check that the values are what the network was made for; the log says more."
READING_BROKEN = "Reading this file broke, so it cannot be opened. Save the model again and try that file."
OUT_OF_MEMORY = "This took more memory than there is. Choose a smaller tile size or fewer filters."
OUTPUTS_OUT_OF_MEMORY = "This took more memory than there is. Give the network smaller inputs."
READING_OUT_OF_MEMORY = "Reading this file took more memory than it may. Save the model without its optimizer."


def main() -> None:
    """Serve until the input ends. Does not return."""
    questions, answers = _take_wire()
    hello = read_question(questions)
    if not isinstance(hello, Hello):
        os._exit(2)
    # The last file outside its own folder that this process opens for writing.
    record = None if hello.record is None else os.open(hello.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    holds = limits.confine(Path.cwd())
    child = Child(hello, answers, record)
    child.say(Ready((*holds, *child.prepare())))
    child.serve(questions)


def _take_wire() -> tuple[IO[bytes], IO[bytes]]:
    """Keep standard input and output for the messages, and give libraries that read or print something harmless."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


class Child:
    """One child: its limits, its one file, and whether the run at hand was halted."""

    def __init__(self, hello: Hello, answers: IO[bytes], record: int | None) -> None:
        self._role = hello.role
        self._settings = hello.settings
        self._record = record
        self._answers = answers
        self._inbox: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._halted: int | None = None
        self._memory = hello.settings.reader_memory
        self._model: OpenedModel | None = None
        self._engine: Engine | None = None

    def prepare(self) -> tuple[Limit, ...]:
        """Import what will be needed; returns the limits that will hold from the moment a file is opened."""
        for name in LOADED_EARLY:
            importlib.import_module(name)
        importlib.import_module("filterviz.reader")
        if self._role is Role.MODEL:
            importlib.import_module("filterviz.engine")
            from filterviz.engine import device

            device.warm_up()
            # CUDA maps far more address space than it uses, so the limit cannot hold beside it.
            self._memory = 0 if device.has_graphics_card() else self._settings.model_memory
        if sys.platform == "win32":
            return ()
        memory = self._memory > 0 and sys.platform.startswith("linux")
        return (Limit.MEMORY, Limit.PROCESSOR_TIME) if memory else (Limit.PROCESSOR_TIME,)

    def say(self, answer: Answer) -> None:
        """Send one answer; without anyone to hear it this process has no reason to live."""
        try:
            write_message(self._answers, answer)
        except BrokenPipeError:
            os._exit(0)

    def serve(self, questions: IO[bytes]) -> None:
        """Answer one question after the other. Does not return."""
        threading.Thread(target=self._listen, args=(questions,), daemon=True).start()
        while True:
            question = self._inbox.get()
            if isinstance(question, Open):
                self.say(self._open(question))
            elif isinstance(question, Run):
                self.say(self._run(question))
            elif isinstance(question, Compute):
                self.say(self._compute(question))

    def _listen(self, questions: IO[bytes]) -> None:
        """Take questions in while one is being answered: a halt must arrive between two steps."""
        while (question := read_question(questions)) is not None:
            if isinstance(question, Halt):
                self._halted = question.ticket
            else:
                self._inbox.put(question)
        os._exit(0)

    def _open(self, question: Open) -> Answer:
        from filterviz.reader import open_model

        try:
            self._close_in(question.path)
            self._model = open_model(
                question.path, self._settings, question.load_options.architecture, question.load_options.untrained
            )
            if self._role is Role.MODEL:
                from filterviz.engine import Engine

                self._engine = Engine(self._model, self._settings)
            return Opened(self._model.spec)
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            _log()
            return Failed(FailureKind.REQUEST, UNREADABLE)
        except Exception as error:
            return _failure(error, READING_BROKEN, READING_OUT_OF_MEMORY)

    def _close_in(self, path: Path) -> None:
        """The last limits, now that the file and its size are known: nothing of it has been looked at yet."""
        size = path.stat().st_size
        if self._memory:
            copies = COPIES_OF_FILE if self._role is Role.MODEL else 1
            limits.limit_memory(self._memory + copies * size)
        seconds = MODEL_PROCESSOR_SECONDS if self._role is Role.MODEL else self._settings.reader_seconds
        limits.limit_processor_time(seconds)
        limits.limit_reading(path, Path.cwd())
        tripwire.arm(tripwire.Tripwire(model=path, private=Path.cwd()), self._record)

    def _run(self, question: Run) -> Answer:
        if self._engine is None:
            return Failed(FailureKind.ENGINE, BROKEN)
        events = self._engine.run(question.request, start=question.start, stop=self._stop(question.ticket))
        return self._send(question.ticket, events, BROKEN, OUT_OF_MEMORY)

    def _compute(self, question: Compute) -> Answer:
        if self._engine is None:
            return Failed(FailureKind.ENGINE, NO_OUTPUTS)
        ticket = question.ticket
        computed = self._engine.outputs.run(question.inputs, self._stop(ticket))
        return self._send(ticket, (Outputs(ticket, arrays) for arrays in computed), NO_OUTPUTS, OUTPUTS_OUT_OF_MEMORY)

    def _stop(self, ticket: int) -> Callable[[], bool]:
        return lambda: self._halted == ticket

    def _send(self, ticket: int, events: Iterable[Answer], broken: str, out_of_memory: str) -> Answer:
        """Send what a run gives as it comes; returns the last answer."""
        try:
            for event in events:
                self.say(event)
            return Done(ticket)
        except Stopped as stopped:
            return Halted(ticket, str(stopped))
        except BadRequest as error:
            return Failed(FailureKind.REQUEST, str(error))
        except Exception as error:
            return _failure(error, broken, out_of_memory)


def _failure(error: Exception, broken: str, out_of_memory: str) -> Answer:
    """What to answer when opening or computing ended in an exception."""
    if isinstance(error, Refused):
        return Refusal(error.code, error.what, error.where, error.hint)
    if isinstance(error, EngineFailed):
        return Failed(FailureKind.ENGINE, str(error))
    _log()
    # TensorFlow's error for memory is known by name: a reader child must not import TensorFlow to ask for it.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return Failed(FailureKind.MEMORY, out_of_memory)
    return Failed(FailureKind.ENGINE, broken)


def _log() -> None:
    """The exception at hand, to standard error, which the web process keeps for its log."""
    traceback.print_exc(limit=-12)
