"""Progress on standard error: one line that is rewritten while a job runs."""

from __future__ import annotations

import sys
import threading
from typing import TextIO

from filterviz.errors import Stopped
from filterviz.service.job import Job
from filterviz.service.job_state import JobState, Status
from filterviz.service.workspace import Workspace
from filterviz.spec.names import printable

POLL_SECONDS = 0.2
"""How often the line is rewritten, and how soon Ctrl-C is noticed."""


class StatusLine:
    """One line that is rewritten on a terminal; elsewhere only its last text is printed."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._text = ""

    def show(self, text: str) -> None:
        """Replace the text of the line."""
        text = printable(text)
        if self._live and text != self._text:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
        self._text = text

    def end(self) -> None:
        """Leave the last text standing and begin a new line."""
        self._stream.write("\n" if self._live else f"{self._text}\n")


def follow(workspace: Workspace, job: Job, stop: threading.Event) -> JobState:
    """Show the progress of a job until it ends, and stop it when the event is set (Ctrl-C)."""
    line = StatusLine()
    while not (state := job.wait(POLL_SECONDS)).finished:
        if stop.is_set():
            job.stop()
        line.show(_progress(state) if workspace.download is None else _downloading(*workspace.download))
    line.show(_progress(state))
    line.end()
    return state


def raise_unless_done(state: JobState, of_model: str = "") -> None:
    """Raise what ended a job early.

    Args:
        state: The last state of the job.
        of_model: ``" of NAME"`` where a command works on more than one model.

    Raises:
        FiltervizError: The job failed.
        Stopped: The job was stopped; the sentence counts the finished tiles.
    """
    if state.error is not None:
        raise state.error
    if state.status is Status.STOPPED:
        raise Stopped(f"Stopped; {state.done} of {state.total} tiles{of_model} were finished and are kept.")


def _progress(state: JobState) -> str:
    text = f"{state.done}/{state.total} tiles"
    layer = state.current
    if layer is not None:
        text += f" · {layer.request.layer}"
        if layer.steps:
            text += f" · step {layer.step}/{layer.steps}"
        if layer.seconds_left is not None:
            text += f" · {layer.seconds_left:.0f} s left for this layer"
    return text


def _downloading(received: int, total: int) -> str:
    return f"Downloading VGG16's weights: {received / 1e6:.0f} of {total / 1e6:.0f} MB"
