"""One worker process on this machine: it is started, watched and ended here.

Ending a worker leaves no process, descriptor, thread or folder behind. If a process ends by itself, the user gets one
sentence and the log gets the cause.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from filterviz.errors import EngineFailed, TimedOut
from filterviz.settings import Settings
from filterviz.spec.names import printable
from filterviz.workers.parent import connection, failures
from filterviz.workers.wire.codec import Malformed
from filterviz.workers.wire.protocol import Answer, Halt, Hello, Pause, Question, Role

log = logging.getLogger(__name__)

LOG_LINES = 60
"""Lines of a worker's standard error that are kept for the log."""

KEPT_VARIABLES = (
    *("LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "CUDA_VISIBLE_DEVICES"),
    *("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_ENABLE_ONEDNN_OPTS"),
)
"""Variables that are passed on if they are set: language, library folders, graphics cards and numbers of threads."""


class WorkerProcess:
    """A worker process and the connection to it; see :class:`~filterviz.workers.parent.connection.Connection`.

    The thread that creates it must live longer: on Linux a worker process ends with the thread that started it.

    Its private folder is made in ``folder``. ``program`` is a command to start instead of filterviz's own worker. The
    other arguments are those of :class:`filterviz.workers.wire.protocol.Hello`.

    Raises:
        EngineFailed: The process cannot be started.
    """

    def __init__(
        self,
        role: Role,
        settings: Settings,
        folder: Path,
        *,
        record: Path | None = None,
        program: Sequence[str] | None = None,
    ) -> None:
        self.role = role
        self._advice = failures.advice_about(None)  # not the question itself, whose arrays may be large
        self._errors: deque[str] = deque(maxlen=LOG_LINES)
        self._killed = False
        self._memory = MemoryMonitor()
        self._closing = threading.Lock()
        try:
            self._private = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=folder))
            self._process = subprocess.Popen(
                worker_command() if program is None else program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._private,
                env=clean_environment(self._private),
                # Ctrl-C in a terminal goes to the parent alone, which then stops the work in order.
                start_new_session=True,
            )
        except OSError as error:
            log.error("A worker process could not be started: %s", error)
            raise EngineFailed(failures.NOT_STARTED) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._streams = connection.MessageStreams(self._process.stdin, self._process.stdout, self.kill)
        self._error_reader = threading.Thread(target=self._read_errors, name="filterviz-errors", daemon=True)
        self._error_reader.start()
        # If the process has ended already, the wait for it to be ready will say so and why.
        with contextlib.suppress(EngineFailed):
            self.send(Hello(role, settings, record))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs and has not been told to end."""
        return not self._killed and self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """Memory that the process occupies in bytes; 0 where the system does not tell."""
        return memory_of(self.pid)[1]

    def send(self, question: Question) -> None:
        """See :class:`~filterviz.workers.parent.connection.Connection`."""
        if not isinstance(question, Halt | Pause):
            self._advice = failures.advice_about(question)
        try:
            self._streams.send(question)
        except connection.ConnectionClosed:
            raise self._death() from None
        except TimeoutError:
            raise TimedOut(failures.TOO_SLOW.format(seconds=connection.SEND_SECONDS, advice=self._advice)) from None

    def receive(self, seconds: float) -> Answer | None:
        """See :class:`~filterviz.workers.parent.connection.Connection`. WorkerDied if the process ended by itself."""
        try:
            answer = self._streams.receive(seconds)
        except connection.ConnectionClosed:
            raise self._death() from None
        except Malformed as error:
            self.fail(f"sent bytes that are not a message: {error}")
            raise EngineFailed(failures.GARBLED) from None
        if answer is None:
            self._memory.sample(self.pid)
        return answer

    def kill(self) -> None:
        """End the process at once. Any thread may call this, and more than once."""
        self._killed = True
        self._process.kill()

    def fail(self, reason: str) -> None:
        """Kill a process that misbehaved or could not do its work, and log what it printed."""
        self.kill()
        self._log_errors(reason)

    def close(self) -> None:
        """End the process and release everything: descriptors, threads and its private folder."""
        self.kill()
        with self._closing:
            self._streams.close()
            self._error_reader.join()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        shutil.rmtree(self._private, ignore_errors=True)

    def _read_errors(self) -> None:
        """Keep the last lines that the process writes to standard error."""
        assert self._process.stderr is not None
        while line := self._process.stderr.readline(1000):
            # Code in the worker process must not be able to control the terminal that shows the log.
            self._errors.append(printable(line.decode(errors="replace").rstrip()))

    def _log_errors(self, reason: str) -> None:
        self._error_reader.join(1.0)  # The last lines arrive when the process has ended.
        log.error("Worker %d (%s) %s\n%s", self.pid, self.role.value, reason, "\n".join(self._errors))

    def _death(self) -> EngineFailed:
        """The error for a process that has closed the connection."""
        if self._killed:
            return EngineFailed(failures.CLOSING)
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.fail("closed its pipe but is still running: a protocol error")
            return EngineFailed(failures.GARBLED)
        self._log_errors(f"ended: {failures.describe_status(status)}")
        return failures.explain_death(
            status, memory_was_high=self._memory.was_high, printed=tuple(self._errors), advice=self._advice
        )


START = "from filterviz.workers.child.main import main; main()"
"""The code that filterviz's own worker runs."""


def worker_command(code: str = START) -> list[str]:
    """The command that starts a worker, filterviz's own unless it shall run other code.

    ``-I`` keeps out the working directory, the user's packages and ``PYTHON*`` variables. The command therefore says
    where this package lies, which need not be installed.
    """
    root = str(Path(__file__).resolve().parents[3])
    find = "import sys; root = sys.argv[1]; root in sys.path or sys.path.append(root); "
    return [sys.executable, "-I", "-X", "utf8", "-c", find + code, root]


def clean_environment(private: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a worker process: no keys or tokens of the server, and nothing that points into a home folder.

    The harmless ones are taken from ``environment``, which is that of this process by default.
    """
    environment = os.environ if environment is None else environment
    kept = {name: environment[name] for name in KEPT_VARIABLES if name in environment}
    folders = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "KERAS_HOME"), str(private))
    return {
        **kept,
        **folders,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Only a process with one thread may enter a new user namespace, so NumPy must not start threads of its own.
        "OPENBLAS_NUM_THREADS": "1",
    }


class MemoryMonitor:
    """Whether a worker process has come near the limit of its address space, sampled now and then."""

    def __init__(self) -> None:
        self._unlimited = 0
        self.was_high = False

    def sample(self, pid: int) -> None:
        """Update ``was_high``: whether the process now uses more than half of the address space it may still take."""
        size, limit = memory_of(pid)[0], _address_space_limit(pid)
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
