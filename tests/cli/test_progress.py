from __future__ import annotations

import io
from dataclasses import replace

import pytest

from filterviz.cli.progress import StatusLine, raise_unless_done
from filterviz.errors import EngineFailed, Stopped
from filterviz.service.job_state import JobState, LayerState, Status
from filterviz.spec import Request


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *texts: str) -> str:
    line = StatusLine(stream)
    for text in texts:
        line.show(text)
    line.end()
    return stream.getvalue()


def test_on_a_terminal_one_line_is_rewritten_when_its_text_changes() -> None:
    assert shown(Terminal(), "0/2", "0/2", "1/2") == "\r\x1b[K0/2\r\x1b[K1/2\n"


def test_elsewhere_the_last_text_alone_is_written() -> None:
    assert shown(io.StringIO(), "0/2", "1/2", "2/2") == "2/2\n"


STATE = JobState(Status.DONE, (LayerState(Request("conv", (0, 1))),))


def test_a_job_that_is_done_raises_nothing() -> None:
    raise_unless_done(STATE)


def test_a_job_that_was_stopped_says_how_much_is_kept() -> None:
    with pytest.raises(Stopped, match=r"^Stopped; 0 of 2 tiles of it were finished and are kept\.$"):
        raise_unless_done(replace(STATE, status=Status.STOPPED), of_model=" of it")


def test_a_job_that_failed_raises_its_error() -> None:
    error = EngineFailed("It broke.")
    with pytest.raises(EngineFailed) as caught:
        raise_unless_done(replace(STATE, status=Status.FAILED, error=error))
    assert caught.value is error
