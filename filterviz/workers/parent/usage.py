"""How much memory a child takes, as far as the system tells others."""

from __future__ import annotations

import mmap
from pathlib import Path


class Usage:
    """Whether a child came near its limit of address space, from looks at it now and then."""

    def __init__(self) -> None:
        self._unlimited = 0
        self.was_high = False

    def look(self, pid: int) -> None:
        """Take a look."""
        size, _ = memory_of(pid)
        limit = _address_space_limit(pid)
        if limit is None:
            self._unlimited = size  # it has opened nothing yet
        elif size:
            self.was_high = size - self._unlimited > (limit - self._unlimited) / 2


def memory_of(pid: int) -> tuple[int, int]:
    """A process's address space and the memory it occupies, in bytes; zeros where the system does not say."""
    try:
        sizes = Path(f"/proc/{pid}/statm").read_text("ascii").split()
        return int(sizes[0]) * mmap.PAGESIZE, int(sizes[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return 0, 0


def _address_space_limit(pid: int) -> int | None:
    """The limit of a process's address space in bytes; ``None`` where there is none."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
        return next(int(line.split()[3]) for line in lines if line.startswith("Max address space"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None  # "unlimited" is not a number either
