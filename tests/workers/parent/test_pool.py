"""The pool: one child for each model, fair to everyone, and nobody notices the others' accidents."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import BadRequest, EngineFailed, Refused, Stopped
from filterviz.spec import Pattern, Progress, Recipe, Request
from filterviz.workers.parent import idle_workers
from filterviz.workers.parent.pool import Pool
from filterviz.workers.parent.shares import Shares, Turn
from tests.workers.conftest import SETTINGS, sha256, write_model

QUICK = Request("conv_1", (0, 5, 2), Recipe("classic", size=32, steps=3))
ENDLESS = Request("conv_5", (0, 1), Recipe("classic", size=96, steps=4000))


@pytest.fixture
def own() -> Iterator[Pool]:
    """A pool that a test may damage."""
    with Pool(SETTINGS) as pool:
        yield pool


def patterns(pool: Pool, path: Path, request: Request = QUICK, **options: object) -> list[Pattern]:
    events = pool.run(path, sha256(path), request, **options)  # type: ignore[arg-type]
    return [event for event in events if isinstance(event, Pattern)]


def pids(pool: Pool) -> set[int]:
    return {process.pid for process in pool._spawner._processes}


def settled_pids(pool: Pool) -> set[int]:
    """The processes once none begins or ends by itself: those of an earlier test may still be on their way."""
    while True:
        before = pids(pool)
        time.sleep(1.0)
        if pids(pool) == before:
            return before


def test_a_file_is_inspected(pool: Pool, small: Path) -> None:
    assert [layer.name for layer in pool.inspect(small, sha256(small)).visualisable] == ["conv_0", "conv_1"]
    assert len(patterns(pool, small)) == 3
    if sys.platform.startswith("linux"):
        idle = pool._idle._workers[-1].process  # Others may still be starting, and set their limits later.
        assert "NoNewPrivs:\t1" in Path(f"/proc/{idle.pid}/status").read_text()


def test_outputs_are_the_same_in_one_piece_and_in_many(
    pool: Pool, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = pool.inspect(small, sha256(small))
    pictures = np.random.default_rng(0).random((100, 32, 32, 3), np.float32)  # enough to be interrupted in
    whole = [output for (output,) in pool.outputs(small, sha256(small), spec, [pictures])]
    assert len(patterns(pool, small)) == 3
    asked: list[str] = []

    def is_over(_: Shares, turn: Turn) -> bool:
        if turn.began is not None:
            asked.append("asked")
        return turn.began is not None

    monkeypatch.setattr(Shares, "is_over", is_over)
    parts = [output for (output,) in pool.outputs(small, sha256(small), spec, [pictures], owner="me")]
    assert len(asked) > 1
    np.testing.assert_allclose(np.concatenate(whole), np.concatenate(parts), rtol=1e-5, atol=1e-6)
    assert np.concatenate(parts).shape == (len(pictures), 32, 32, 8)


def test_outputs_can_be_stopped_and_left(pool: Pool, slow: Path) -> None:
    spec = pool.inspect(slow, sha256(slow))
    pictures = np.zeros((20_000, 32, 32, 3), np.float32)
    stop = threading.Event()
    made = pool.outputs(slow, sha256(slow), spec, [pictures], stop=stop)
    next(made)
    stop.set()
    with pytest.raises(Stopped):
        list(made)
    made = pool.outputs(slow, sha256(slow), spec, [pictures])
    next(made)
    made.close()
    assert len(next(pool.outputs(slow, sha256(slow), spec, [pictures[:1]]))) == 1


def test_patterns_come_in_order_and_are_the_same_again(pool: Pool, small: Path) -> None:
    first, second = patterns(pool, small), patterns(pool, small)
    assert [pattern.filter for pattern in first] == [0, 5, 2]
    for one, other in zip(first, second, strict=True):
        assert one.tile.shape == (32, 32, 3)
        assert np.array_equal(one.tile, other.tile)
        assert one.curve == other.curve


def test_a_copy_that_takes_the_place_of_a_file_is_read(own: Pool, small: Path, tmp_path: Path) -> None:
    """A child may read the one file that it was started for; the same bytes under the same name are another file."""
    path = tmp_path / "model.h5"
    for layer in ("conv_0", "conv_1"):
        shutil.copy(small, tmp_path / "copy")
        (tmp_path / "copy").replace(path)
        assert len(patterns(own, path, replace(QUICK, layer=layer, filters=(0,)))) == 1


def test_start_pictures_travel(pool: Pool, small: Path) -> None:
    start = np.random.default_rng(0).uniform(100, 200, (3, 32, 32, 3)).astype(np.float32)
    (given, *_), (drawn, *_) = patterns(pool, small, start=start), patterns(pool, small)
    assert not np.array_equal(given.tile, drawn.tile)


def test_a_question_that_does_not_fit_costs_nothing(pool: Pool, small: Path) -> None:
    patterns(pool, small)
    before = settled_pids(pool)
    with pytest.raises(BadRequest, match="start images"):
        patterns(pool, small, start=np.zeros((3, 8, 8, 3), np.float32))
    patterns(pool, small)
    assert before <= pids(pool)


def test_stop_keeps_what_there_is_and_the_child(pool: Pool, slow: Path) -> None:
    stop = threading.Event()
    events = pool.run(slow, sha256(slow), ENDLESS, stop=stop)
    shown = [next(events), next(events)]
    stop.set()
    with pytest.raises(Stopped):
        shown.extend(events)
    assert isinstance(shown[-1], Progress)
    assert shown[-1].step >= 1
    assert shown[-1].tiles.shape == (2, 96, 96, 3)


def test_stop_while_waiting(pool: Pool, slow: Path, small: Path) -> None:
    running = pool.run(slow, sha256(slow), ENDLESS, owner="a")
    next(running)
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped, match="before it began"):
        patterns(pool, small, owner="b", stop=stop)
    running.close()


def end_while_computing(pool: Pool, path: Path, number: signal.Signals, said: str) -> None:
    """Send a signal to the worker that computes with a file; the run must fail with these words."""
    running = pool.run(path, sha256(path), ENDLESS)
    next(running)
    for pid in pids(pool):
        os.kill(pid, number)
    with pytest.raises(EngineFailed, match=said):
        list(running)


def test_a_killed_child_is_one_sentence_and_the_pool_goes_on(own: Pool, slow: Path, small: Path) -> None:
    running = own.run(slow, sha256(slow), ENDLESS)
    next(running)
    (pid,) = pids(own)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineFailed) as failure:
        list(running)
    assert "SIG" not in str(failure.value)
    assert len(patterns(own, small)) == 3


def test_a_file_that_ends_two_children_is_not_opened_again(own: Pool, slow: Path, small: Path) -> None:
    for _ in range(2):
        end_while_computing(own, slow, signal.SIGSEGV, "crashed")
    with pytest.raises(Refused, match="2 times"):
        patterns(own, slow, ENDLESS)
    with pytest.raises(Refused, match="2 times"):
        own.inspect(slow, sha256(slow))
    assert own.inspect(small, sha256(small)).layers


def test_a_file_whose_children_were_killed_from_outside_is_opened_again(own: Pool, slow: Path) -> None:
    """As Linux does when the machine runs out of memory, whoever needed it."""
    for _ in range(2):
        end_while_computing(own, slow, signal.SIGKILL, "memory")
    assert own.inspect(slow, sha256(slow)).layers


@pytest.mark.parametrize("name", ["classic", "natural"])
def test_two_owners_share_one_worker(
    name: str, pool: Pool, small: Path, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other owner computes between two steps of one batch, and every tile is what it would have been."""
    # Opening a model takes longer than these steps, and a turn is no shorter than that; here a step is a turn.
    monkeypatch.setattr(Turn, "may_end", property(lambda turn: turn.began is not None))
    many = Request("conv_1", tuple(range(8)), Recipe(name, size=32, steps=500))
    steps: list[int] = []
    order: list[str] = []
    began = threading.Event()

    def work(owner: str, path: Path, request: Request) -> list[int]:
        filters = []
        for event in pool.run(path, sha256(path), request, owner=owner):
            if isinstance(event, Progress):
                began.set()
                if owner == "a":
                    steps.append(event.step)
                order.append(owner)
            elif isinstance(event, Pattern):
                filters.append(event.filter)
                order.append(owner)
        return filters

    with ThreadPoolExecutor(2) as threads:
        a = threads.submit(work, "a", slow, many)
        began.wait(60)
        b = threads.submit(work, "b", small, QUICK)
        assert a.result() == list(range(8))
        assert b.result() == [0, 5, 2]
    assert order.index("b") < len(order) - 1 - order[::-1].index("a")
    assert steps == sorted(steps), "what a has done is not done again"


