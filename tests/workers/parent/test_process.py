"""One child: what becomes of it, and what the parent says when it misbehaves."""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import EngineFailed, Stopped, TimedOut
from filterviz.settings import Settings
from filterviz.spec import Pattern, Progress, Request
from filterviz.workers.parent import client, process
from filterviz.workers.parent.process import ChildDied, Host
from filterviz.workers.wire.protocol import Outputs, Role
from tests.workers.unruly import program

REQUEST = Request("conv", (3, 1, 2))
SETTINGS = Settings(tile_seconds=20.0, reader_seconds=20.0)


@contextmanager
def child(manner: str, folder: Path, settings: Settings = SETTINGS) -> Iterator[Host]:
    with Host(Role.MODEL, settings, folder, program=program(manner)) as running:
        client.await_ready(running)
        yield running


def test_a_child_answers_again_and_again(tmp_path: Path) -> None:
    with child("well-behaved", tmp_path) as running:
        assert client.open_file(running, tmp_path / "m.h5", None).name == "unruly"
        for _ in range(2):
            events = list(client.make_patterns(running, REQUEST, None))
            assert [event.filter for event in events if isinstance(event, Pattern)] == [3, 1, 2]
        assert running.alive
        assert running.resident_bytes > 1 << 20


@pytest.mark.parametrize(
    ("manner", "sentence", "violently"),
    [
        ("segfault", process.CRASHED, True),
        ("killed", process.KILLED.format(advice=process.SMALLER_TILES), True),
        ("bad-alloc", process.NO_MEMORY.format(advice=process.SMALLER_TILES), False),
        ("tripped", process.FORBIDDEN, True),
    ],
)
def test_a_death_is_one_sentence_and_the_signal_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, manner: str, sentence: str, violently: bool
) -> None:
    with child(manner, tmp_path) as running, caplog.at_level(logging.ERROR), pytest.raises(ChildDied) as death:
        client.open_file(running, tmp_path / "m.h5", None)
    assert str(death.value) == sentence
    assert death.value.violently == violently
    assert "SIG" not in sentence
    assert any(name in caplog.text for name in ("SIGSEGV", "SIGKILL", "SIGABRT", "tripwire"))


def test_a_child_that_cannot_start_says_why_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stillborn = Host(Role.MODEL, SETTINGS, tmp_path, program=program("stillborn"))
    with stillborn, pytest.raises(ChildDied, match="crashed"):
        client.await_ready(stillborn)
    assert "no such library" in caplog.text


@pytest.mark.parametrize(
    "manner", ["garbage", "huge", "pickle", "mute", "stranger", "misshapen", "weighty", "nan", "hasty", "talkative"]
)
def test_nonsense_ends_the_child(tmp_path: Path, manner: str) -> None:
    with child(manner, tmp_path) as running:
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.make_patterns(running, REQUEST, None))
        assert not running.alive


@pytest.mark.parametrize("manner", ["taciturn", "undivided", "misshapen"])
def test_nonsense_about_several_pictures_ends_the_child(tmp_path: Path, manner: str) -> None:
    request = replace(REQUEST, recipe=replace(REQUEST.recipe, pictures=4))
    with child(manner, tmp_path) as running:
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.make_patterns(running, request, None))
        assert not running.alive


def computed(running: Host, rows: int = 3) -> list[Outputs]:
    """What a child makes of so many examples for a network with one output of two numbers."""
    return list(client.compute_outputs(running, [np.zeros((rows, 4), np.float32)], [(None, 2)]))


def test_outputs_come_from_a_child_that_makes_patterns_too(tmp_path: Path) -> None:
    with child("well-behaved", tmp_path) as running:
        assert [answer.arrays[0].shape for answer in computed(running)] == [(3, 2)]
        assert len(list(client.make_patterns(running, REQUEST, None))) == 3
        assert [answer.arrays[0].shape for answer in computed(running, 5)] == [(5, 2)]


@pytest.mark.parametrize(
    "manner",
    [
        *("too many rows", "no rows", "another width", "another rank", "no axes", "an output more", "no outputs"),
        *("a change of mind", "never enough", "a picture", "stranger", "hasty", "garbage", "huge", "pickle", "mute"),
    ],
)
def test_nonsense_about_outputs_ends_the_child(tmp_path: Path, manner: str) -> None:
    with child(manner, tmp_path) as running:
        shapes = [(None, None, None)] if manner == "a change of mind" else [(None, 2)]
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.compute_outputs(running, [np.zeros((3, 4), np.float32)], shapes))
        assert not running.alive


