"""The program of a worker process: it confines itself, then answers questions about one file.

Standard input and output are the connection to the parent; the process ends when its input ends.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import IO

from filterviz.workers.child import limits
from filterviz.workers.child.message_loop import MessageLoop
from filterviz.workers.wire.protocol import Hello, Ready, Role, read_question

LOADED_EARLY = ("encodings.idna", "linecache", "mmap", "tempfile", "textwrap", "tokenize", "unicodedata", "zipfile")
"""Parts of Python that are otherwise imported late, when the tripwire no longer allows it."""

LEFT_OUT = ("h5py", "matplotlib", "pandas")
"""Packages that Keras imports where they are installed, for what no worker does: reading HDF5 in C, drawing, tables.
Without them a model worker starts in two thirds of the time and takes 100 MiB less (``benchmarks/worker_start.py``)."""

WORKERS = {Role.READER: "filterviz.workers.child.reader_worker", Role.MODEL: "filterviz.workers.child.model_worker"}
"""The module of each role. It is imported only once the process is confined, and only the model worker's imports
TensorFlow."""


def main() -> None:
    """Answer questions until the input ends. Does not return."""
    questions, answers = _take_streams()
    hello = read_question(questions)
    if not isinstance(hello, Hello):
        os._exit(2)
    # The last file outside its private folder that this process opens for writing.
    record = None if hello.record is None else os.open(hello.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    held = limits.confine(Path.cwd())
    loop = MessageLoop(questions, answers)
    for name in LOADED_EARLY:
        importlib.import_module(name)
    for name in LEFT_OUT:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it now fails, as where it is not installed
    worker = importlib.import_module(WORKERS[hello.role]).Worker(hello.settings, loop, record, held)
    loop.send(Ready(held))
    loop.serve(worker.answer)


def _take_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Keep standard input and output for messages, and give libraries harmless ones: no input, and standard error."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers
