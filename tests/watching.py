"""Open a file in a real reader child and watch it: what it answers, what it touches, what memory it takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from filterviz.errors import FiltervizError
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.wire.protocol import Role

MODULES = (".py", ".pyc", ".so")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        answer: the network, or the error.
        growth: bytes of memory the child took at its peak, beside what it had before.
        events: what Python was about to do, and whether the tripwire allows it.
        path: of the file.
        folder: in which the child had its own.
    """

    answer: ModelSpec | FiltervizError
    growth: int
    events: list[tuple[str, str, bool]]
    path: Path
    folder: Path

    @property
    def forbidden(self) -> list[tuple[str, str, bool]]:
        """What the tripwire would have ended the child for."""
        return [event for event in self.events if not event[2]]

    @property
    def files(self) -> set[str]:
        """The files it opened, apart from Python's modules and what lies in its own folder."""
        opened = {what.split("' ")[0].strip("'") for event, what, _ in self.events if event == "open"}
        own = f"{self.folder}/reader-"
        return {path for path in opened if "/" in path and not path.endswith(MODULES) and not path.startswith(own)}


class Watched(WorkerProcess):
    """A child whose memory is looked at just before it is ended."""

    peak = 0

    def kill(self) -> None:
        self.peak = max(self.peak, memory(self.pid, "VmHWM"))
        super().kill()


def watch(path: Path, folder: Path) -> Outcome:
    """Open one file in a child of its own, which writes down what it does.

    Args:
        path: of the file.
        folder: for the record and the child's own folder.
    """
    record = folder / "record"
    with Watched(Role.READER, Settings(), folder, record=record) as process:
        client = WorkerClient(process, Settings())
        client.await_ready()
        before = memory(process.pid, "VmRSS")
        answer: ModelSpec | FiltervizError
        try:
            answer = client.open_file(path)
        except FiltervizError as error:
            answer = error
    growth = process.peak - before
    events = [tuple(json.loads(line)) for line in record.read_text().splitlines()]
    return Outcome(answer, growth, events, path, folder)


def memory(process: int, which: str) -> int:
    """Resident memory in bytes, now (``VmRSS``) or at its peak (``VmHWM``); 0 where that is not said."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        return 0
    sizes = (int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith(which))
    return next(sizes, 0)