def test_outputs_have_a_deadline_and_advice_of_their_own(tmp_path: Path) -> None:
    with (
        child("hang", tmp_path, replace(SETTINGS, tile_seconds=0.3)) as running,
        pytest.raises(TimedOut, match=r"longer than .* smaller inputs"),
    ):
        computed(running)
    with child("bad-alloc", tmp_path) as running, pytest.raises(ChildDied, match=r"more memory .* smaller inputs"):
        computed(running)
    with child("memory", tmp_path) as running, pytest.raises(EngineFailed, match="memory"):
        computed(running)


def test_a_deadline_ends_the_child(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tile_seconds=0.3, reader_seconds=0.3)
    with child("hang", tmp_path, settings) as running:
        with pytest.raises(TimedOut, match="longer than"):
            client.open_file(running, tmp_path / "m.h5", None)
        assert not running.alive
    with child("hang", tmp_path, settings) as running, pytest.raises(TimedOut, match="fewer filters"):
        list(client.make_patterns(running, REQUEST, None))


def test_a_child_that_does_not_listen_meets_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SEND_SECONDS", 0.3)
    with child("hang", tmp_path) as running:
        start = np.zeros((3, 512, 512, 3), np.float32)
        running.send(client.Open(tmp_path / "m.h5"))
        with pytest.raises(TimedOut):
            list(client.make_patterns(running, REQUEST, start))
        assert not running.alive


def test_too_little_memory_is_said_so_and_the_child_is_not_used_again(tmp_path: Path) -> None:
    with child("memory", tmp_path) as running:
        with pytest.raises(EngineFailed, match="memory"):
            list(client.make_patterns(running, REQUEST, None))
        assert not running.alive


def test_stop_is_heard_between_steps_and_the_child_lives_on(tmp_path: Path) -> None:
    stop = threading.Event()
    with child("halting", tmp_path) as running:
        events = client.make_patterns(running, REQUEST, None, stop=stop.is_set)
        steps = [event.step for event in itertools.islice(events, 9) if isinstance(event, Progress)]
        stop.set()
        with pytest.raises(Stopped, match="after 9 of 10"):
            next(events)
        assert steps == list(range(9))
        assert running.alive


def test_nobody_waits_for_a_child_that_does_not_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    with child("stubborn", tmp_path) as running:
        events = client.make_patterns(running, REQUEST, None, stop=stop.is_set)
        next(events)
        stop.set()
        with pytest.raises(Stopped):
            list(events)
        assert running.owed == 1
        assert not client.settle(running, 0.1)


def test_a_child_that_is_late_with_its_last_answer_is_used_again(tmp_path: Path) -> None:
    stop = threading.Event()
    with child("late", tmp_path) as running:
        events = client.make_patterns(running, REQUEST, None, stop=stop.is_set)
        next(events)
        stop.set()
        with pytest.raises(Stopped):
            list(events)
        assert running.owed == 1
        assert client.settle(running)
        assert running.owed is None
        again = client.make_patterns(running, REQUEST, None)
        assert isinstance(next(again), Progress)
        again.close()


def test_a_child_is_halted_when_nobody_listens_any_more(tmp_path: Path) -> None:
    with child("halting", tmp_path) as running:
        events = client.make_patterns(running, REQUEST, None)
        next(events)
        events.close()
        assert running.alive
        again = client.make_patterns(running, REQUEST, None)
        assert isinstance(next(again), Progress)
        again.close()
    with child("stubborn", tmp_path) as running:
        events = client.make_patterns(running, REQUEST, None)
        next(events)
        events.close()
        assert not client.settle(running, 0.1)


def test_the_log_cannot_be_made_to_command_a_terminal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shouting = "import os; os.write(2, b'\\x1b]0;owned\\x07 \\xff\\n'); os.abort()"
    running = Host(Role.READER, SETTINGS, tmp_path, program=[sys.executable, "-c", shouting])
    with running, pytest.raises(ChildDied):
        client.await_ready(running)
    assert "owned" in caplog.text
    assert "\x1b" not in caplog.text
    assert "\x07" not in caplog.text


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not show what a process holds")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Fifty lives leave no descriptor, thread, process or folder."""
    with child("well-behaved", tmp_path):
        pass
    before = _possessions(tmp_path)
    for number in range(50):
        with Host(Role.MODEL, SETTINGS, tmp_path, program=program("well-behaved")) as running:
            if number % 5 == 0:
                client.await_ready(running)
    deadline = time.monotonic() + 5
    while _possessions(tmp_path) != before and time.monotonic() < deadline:
        time.sleep(0.05)  # timers of the last send end on their own
    assert _possessions(tmp_path) == before


def _possessions(folder: Path) -> tuple[int, int, int, int]:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    children = len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    return descriptors, threading.active_count(), children, len(list(folder.iterdir()))
