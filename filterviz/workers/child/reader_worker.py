"""The worker that reads a file. It never imports TensorFlow."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path

from filterviz.errors import EngineFailed, Refused
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.workers.child import limits, tripwire
from filterviz.workers.child.limits import Limit
from filterviz.workers.child.message_loop import MessageLoop
from filterviz.workers.wire.protocol import Answer, Failed, FailureKind, Open, Opened, Question, Refusal

LACKING = (
    "This server opens files only with all the safety limits that it is told to keep, and does without: {limits}. "
    "Whoever runs it finds more in SECURITY.md."
)

SHOWN_CALLS = -12
"""Only the last calls before an exception are written to standard error, which the parent keeps for its log."""

UNREADABLE = "The file cannot be read. Make sure that it still exists and that everyone on this computer may read it."
READING_FAILED = "Reading this file failed, so it cannot be opened. Save the model again and try that file."
READING_OUT_OF_MEMORY = "Reading this file took more memory than it may. Save the model without its optimizer."


class Worker:
    """Opens one file.

    ``loop`` sends answers, and ``held`` are the limits in force already. For ``record`` see
    :func:`filterviz.workers.child.tripwire.arm`.
    """

    copies_of_file = 1
    """How many times the content of the file may lie in memory at the same time."""

    def __init__(self, settings: Settings, loop: MessageLoop, record: int | None, held: Iterable[Limit]) -> None:
        self.settings = settings
        self.loop = loop
        self.memory_limit = settings.reader_memory
        self.processor_seconds = settings.reader_seconds
        self._record = record
        self._held = frozenset(held)

    def answer(self, question: Question) -> Answer:
        """Answer a question."""
        if isinstance(question, Open):
            return self._open(question)
        return Failed(FailureKind.ENGINE, READING_FAILED)

    def use(self, model: OpenedModel) -> None:
        """Prepare for questions about the model that was opened. A reader is asked no others."""

    def _open(self, question: Open) -> Answer:
        options = question.load_options
        try:
            missing = self._confine_to(question.path)
            required = set(Limit) if "all" in self.settings.require_limits else set(self.settings.require_limits)
            if lacking := sorted(required - set(Limit).difference(missing)):
                return Failed(FailureKind.ENGINE, LACKING.format(limits=", ".join(lacking)))
            model = open_model(question.path, self.settings, options.architecture, options.untrained)
            self.use(model)
            return Opened(model.spec, tuple(limit.value for limit in Limit if limit in missing))
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            traceback.print_exc(limit=SHOWN_CALLS)
            return Failed(FailureKind.REQUEST, UNREADABLE)
        except Exception as error:
            return answer_for(error, READING_FAILED, READING_OUT_OF_MEMORY)

    def _confine_to(self, path: Path) -> frozenset[Limit]:
        """Set the last limits, which depend on the file and its size, before anything in the file is read.

        Returns the limits that are not in force now.
        """
        held, size = set(self._held), path.stat().st_size
        if self.memory_limit and limits.limit_memory(self.memory_limit + self.copies_of_file * size):
            held.add(Limit.MEMORY)
        if limits.limit_processor_time(self.processor_seconds):
            held.add(Limit.PROCESSOR_TIME)
        if not limits.limit_reading(path, Path.cwd()):
            held.discard(Limit.FENCED_IN)
        tripwire.arm(tripwire.Tripwire(model=path, private=Path.cwd()), self._record)
        return frozenset(Limit) - held


def answer_for(error: Exception, failed: str, out_of_memory: str) -> Answer:
    """The answer when opening or computing has raised an error.

    ``failed`` is the sentence for an unexpected error, ``out_of_memory`` the one if memory ran out.
    """
    if isinstance(error, Refused):
        return Refusal(error.code, error.what, error.where, error.hint)
    if isinstance(error, EngineFailed):
        return Failed(FailureKind.ENGINE, str(error))
    traceback.print_exc(limit=SHOWN_CALLS)
    # TensorFlow's error is recognised by its name, because a reader must not import TensorFlow.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return Failed(FailureKind.MEMORY, out_of_memory)
    return Failed(FailureKind.ENGINE, failed)
