"""Workers that are kept for the next question, and when they are no longer kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filterviz.errors import Stopped
from filterviz.settings import Settings
from filterviz.spec import DEFAULT_LOAD, Progress
from filterviz.workers.parent import idle_workers
from filterviz.workers.parent.client import WorkerClient, never_stop
from filterviz.workers.parent.idle_workers import IdleWorkers, LoadedWorker, ModelKey
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.parent.spawner import ChildSpawner
from filterviz.workers.wire.protocol import Role
from tests.workers.parent.workers import REQUEST, SETTINGS, is_alive
from tests.workers.unruly import program

KEYS: list[ModelKey] = [(f"model {number}", DEFAULT_LOAD, number) for number in range(3)]


@pytest.fixture
def spawner() -> Iterator[ChildSpawner]:
    spawner = ChildSpawner(SETTINGS)
    yield spawner
    spawner.close()


def loaded(folder: Path, key: ModelKey, manner: str = "well-behaved", baseline: int = 1 << 40) -> LoadedWorker:
    process = WorkerProcess(Role.MODEL, SETTINGS, folder, program=program(manner))
    client = WorkerClient(process, SETTINGS)
    client.await_ready()
    return LoadedWorker(process, client, key, baseline)


def kept(spawner: ChildSpawner, **settings: float) -> IdleWorkers:
    return IdleWorkers(replace(Settings(), **{"kept_models": 2, "idle_seconds": 600.0, **settings}), spawner)  # type: ignore[arg-type]


def test_a_worker_is_found_by_its_model_and_taken_once(tmp_path: Path, spawner: ChildSpawner) -> None:
    idle = kept(spawner)
    worker = loaded(tmp_path, KEYS[0])
    idle.put(worker)
    assert idle.take(KEYS[1], never_stop) is None
    assert idle.take(KEYS[0], never_stop) is worker
    assert idle.take(KEYS[0], never_stop) is None
    assert worker.runs == 1
    worker.process.close()
    idle.close()


def test_the_least_recently_used_worker_makes_room(tmp_path: Path, spawner: ChildSpawner) -> None:
    idle = kept(spawner)
    workers = [loaded(tmp_path, key) for key in KEYS]
    for worker in workers[:2]:
        idle.put(worker)
    first = idle.take(KEYS[0], never_stop)
    assert first is workers[0]
    idle.put(first)
    idle.make_room()
    assert [worker.process.alive for worker in workers[:2]] == [True, False]
    idle.put(workers[1])
    assert workers[0].process.alive, "a worker that has ended does not take a place"
    idle.put(workers[2])
    assert [worker.process.alive for worker in workers] == [True, False, True]
    idle.close()
    for worker in workers:
        worker.process.close()


def test_a_worker_is_ended_after_enough_runs_or_when_it_has_grown(
    tmp_path: Path, spawner: ChildSpawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_workers, "MAX_RUNS", 2)
    monkeypatch.setattr(idle_workers, "MAX_GROWTH", 0)
    idle = kept(spawner, batch_bytes=1)
    worker, grown = loaded(tmp_path, KEYS[0]), loaded(tmp_path, KEYS[1], baseline=0)
    idle.put(worker)
    assert is_alive(worker.process)
    idle.put(worker)
    assert not is_alive(worker.process)
    idle.put(grown)
    assert not grown.process.alive
    idle.close()


def test_a_worker_that_nobody_uses_is_ended(tmp_path: Path, spawner: ChildSpawner) -> None:
    idle = kept(spawner, idle_seconds=0.2)
    worker = loaded(tmp_path, KEYS[0])
    idle.put(worker)
    assert is_alive(worker.process)
    deadline = time.monotonic() + 10
    while worker.process.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(worker.process)
    assert idle.take(KEYS[0], never_stop) is None
    idle.close()


def abandoned(worker: LoadedWorker) -> LoadedWorker:
    """A worker that was told to stop and has not answered yet."""
    stop = threading.Event()
    events = worker.client.make_patterns(REQUEST, stop=stop.is_set)
    assert isinstance(next(events), Progress)
    stop.set()
    with pytest.raises(Stopped):
        list(events)
    assert worker.client.abandoned is not None
    return worker


def test_a_worker_that_is_late_is_waited_for_or_kept(tmp_path: Path, spawner: ChildSpawner) -> None:
    idle = kept(spawner)
    late = abandoned(loaded(tmp_path, KEYS[0], "late"))
    idle.put(late)
    with pytest.raises(Stopped):
        idle.take(KEYS[0], lambda: True)
    assert idle.take(KEYS[0], never_stop) is late
    assert late.client.abandoned is None
    late.process.close()
    idle.close()


def test_a_worker_that_does_not_stop_is_ended(
    tmp_path: Path, spawner: ChildSpawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_workers, "LAST_ANSWER_SECONDS", 0.1)
    idle = kept(spawner, idle_seconds=2.0)
    stubborn = abandoned(loaded(tmp_path, KEYS[0], "stubborn"))
    idle.put(stubborn)
    began = time.monotonic()
    while stubborn.process.alive and time.monotonic() < began + 10:
        time.sleep(0.02)
    assert time.monotonic() < began + 1.9, "it is not kept as long as an idle one"
    idle.close()


def test_nothing_is_kept_after_closing(tmp_path: Path, spawner: ChildSpawner) -> None:
    idle = kept(spawner)
    idle.close()
    worker = loaded(tmp_path, KEYS[0])
    idle.put(worker)
    assert not is_alive(worker.process)
