"""How much memory a process uses, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from filterviz.workers.parent.memory import MemoryMonitor, memory_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not tell")

CODE = """
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


def test_memory_of_this_process() -> None:
    size, resident = memory_of(os.getpid())
    assert size > resident > 1 << 20


def test_a_process_that_is_gone_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert memory_of(process.pid) == (0, 0)


def test_a_process_near_its_limit_is_noticed_and_one_far_from_it_is_not() -> None:
    monitor = MemoryMonitor()
    command = [sys.executable, "-c", CODE]
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
