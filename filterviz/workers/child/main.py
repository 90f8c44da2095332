"""The program of a worker process: it confines itself, then answers questions about one file.

Standard input and output are the connection to the parent; the process ends when its input ends. One thread receives
questions while another answers them.
"""

from __future__ import annotations

import importlib
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from filterviz.workers.child import limits
from filterviz.workers.wire.protocol import Answer, Halt, Hello, Question, Ready, Role, read_question, write_message

LOADED_EARLY = ("encodings.idna", "linecache", "mmap", "tempfile", "textwrap", "tokenize", "unicodedata", "zipfile")
"""Parts of Python that are otherwise imported late, when the tripwire no longer allows it."""

WORKERS = {Role.READER: "filterviz.workers.child.reader_worker", Role.MODEL: "filterviz.workers.child.model_worker"}
"""The module of each role. It is imported only once the process is confined, and only the model worker's imports
TensorFlow."""


def main() -> None:
    """Answer questions until the input ends. Does not return."""
    questions, answers = _take_streams()
    hello = read_question(questions)
    if not isinstance(hello, Hello):
        os._exit(2)
    # The last file outside its private folder that this process opens for writing.
    record = None if hello.record is None else os.open(hello.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    held = limits.confine(Path.cwd())
    loop = MessageLoop(questions, answers)
    for name in LOADED_EARLY:
        importlib.import_module(name)
    worker = importlib.import_module(WORKERS[hello.role]).Worker(hello.settings, loop, record)
    loop.send(Ready((*held, *worker.limits_at_opening())))
    loop.serve(worker.answer)


def _take_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Keep standard input and output for messages, and give libraries harmless ones: no input, and standard error."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


class MessageLoop:
    """Receives questions from the stream that the parent writes, and sends answers to the one that it reads."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers
        self._waiting: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._halted: int | None = None

    def send(self, answer: Answer) -> None:
        """Send an answer. If the parent is gone, this process ends."""
        try:
            write_message(self._answers, answer)
        except BrokenPipeError:
            os._exit(0)

    def is_halted(self, ticket: int) -> bool:
        """Whether the parent has asked for the run with this ticket to stop."""
        return self._halted == ticket

    def serve(self, answer: Callable[[Question], Answer]) -> None:
        """Answer one question after another. Does not return: the process ends with its input.

        ``answer`` gives the last answer to a question; it may send others before.
        """
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            self.send(answer(self._waiting.get()))

    def _receive(self) -> None:
        """Receive questions also while one is being answered, because a halt must arrive between two steps."""
        while (question := read_question(self._questions)) is not None:
            if isinstance(question, Halt):
                self._halted = question.ticket
            else:
                self._waiting.put(question)
        os._exit(0)
