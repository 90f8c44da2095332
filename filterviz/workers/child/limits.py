"""What a child takes from itself before it looks at a file: memory, time, files, privileges, the network.

Each measure is tried; what the system does not offer is left out, and the names of those that hold are returned so
that nobody promises more. All of them hold on Linux; elsewhere the POSIX limits do, and on Windows none.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from filterviz.settings import MIB
from filterviz.workers.child import landlock

OPEN_FILES = 256
WRITTEN_BYTES = 16 * MIB
"""No file grows larger. With 0 TensorFlow cannot be imported, as it writes small files."""

NICENESS = 10

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

SYSTEM_FOLDERS = tuple(map(Path, ("/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache", "/proc/self", "/sys/devices")))
"""Where the system keeps libraries, and what a library asks about the machine."""


class Limit(StrEnum):
    """A limit that may hold; the value is what documents call it."""

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
    MEMORY = "memory"
    PROCESSOR_TIME = "processor time"


def confine(private: Path) -> tuple[Limit, ...]:
    """Take from this process for good what no child needs. To be called while it has one thread.

    Args:
        private: the one folder in which it may write from now on.

    Returns:
        The limits that hold now.
    """
    attempts: dict[Limit, Callable[[], None]] = {
        Limit.OPEN_FILES: lambda: _set_limit("RLIMIT_NOFILE", OPEN_FILES),
        Limit.FILE_SIZE: lambda: _set_limit("RLIMIT_FSIZE", WRITTEN_BYTES),
        Limit.NO_CORE_DUMP: lambda: _set_limit("RLIMIT_CORE", 0),
        Limit.LOW_PRIORITY: _lower_priority,
        Limit.FIRST_TO_GO: _volunteer,
        # In this order: a new user namespace grants capabilities inside it, and a change of credentials clears the
        # death signal.
        Limit.NO_NETWORK: _leave_network,
        Limit.NO_CAPABILITIES: _drop_capabilities,
        Limit.NO_NEW_PRIVILEGES: lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1),
        Limit.DIES_WITH_PARENT: lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        # Graphics cards are devices that are written to.
        Limit.FENCED_IN: lambda: landlock.fence_in(writable=(private, Path("/dev"))),
    }
    return tuple(limit for limit, attempt in attempts.items() if _holds(attempt))


def limit_reading(model: Path, private: Path) -> bool:
    """Let this thread read nothing but the model, its own folder, and the installed software; whether that holds."""
    software = (*(Path(folder) for folder in (*sys.path, sys.prefix, sys.base_prefix) if folder), *SYSTEM_FOLDERS)
    return _holds(lambda: landlock.fence_in(writable=(private, Path("/dev")), readable=(model, *software)))


def limit_memory(size: int) -> bool:
    """Let this process have no more address space than ``size`` bytes; whether that holds.

    macOS accepts the limit and does not keep it, so it does not count there.
    """
    return _holds(lambda: _set_limit("RLIMIT_AS", size)) and sys.platform.startswith("linux")


def limit_processor_time(seconds: float) -> bool:
    """End this process once it has used that much more processor time; whether that holds."""

    def attempt() -> None:
        used = sum(os.times()[:2])
        _set_limit("RLIMIT_CPU", int(used + seconds) + 1)

    return _holds(attempt)


def _holds(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except (OSError, ValueError, AttributeError, ImportError):
        return False
    return True


def _set_limit(name: str, value: int) -> None:
    import resource  # not on Windows

    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    # A stricter limit set by the administrator stays.
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _lower_priority() -> None:
    os.nice(NICENESS)


def _volunteer() -> None:
    """When the machine runs out of memory, Linux ends this process and not the server or somebody's browser."""
    Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _leave_network() -> None:
    """Move to a network namespace of its own, with no interface; allowed to everyone inside a new user namespace."""
    _checked(_libc().unshare(CLONE_NEWUSER | CLONE_NEWNET))


def _drop_capabilities() -> None:
    """Give up root's powers, where this process has any; see ``capset(2)``."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc().capset(header, nothing))


def _prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, value, 0, 0, 0))


def _libc() -> ctypes.CDLL:
    if not sys.platform.startswith("linux"):
        message = "these calls are Linux's"
        raise OSError(message)
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
