"""The tripwire: a child that does what reading a model never needs ends at once.

Python reports what it is about to do to audit hooks (PEP 578): files opened, modules imported, sockets, programs
started, foreign libraries loaded, objects unpickled. Opening and computing a network was measured to need almost none
of it, so everything outside a short list ends the process before it happens. A hook cannot be removed again.

It guards against program code that a file got to run in Python. Machine code is not held by it; that is what the
limits of :mod:`filterviz.workers.child.limits` are for.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filterviz.workers.wire.exit_status import TRIPPED

SHOWN_CALLS = 12

HARMLESS = frozenset(
    {
        # Looking at objects and making functions of code that is there already.
        "builtins.id",
        "code.__new__",
        "function.__new__",
        "object.__delattr__",
        "object.__getattr__",
        "object.__setattr__",
        "sys._current_frames",
        "sys._getframe",
        "sys._getframemodulename",
        "sys.excepthook",
        "sys.unraisablehook",
        # The garbage collector, memory, threads of its own.
        "_thread.start_joinable_thread",
        "_thread.start_new_thread",
        "array.__new__",
        "gc.get_objects",
        "gc.get_referents",
        "gc.get_referrers",
        "mmap.__new__",
        "time.sleep",
    }
)

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

MODULE_FILES = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")

IN_PRIVATE = frozenset(
    {
        "os.chmod",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rmdir",
        "os.scandir",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
    }
)
"""What may be done in the child's own folder, and nowhere else."""

IMPORT_SYSTEM = "<frozen importlib._bootstrap"
"""How the file names of Python's own import system begin."""


class Tripwire:
    """The rules for one child.

    Args:
        model: the one file that may be read.
        private: the child's own folder, where it may write.
        code: folders of the installed Python and of this package, where modules may be loaded from.
        packages: names of the packages that may still load parts of themselves; those loaded now by default.
    """

    def __init__(
        self, model: Path, private: Path, code: tuple[Path, ...] | None = None, packages: frozenset[str] | None = None
    ) -> None:
        self._model = os.path.realpath(model)
        self._private = os.path.realpath(private)
        folders = _code_folders() if code is None else code
        self._code = tuple(os.path.realpath(folder) for folder in folders)
        self._packages = frozenset(name.partition(".")[0] for name in sys.modules) if packages is None else packages

    def allows(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether an event belongs to opening or computing a network."""
        if event in HARMLESS:
            return True
        if event == "open":
            return self._allows_open(*arguments)
        if event == "import":
            return str(arguments[0]).partition(".")[0] in self._packages
        if event in ("compile", "exec", "marshal.loads"):
            # Python's import system reads, compiles and runs installed modules, and tracebacks are shown with the help
            # of a syntax tree, which cannot be run. Nobody else has a reason to.
            caller = _caller()
            return caller.startswith(IMPORT_SYSTEM) or (event == "compile" and caller == ast.__file__)
        if event in IN_PRIVATE:
            return self._within_private(arguments[0]) or (
                event in ("os.listdir", "os.scandir") and self._is_code(arguments[0])
            )
        return False

    def _allows_open(self, path: Any, _: Any, flags: int) -> bool:
        if isinstance(path, int):
            return True  # a descriptor: whatever it is was opened before
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
    """Put the tripwire up, for the rest of this process's life.

    Args:
        tripwire: the rules.
        record: descriptor of a file to write every event to, one JSON list ``[event, arguments, allowed]`` a line, in
            place of ending the process; for tests.
    """
    # A module loaded late must not be written back in compiled form: that would be a write outside the private folder.
    sys.dont_write_bytecode = True
    sys.addaudithook(_ending(tripwire) if record is None else _recording(tripwire, record))


def _ending(tripwire: Tripwire) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in HARMLESS:
            return
        try:
            allowed = tripwire.allows(event, arguments)
        except Exception:
            # An event whose arguments cannot be understood is not one of those that are needed.
            allowed = False
        if not allowed:
            os.write(2, f"tripwire: {event} {_describe(arguments)}\n{_whereabouts()}\n".encode(errors="replace"))
            os._exit(TRIPPED)

    return hook


def _recording(tripwire: Tripwire, record: int) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in HARMLESS:
            line = json.dumps([event, _describe(arguments), tripwire.allows(event, arguments)])
            os.write(record, line.encode() + b"\n")

    return hook


def _describe(arguments: tuple[Any, ...]) -> str:
    """The beginning of an event's arguments, for the log. Of other objects only the type: their ``repr`` is code."""
    return " ".join(
        ascii(item)[:200] if isinstance(item, str | bytes | int | None) else type(item).__name__
        for item in arguments[:4]
    )


def _whereabouts() -> str:
    """The functions that were being called, the innermost first, for the log."""
    frame = sys._getframe(1)
    lines: list[str] = []
    while frame is not None and len(lines) < SHOWN_CALLS:
        if frame.f_code.co_filename != __file__:
            lines.append(f"  {ascii(frame.f_code.co_filename)[:200]} line {frame.f_lineno} {frame.f_code.co_name!a}")
        frame = frame.f_back  # type: ignore[assignment]
    return "\n".join(lines)


def _code_folders() -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in sys.path if folder)


def _caller() -> str:
    """The source file of the function that raised the event that is being judged."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back  # type: ignore[assignment]
    return "" if frame is None else frame.f_code.co_filename


def _real(path: Any) -> str:
    return os.path.realpath(os.fsdecode(path))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
