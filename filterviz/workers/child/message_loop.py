"""The messages of a worker process: questions are received by one thread while another answers them."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import IO

from filterviz.workers.wire.protocol import Answer, Halt, Pause, Question, read_question, write_message


class MessageLoop:
    """Receives questions from the stream that the parent writes, and sends answers to the one that it reads."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers
        self._waiting: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._halted: int | None = None
        self._paused: int | None = None

    def send(self, answer: Answer) -> None:
        """Send an answer. If the parent is gone, this process ends."""
        try:
            write_message(self._answers, answer)
        except BrokenPipeError:
            os._exit(0)

    def is_halted(self, ticket: int) -> bool:
        """Whether the parent has asked for the run with this ticket to stop."""
        return self._halted == ticket

    def is_paused(self, ticket: int) -> bool:
        """Whether the parent has asked for the run with this ticket to be left for later."""
        return self._paused == ticket

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
            elif isinstance(question, Pause):
                self._paused = question.ticket
            else:
                self._waiting.put(question)
        os._exit(0)
