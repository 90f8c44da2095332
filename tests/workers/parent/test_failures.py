"""What the user is told when a worker did not answer."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.spec import Request
from filterviz.workers.parent import failures
from filterviz.workers.parent.failures import (
    SMALLER_INPUTS,
    SMALLER_TILES,
    Quarantine,
    WorkerDied,
    advice_about,
    describe_status,
    explain_death,
)
from filterviz.workers.wire.protocol import TRIPPED, Compute, Run


@pytest.mark.parametrize(
    ("status", "memory_was_high", "printed", "sentence", "violently"),
    [
        (TRIPPED, True, ["bad_alloc"], failures.FORBIDDEN, True),
        (-signal.SIGSEGV, False, [], failures.CRASHED, True),
        (-signal.SIGSEGV, True, [], failures.NO_MEMORY, False),
        (-signal.SIGABRT, False, ["std::bad_alloc"], failures.NO_MEMORY, False),
        (-signal.SIGKILL, False, [], failures.KILLED, False),
        (1, False, ["ImportError"], failures.CRASHED, False),
    ],
)
def test_a_death_is_explained(
    status: int, memory_was_high: bool, printed: list[str], sentence: str, violently: bool
) -> None:
    death = explain_death(status, memory_was_high=memory_was_high, printed=printed, advice=SMALLER_TILES)
    assert str(death) == sentence.format(advice=SMALLER_TILES)
    assert death.violently == violently


def test_the_advice_fits_the_question() -> None:
    assert advice_about(Run(1, Request("conv", (0,)))) == SMALLER_TILES
    assert advice_about(Compute(1, (np.zeros((1, 2), np.float32),))) == SMALLER_INPUTS
    assert advice_about(None) == SMALLER_TILES


def test_an_exit_status_in_words() -> None:
    assert [describe_status(status) for status in (0, 3, TRIPPED, -9, -250)] == [
        "exit status 0",
        "exit status 3",
        "tripwire",
        "SIGKILL",
        "signal 250",
    ]


def test_a_sentence_from_a_worker_has_a_bounded_length() -> None:
    assert failures.shortened("a" * failures.LONGEST_SENTENCE) == "a" * failures.LONGEST_SENTENCE
    assert len(failures.shortened("a" * 10**6)) == failures.LONGEST_SENTENCE + 3


def test_two_deaths_and_no_more() -> None:
    quarantine = Quarantine()
    for violently in (True, False, True):
        quarantine.check("a")
        with pytest.raises(WorkerDied), quarantine.watch("a"):
            raise WorkerDied("It died.", violently=violently)
    quarantine.check("b")
    with pytest.raises(Refused, match="2 times") as refusal:
        quarantine.check("a")
    assert refusal.value.code is RefusalCode.DAMAGED
    assert refusal.value.hint
