"""What a worker is asked, and what becomes of a worker that does not answer it."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import EngineFailed, Stopped, TimedOut
from filterviz.spec import Pattern, Progress
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.failures import WorkerDied
from filterviz.workers.wire.protocol import Outputs
from tests.workers.parent.workers import REQUEST, SETTINGS, worker


def test_a_child_answers_again_and_again(tmp_path: Path) -> None:
    with worker("well-behaved", tmp_path) as (process, client):
        assert client.open_file(tmp_path / "m.h5").name == "unruly"
        for _ in range(2):
            events = list(client.make_patterns(REQUEST))
            assert [event.filter for event in events if isinstance(event, Pattern)] == [3, 1, 2]
        assert process.alive
        assert process.resident_bytes > 1 << 20


@pytest.mark.parametrize(
    "manner",
    [
        *("garbage", "huge", "pickle", "mute", "stranger", "misshapen", "weighty", "nan", "hasty", "talkative"),
        "leaving",  # without having been paused
    ],
)
def test_nonsense_ends_the_child(tmp_path: Path, manner: str) -> None:
    with worker(manner, tmp_path) as (process, client):
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.make_patterns(REQUEST))
        assert not process.alive


@pytest.mark.parametrize("manner", ["taciturn", "undivided", "misshapen"])
def test_nonsense_about_several_pictures_ends_the_child(tmp_path: Path, manner: str) -> None:
    request = replace(REQUEST, recipe=replace(REQUEST.recipe, pictures=4))
    with worker(manner, tmp_path) as (process, client):
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.make_patterns(request))
        assert not process.alive


def computed(client: WorkerClient, rows: int = 3) -> list[Outputs]:
    """What a child makes of so many examples for a network with one output of two numbers."""
    return list(client.compute_outputs([np.zeros((rows, 4), np.float32)], [(None, 2)]))


def test_outputs_come_from_a_child_that_makes_patterns_too(tmp_path: Path) -> None:
    with worker("well-behaved", tmp_path) as (_process, client):
        assert [answer.arrays[0].shape for answer in computed(client)] == [(3, 2)]
        assert len(list(client.make_patterns(REQUEST))) == 3
        assert [answer.arrays[0].shape for answer in computed(client, 5)] == [(5, 2)]


@pytest.mark.parametrize(
    "manner",
    [
        *("too many rows", "no rows", "another width", "another rank", "no axes", "an output more", "no outputs"),
        *("a change of mind", "never enough", "an image", "stranger", "hasty", "garbage", "huge", "pickle", "mute"),
    ],
)
def test_nonsense_about_outputs_ends_the_child(tmp_path: Path, manner: str) -> None:
    with worker(manner, tmp_path) as (process, client):
        shapes = [(None, None, None)] if manner == "a change of mind" else [(None, 2)]
        with pytest.raises(EngineFailed, match="no sensible answer"):
            list(client.compute_outputs([np.zeros((3, 4), np.float32)], shapes))
        assert not process.alive


def test_outputs_have_a_deadline_and_advice_of_their_own(tmp_path: Path) -> None:
    with (
        worker("hang", tmp_path, replace(SETTINGS, tile_seconds=0.3)) as (_process, client),
        pytest.raises(TimedOut, match=r"longer than .* smaller inputs"),
    ):
        computed(client)
    with (
        worker("bad-alloc", tmp_path) as (_process, client),
        pytest.raises(WorkerDied, match=r"more memory .* smaller inputs"),
    ):
        computed(client)
    with worker("memory", tmp_path) as (_process, client), pytest.raises(EngineFailed, match="memory"):
        computed(client)


def test_a_deadline_ends_the_child(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tile_seconds=0.3, reader_seconds=0.3)
    with worker("hang", tmp_path, settings) as (process, client):
        with pytest.raises(TimedOut, match="longer than"):
            client.open_file(tmp_path / "m.h5")
        assert not process.alive
    with worker("hang", tmp_path, settings) as (process, client), pytest.raises(TimedOut, match="fewer filters"):
        list(client.make_patterns(REQUEST))


def test_too_little_memory_is_said_so_and_the_child_is_not_used_again(tmp_path: Path) -> None:
    with worker("memory", tmp_path) as (process, client):
        with pytest.raises(EngineFailed, match="memory"):
            list(client.make_patterns(REQUEST))
        assert not process.alive


def test_stop_is_heard_between_steps_and_the_child_lives_on(tmp_path: Path) -> None:
    stop = threading.Event()
    with worker("halting", tmp_path) as (process, client):
        events = client.make_patterns(REQUEST, stop=stop.is_set)
        steps = [event.step for event in itertools.islice(events, 9) if isinstance(event, Progress)]
        stop.set()
        with pytest.raises(Stopped, match="after 9 of 10"):
            next(events)
        assert steps == list(range(9))
        assert process.alive


def test_nobody_waits_for_a_child_that_does_not_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    with worker("stubborn", tmp_path) as (_process, client):
        events = client.make_patterns(REQUEST, stop=stop.is_set)
        next(events)
        stop.set()
        with pytest.raises(Stopped):
            list(events)
        assert client.abandoned == 1
        assert not client.finish_abandoned_run(0.1)


def test_a_child_that_is_late_with_its_last_answer_is_used_again(tmp_path: Path) -> None:
    stop = threading.Event()
    with worker("late", tmp_path) as (_process, client):
        events = client.make_patterns(REQUEST, stop=stop.is_set)
        next(events)
        stop.set()
        with pytest.raises(Stopped):
            list(events)
        abandoned = [client.abandoned]
        assert client.finish_abandoned_run()
        assert [*abandoned, client.abandoned] == [1, None]
        again = client.make_patterns(REQUEST)
        assert isinstance(next(again), Progress)
        again.close()


def test_a_child_is_halted_when_nobody_listens_any_more(tmp_path: Path) -> None:
    with worker("halting", tmp_path) as (process, client):
        events = client.make_patterns(REQUEST)
        next(events)
        events.close()
        assert process.alive
        again = client.make_patterns(REQUEST)
        assert isinstance(next(again), Progress)
        again.close()
    with worker("stubborn", tmp_path) as (process, client):
        events = client.make_patterns(REQUEST)
        next(events)
        events.close()
        assert not client.finish_abandoned_run(0.1)
