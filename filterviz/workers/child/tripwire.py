"""The tripwire: a worker process that is about to do something that reading a model never needs ends at once.

Python reports to audit hooks (PEP 578) what it is about to do: open files, import modules, create sockets, start
programs, load foreign libraries, unpickle objects. Measurements show that opening a network and computing with it needs
almost none of this, so everything outside a short list ends the process before it happens. A hook cannot be removed.

The tripwire stops what a file makes our code or a library do. Python code of the file's own, if some ever ran here,
could get around it, as machine code does; the limits in :mod:`filterviz.workers.child.limits` would remain.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

from filterviz.workers.wire.protocol import TRIPPED

SHOWN_CALLS = 12
"""How many of the calls that led to a forbidden event are logged."""

HARMLESS = frozenset(
    (
        # Inspecting objects, and making functions from code that exists already.
        *("builtins.id", "code.__new__", "function.__new__"),
        *("object.__delattr__", "object.__getattr__", "object.__setattr__"),
        *("sys._current_frames", "sys._getframe", "sys._getframemodulename", "sys.excepthook", "sys.unraisablehook"),
        # The garbage collector, memory and threads.
        *("_thread.start_joinable_thread", "_thread.start_new_thread", "array.__new__", "mmap.__new__", "time.sleep"),
        *("gc.get_objects", "gc.get_referents", "gc.get_referrers"),
    )
)
"""Events that are always allowed."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

MODULE_FILES = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")

IN_PRIVATE = frozenset(
    (
        *("os.chmod", "os.listdir", "os.mkdir", "os.remove", "os.rmdir", "os.scandir"),
        *("tempfile.mkdtemp", "tempfile.mkstemp"),
    )
)
"""Events that are allowed in the private folder only."""

IMPORT_SYSTEM = "<frozen importlib._bootstrap"
"""The beginning of the file names of Python's own import system."""


class Tripwire:
    """The rules for one worker process. It may still load modules of the packages that are loaded when it is made.

    Args:
        model: The only file that may be read.
        private: The private folder, in which files may be written.
    """

    def __init__(self, model: Path, private: Path) -> None:
        self._model = os.path.realpath(model)
        self._private = os.path.realpath(private)
        self._code = tuple(os.path.realpath(folder) for folder in sys.path if folder)
        self._packages = frozenset(name.partition(".")[0] for name in sys.modules)

    def allows(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether an event may happen while a network is opened or computed."""
        if event in HARMLESS:
            return True
        if event == "open":
            return self._allows_open(*arguments)
        if event == "import":
            return str(arguments[0]).partition(".")[0] in self._packages
        if event in ("compile", "exec", "marshal.loads"):
            # Python's import system reads, compiles and runs installed modules, and the printing of tracebacks compiles
            # code to a syntax tree, which cannot be run. Nothing else may do so.
            caller = _caller()
            return caller.startswith(IMPORT_SYSTEM) or (event == "compile" and caller == ast.__file__)
        if event in IN_PRIVATE:
            return self._within_private(arguments[0]) or (
                event in ("os.listdir", "os.scandir") and self._is_code(arguments[0])
            )
        return False

    def _allows_open(self, path: Any, _: Any, flags: int) -> bool:
        if isinstance(path, int):
            return True  # A descriptor, which has been opened before.
        real = _real(path)
        if self._within_private(real):
            return True
        if flags & WRITING:
            return False
        return real == self._model or (real.endswith(MODULE_FILES) and self._is_code(real))

    def _within_private(self, path: Any) -> bool:
        return _inside(_real(path), self._private)

    def _is_code(self, path: Any) -> bool:
        real = _real(path)
        return any(_inside(real, folder) for folder in self._code) and not _inside(real, self._private)


def arm(tripwire: Tripwire, record: int | None = None) -> None:
    """Enforce the rules for the rest of this process's life.

    Args:
        tripwire: The rules.
        record: For tests, the descriptor of a file to which every event is written as a line of JSON,
            ``[event, arguments, allowed]``, instead of ending the process.
    """
    # Python must not write the compiled form of modules that are loaded late: that would be outside the private folder.
    sys.dont_write_bytecode = True

    def end(event: str, arguments: tuple[Any, ...]) -> None:
        if event in HARMLESS:
            return
        try:
            allowed = tripwire.allows(event, arguments)
        except Exception:
            # Events that are needed have arguments that the rules understand.
            allowed = False
        if not allowed:
            os.write(2, f"tripwire: {event} {_describe(arguments)}\n{_call_stack()}\n".encode(errors="replace"))
            os._exit(TRIPPED)

    def write_down(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in HARMLESS and record is not None:
            line = json.dumps([event, _describe(arguments), tripwire.allows(event, arguments)])
            os.write(record, line.encode() + b"\n")

    sys.addaudithook(end if record is None else write_down)


def _describe(arguments: tuple[Any, ...]) -> str:
    """The beginning of an event's arguments, for the log. Other objects appear by type, because ``repr`` runs code."""
    return " ".join(
        ascii(item)[:200] if isinstance(item, str | bytes | int | None) else type(item).__name__
        for item in arguments[:4]
    )


def _call_stack() -> str:
    """The functions that are being called, the innermost first, for the log."""
    frame = sys._getframe(1)
    lines: list[str] = []
    while frame is not None and len(lines) < SHOWN_CALLS:
        if frame.f_code.co_filename != __file__:
            lines.append(f"  {ascii(frame.f_code.co_filename)[:200]} line {frame.f_lineno} {frame.f_code.co_name!a}")
        frame = frame.f_back  # type: ignore[assignment]
    return "\n".join(lines)


def _caller() -> str:
    """The source file of the function that caused the event."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back  # type: ignore[assignment]
    return "" if frame is None else frame.f_code.co_filename


def _real(path: Any) -> str:
    return os.path.realpath(os.fsdecode(path))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