def test_the_children_die_with_the_thread_of_the_pool_only(own: Pool, small: Path) -> None:
    """On Linux a child dies with the thread that started it; the page's threads live for a moment."""
    thread = threading.Thread(target=patterns, args=(own, small))
    thread.start()
    thread.join()
    before = pids(own)
    time.sleep(0.2)
    patterns(own, small)
    assert pids(own) == before


def test_idle_and_surplus_children_are_ended(tmp_path: Path) -> None:
    files = [write_model(tmp_path / f"{number}.h5", seed=number) for number in range(2)]
    with Pool(replace(SETTINGS, kept_models=1, idle_seconds=0.5)) as pool:
        for file in files:
            patterns(pool, file)
        assert len(pids(pool)) == 1
        deadline = time.monotonic() + 10
        while pids(pool) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not pids(pool)


def test_a_child_is_replaced_once_it_is_spent(own: Pool, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_workers, "MAX_RUNS", 2)
    patterns(own, small)
    assert len(pids(own)) == 1
    patterns(own, small)
    assert not pids(own)


def test_closing_ends_everything(slow: Path) -> None:
    pool = Pool(SETTINGS)
    pool.warm()
    running = pool.run(slow, sha256(slow), ENDLESS)
    next(running)
    folder, children = pool._spawner._folder, pids(pool)
    assert children
    pool.close()
    pool.close()
    with pytest.raises(EngineFailed, match="closing"):
        list(running)
    with pytest.raises(EngineFailed, match="closing"):
        pool.inspect(slow, sha256(slow))
    with pytest.raises(EngineFailed, match="closing"):
        patterns(pool, slow)
    assert not folder.exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_a_program_that_forgets_to_close_leaves_nothing(small: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from filterviz.workers.parent.pool import Pool; "
        "from filterviz.settings import Settings; pool = Pool(Settings()); pool.warm(); "
        f"print(len(pool.inspect(Path({str(small)!r}), 'x').layers))"
    )
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 2
    assert list(tmp_path.iterdir()) == []
