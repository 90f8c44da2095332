"""The limits that a worker process sets for itself before it reads a file: memory, time, files, privileges, network.

Every limit is tried, and those that the system does not offer are left out. The names of those in force are returned,
so that the program claims no more than is true. All are in force on Linux, the POSIX limits elsewhere, none on Windows.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from filterviz.settings import MIB
from filterviz.workers.child.landlock import call_linux, restrict_files
from filterviz.workers.child.seccomp import refuse_calls

OPEN_FILES = 256
"""The largest number of open descriptors."""

WRITTEN_BYTES = 16 * MIB
"""The largest size of a written file. With 0 TensorFlow could not be imported, because it writes small files."""

NICENESS = 10
"""How much lower than the parent's the priority of the process is."""

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

DEVICES = ("null", "zero", "full", "random", "urandom", "nvidia*", "dri", "kfd", "dxg")
"""Names in ``/dev`` of what a worker process may read and write."""

SYSTEM_FOLDERS = tuple(map(Path, ("/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache", "/proc/self", "/sys/devices")))
"""Where the system keeps libraries, and what libraries read about the machine."""


class Limit(StrEnum):
    """A limit that may be in force. Its value is its name in the documentation."""

    OPEN_FILES = "open files"
    FILE_SIZE = "file size"
    NO_CORE_DUMP = "no core dump"
    LOW_PRIORITY = "low priority"
    FIRST_TO_GO = "first to go when memory runs out"
    NO_CAPABILITIES = "no capabilities"
    NO_NEW_PRIVILEGES = "no new privileges"
    DIES_WITH_PARENT = "dies with its parent"
    NO_NETWORK = "no network"
    FENCED_IN = "no files but its own"
    FEW_CALLS = "few system calls"
    MEMORY = "memory"
    PROCESSOR_TIME = "processor time"


def confine(private: Path) -> tuple[Limit, ...]:
    """Set the limits that do not depend on the file, for good; returns those that are in force.

    The process must have a single thread. ``private`` is the only folder in which it may write from now on.
    """
    attempts: dict[Limit, Callable[[], object]] = {
        Limit.OPEN_FILES: lambda: _set_limit("RLIMIT_NOFILE", OPEN_FILES),
        Limit.FILE_SIZE: lambda: _set_limit("RLIMIT_FSIZE", WRITTEN_BYTES),
        Limit.NO_CORE_DUMP: lambda: _set_limit("RLIMIT_CORE", 0),
        Limit.LOW_PRIORITY: lambda: os.nice(NICENESS),
        # Linux shall end this process, not the server or a browser, when the machine runs out of memory.
        Limit.FIRST_TO_GO: lambda: Path("/proc/self/oom_score_adj").write_text("1000", "ascii"),
        # The new network namespace has no interfaces, and anyone may enter one inside a new user namespace. The order
        # matters: that namespace grants capabilities inside it, and a change of credentials clears the signal that is
        # sent when the parent dies.
        Limit.NO_NETWORK: lambda: call_linux("unshare", CLONE_NEWUSER | CLONE_NEWNET),
        Limit.NO_CAPABILITIES: _drop_capabilities,
        Limit.NO_NEW_PRIVILEGES: lambda: call_linux("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        Limit.DIES_WITH_PARENT: lambda: call_linux("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
        Limit.FENCED_IN: lambda: restrict_files(writable=(private, *_devices())),
        # Last, because it refuses some of the calls above.
        Limit.FEW_CALLS: refuse_calls,
    }
    return tuple(limit for limit, attempt in attempts.items() if _is_set(attempt))


def limit_reading(model: Path, private: Path) -> bool:
    """Let this thread read only the model, its private folder and installed software; returns whether that worked."""
    software = (*(Path(folder) for folder in (*sys.path, sys.prefix, sys.base_prefix) if folder), *SYSTEM_FOLDERS)
    return _is_set(lambda: restrict_files(writable=(private, *_devices()), readable=(model, *software)))


def limit_memory(size: int) -> bool:
    """Limit the address space of this process to ``size`` bytes; returns whether the limit is in force.

    macOS accepts the limit but does not enforce it, so it does not count there.
    """
    return _is_set(lambda: _set_limit("RLIMIT_AS", size)) and sys.platform.startswith("linux")


def limit_processor_time(seconds: float) -> bool:
    """Limit the processor time that this process may still use; returns whether the limit is in force."""
    used = sum(os.times()[:2])
    return _is_set(lambda: _set_limit("RLIMIT_CPU", int(used + seconds) + 1))


def _devices() -> Iterator[Path]:
    """The devices that computing needs, those of graphics cards included; not the shared memory beside them."""
    for pattern in DEVICES:
        yield from Path("/dev").glob(pattern)


def _is_set(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, ValueError, AttributeError, ImportError):
        return False
    return True


def _set_limit(name: str, value: int) -> None:
    import resource  # Windows does not have it.

    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    # A stricter limit that the administrator has set remains.
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _drop_capabilities() -> None:
    """Give up the capabilities of root, if this process has any; see ``capset(2)``."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    call_linux("capset", header, nothing)
