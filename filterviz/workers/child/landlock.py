"""Landlock: the Linux kernel restricts a process to certain files, whatever code runs in it; see ``landlock(7)``.

Unlike the tripwire it also restricts machine code that a file might smuggle in. A restricted process can start no
program, reach no TCP port, and neither signal nor inspect other processes. Landlock needs Linux 5.13, and newer kernels
enforce more of this.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH = 1

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_FOLDER = 1 << 3
REFER = 1 << 13
TRUNCATE = 1 << 14

CHANGE = WRITE_FILE | sum(1 << bit for bit in range(4, 13)) | REFER | TRUNCATE
"""Writing, creating and removing files, folders, links and devices of every kind."""

READ = READ_FILE | READ_FOLDER

OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
"""The rights that apply to a single file."""

TCP = 0b11
"""Binding and connecting TCP sockets."""

SCOPED = 0b11
"""Connecting to the abstract Unix sockets of other processes, and sending signals to them."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def restrict_files(*, writable: Iterable[Path], readable: Iterable[Path] | None = None) -> None:
    """Restrict this thread, and every thread and process that it starts, to certain files. This cannot be undone.

    Args:
        writable: Folders whose content may be read and changed, and devices.
        readable: Files and folders that may be read; everything by default.

    Raises:
        OSError: This system has no Landlock.
    """
    version = _call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    handled = EXECUTE | CHANGE | (0 if readable is None else READ)
    if version < 2:
        handled &= ~REFER
    if version < 3:
        handled &= ~TRUNCATE
    rules = _Ruleset(handled, TCP if version >= 4 else 0, SCOPED if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    try:
        for path in writable:
            _allow(ruleset, path, handled & (CHANGE | READ))
        for path in readable or ():
            _allow(ruleset, path, handled & READ)
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, access: int) -> None:
    """Allow access to a file, or to everything beneath a folder. A path that does not exist needs no rule."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _Beneath(access if path.is_dir() else access & OF_FILES, descriptor)
        _call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    return call_linux("syscall", ctypes.c_long(number), *arguments)


def call_linux(function: str, *arguments: object) -> int:
    """Call a function of the C library that only Linux has.

    Raises:
        OSError: The function failed, or this is not Linux.
    """
    if not sys.platform.startswith("linux"):
        raise OSError("only Linux has these calls")
    result: int = getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
