"""The worker that keeps one network open and computes with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from filterviz.engine import Engine, device
from filterviz.errors import BadRequest, Stopped
from filterviz.reader import OpenedModel
from filterviz.settings import Settings
from filterviz.workers.child import reader_worker
from filterviz.workers.child.limits import Limit
from filterviz.workers.child.message_loop import MessageLoop
from filterviz.workers.child.reader_worker import answer_for
from filterviz.workers.wire.protocol import Answer, Compute, Done, Failed, FailureKind, Halted, Outputs, Question, Run

PROCESSOR_SECONDS = 24 * 3600.0
"""For all the runs of a worker together, as a last resort. The parent keeps the deadline of each run."""

SENTENCES = {
    Run: (
        "The computation failed. Try another layer, size or recipe. The log says more.",
        "This took more memory than there is. Choose a smaller tile size or fewer filters.",
    ),
    Compute: (
        "The outputs could not be computed. Check that the values are what the network expects. The log says more.",
        "This took more memory than there is. Give the network smaller inputs.",
    ),
}
"""For each question, what the user is told if it fails unexpectedly, and if memory runs out."""


class Worker(reader_worker.Worker):
    """Opens one file, makes patterns and computes outputs. For the arguments see the reader's worker."""

    copies_of_file = 3
    """The weights lie in memory as a mapped file, as arrays and as TensorFlow's variables."""

    def __init__(self, settings: Settings, loop: MessageLoop, record: int | None, held: Iterable[Limit]) -> None:
        super().__init__(settings, loop, record, held)
        device.warm_up()
        # CUDA maps far more address space than it uses, so this limit cannot hold beside a graphics card.
        self.memory_limit = 0 if device.has_graphics_card() else settings.model_memory
        self.processor_seconds = PROCESSOR_SECONDS
        self._engine: Engine | None = None

    def use(self, model: OpenedModel) -> None:
        """Rebuild the network that was opened."""
        self._engine = Engine(model, self.settings)

    def answer(self, question: Question) -> Answer:
        """Answer a question, after sending the events of a run as they come."""
        if not isinstance(question, Run | Compute):
            return super().answer(question)
        failed, out_of_memory = SENTENCES[type(question)]
        if self._engine is None:
            return Failed(FailureKind.ENGINE, failed)
        try:
            for event in self._events(self._engine, question):
                self.loop.send(event)
            return Done(question.ticket)
        except Stopped as stopped:
            return Halted(question.ticket, str(stopped))
        except BadRequest as error:
            return Failed(FailureKind.REQUEST, str(error))
        except Exception as error:
            return answer_for(error, failed, out_of_memory)

    def _events(self, engine: Engine, question: Run | Compute) -> Iterable[Answer]:
        stop, pause = partial(self.loop.is_halted, question.ticket), partial(self.loop.is_paused, question.ticket)
        if isinstance(question, Run):
            return engine.run(question.request, start=question.start, stop=stop, pause=pause, resume=question.resume)
        # The outputs of one batch come at once, so there is nothing unfinished to keep.
        every = engine.outputs.run(question.inputs, lambda: stop() or pause())
        return (Outputs(question.ticket, arrays) for arrays in every)
