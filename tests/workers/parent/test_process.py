"""A worker process: what it inherits, what becomes of it, what the user is told, and that nothing of it is left."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import TimedOut
from filterviz.workers.parent import connection, failures
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.failures import WorkerDied
from filterviz.workers.parent.process import MemoryMonitor, WorkerProcess, clean_environment, memory_of
from filterviz.workers.wire.protocol import Open, Role
from tests.workers.parent.workers import REQUEST, SETTINGS, worker
from tests.workers.unruly import program


@pytest.mark.parametrize(
    ("manner", "sentence", "violently"),
    [
        ("segfault", failures.CRASHED, True),
        ("killed", failures.KILLED.format(advice=failures.SMALLER_TILES), False),
        ("bad-alloc", failures.NO_MEMORY.format(advice=failures.SMALLER_TILES), False),
        ("tripped", failures.FORBIDDEN, True),
    ],
)
def test_a_death_is_one_sentence_and_the_signal_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, manner: str, sentence: str, violently: bool
) -> None:
    with (
        worker(manner, tmp_path) as (_process, client),
        caplog.at_level(logging.ERROR),
        pytest.raises(WorkerDied) as death,
    ):
        client.open_file(tmp_path / "m.h5")
    assert str(death.value) == sentence
    assert death.value.violently == violently
    assert "SIG" not in sentence
    assert any(name in caplog.text for name in ("SIGSEGV", "SIGKILL", "SIGABRT", "tripwire"))


def test_a_child_that_cannot_start_says_why_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stillborn = WorkerProcess(Role.MODEL, SETTINGS, tmp_path, program=program("stillborn"))
    with stillborn, pytest.raises(WorkerDied, match="crashed"):
        WorkerClient(stillborn, SETTINGS).await_ready()
    assert "no such library" in caplog.text


def test_a_child_that_does_not_listen_meets_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.3)
    with worker("hang", tmp_path) as (process, client):
        start = np.zeros((3, 512, 512, 3), np.float32)
        process.send(Open(tmp_path / "m.h5"))
        with pytest.raises(TimedOut):
            list(client.make_patterns(REQUEST, start))
        assert not process.alive


def test_the_log_cannot_be_made_to_command_a_terminal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shouting = "import os; os.write(2, b'\\x1b]0;owned\\x07 \\xff\\n'); os.abort()"
    running = WorkerProcess(Role.READER, SETTINGS, tmp_path, program=[sys.executable, "-c", shouting])
    with running, pytest.raises(WorkerDied):
        WorkerClient(running, SETTINGS).await_ready()
    assert "owned" in caplog.text
    assert "\x1b" not in caplog.text
    assert "\x07" not in caplog.text


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not show what a process holds")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Fifty lives leave no descriptor, thread, process or folder."""
    with worker("well-behaved", tmp_path):
        pass
    before = _possessions(tmp_path)
    for number in range(50):
        with WorkerProcess(Role.MODEL, SETTINGS, tmp_path, program=program("well-behaved")) as running:
            if number % 5 == 0:
                WorkerClient(running, SETTINGS).await_ready()
    deadline = time.monotonic() + 5
    while _possessions(tmp_path) != before and time.monotonic() < deadline:
        time.sleep(0.05)  # timers of the last send end on their own
    assert _possessions(tmp_path) == before


def _possessions(folder: Path) -> tuple[int, int, int, int]:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    children = len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    return descriptors, threading.active_count(), children, len(list(folder.iterdir()))


def test_the_environment_holds_nothing_of_the_servers(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, {"AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "/evil", "LANG": "C.UTF-8"})
    assert environment["LANG"] == "C.UTF-8"
    assert environment["HOME"] == environment["TMPDIR"] == environment["KERAS_HOME"] == str(tmp_path)
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PATH"} & environment.keys()
    assert set(clean_environment(tmp_path)) <= environment.keys() | os.environ.keys()


tells_memory = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not tell")

GROWS = """
import resource, sys
print("up", flush=True)
sys.stdin.readline()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
print("limited", flush=True)
sys.stdin.readline()
kept = bytearray(150 << 20)
print("grown", flush=True)
sys.stdin.readline()
"""


@tells_memory
def test_memory_of_this_process() -> None:
    size, resident = memory_of(os.getpid())
    assert size > resident > 1 << 20


@tells_memory
def test_a_process_that_is_gone_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert memory_of(process.pid) == (0, 0)


@tells_memory
def test_a_process_near_its_limit_is_noticed_and_one_far_from_it_is_not() -> None:
    monitor = MemoryMonitor()
    command = [sys.executable, "-c", GROWS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        high = []
        for _ in ("up", "limited", "grown"):
            process.stdout.readline()
            monitor.sample(process.pid)
            high.append(monitor.was_high)
            process.stdin.write("\n")
    assert high == [False, False, True]
    monitor.sample(process.pid)
    assert monitor.was_high, "what was seen last counts when the process is gone"
