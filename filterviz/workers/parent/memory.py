"""How much memory a worker process uses, as far as the operating system tells other processes."""

from __future__ import annotations

import mmap
from pathlib import Path


class MemoryMonitor:
    """Whether a worker process has come near the limit of its address space, sampled now and then."""

    def __init__(self) -> None:
        self._unlimited = 0
        self.was_high = False

    def sample(self, pid: int) -> None:
        """Update ``was_high``: whether the process now uses more than half of the address space it may still take."""
        size, _ = memory_of(pid)
        limit = _address_space_limit(pid)
        if limit is None:
            self._unlimited = size  # The limit is set when the file is opened.
        elif size:
            self.was_high = size - self._unlimited > (limit - self._unlimited) / 2


def memory_of(pid: int) -> tuple[int, int]:
    """Address space and resident memory of a process in bytes; zeros where the system does not tell."""
    try:
        sizes = Path(f"/proc/{pid}/statm").read_text("ascii").split()
        return int(sizes[0]) * mmap.PAGESIZE, int(sizes[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return 0, 0


def _address_space_limit(pid: int) -> int | None:
    """The limit of a process's address space in bytes; ``None`` where there is no limit."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
        return next(int(line.split()[3]) for line in lines if line.startswith("Max address space"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None  # The word "unlimited" is not a number either.
