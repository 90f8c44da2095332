"""For tests of jobs: recipes that are soon done and that never are, and waiting for a job to get somewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from filterviz.service.job import Job
from filterviz.service.job_state import JobState
from filterviz.spec import RECIPES

QUICK = RECIPES["classic"].with_(size=16, steps=3)
LONG = RECIPES["classic"].with_(size=256, steps=4000)


def until(job: Job, condition: Callable[[JobState], object], seconds: float = 120) -> JobState:
    """The first state of a job that fulfils a condition; fails when there is none in that time."""
    deadline = time.monotonic() + seconds
    while not condition(state := job.snapshot()):
        assert time.monotonic() < deadline, state
        time.sleep(0.02)
    return state


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
