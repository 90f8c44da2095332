"""The worker that reads: what it imports, and what it answers when something fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from filterviz.errors import EngineFailed, RefusalCode, Refused
from filterviz.workers.child.reader_worker import answer_for
from filterviz.workers.wire.protocol import Failed, FailureKind, Refusal

ROOT = Path(__file__).resolve().parents[3]


def packages(module: str) -> set[str]:
    """The packages that importing a module loads, and the parts of filterviz."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    names = done.stdout.split()
    return {name.partition(".")[0] for name in names} | {".".join(name.split(".")[:2]) for name in names}


def test_the_program_reads_nothing_before_it_is_confined() -> None:
    loaded = packages("filterviz.workers.child.main")
    assert not loaded & {"filterviz.reader", "filterviz.engine", "pyfive", "tensorflow", "keras"}


def test_the_reader_imports_neither_the_engine_nor_tensorflow() -> None:
    loaded = packages("filterviz.workers.child.reader_worker")
    assert {"filterviz.reader", "pyfive"} <= loaded
    assert not loaded & {"filterviz.engine", "tensorflow", "keras"}


class ResourceExhaustedError(Exception):
    """Called like TensorFlow's."""


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (ValueError("secret"), FailureKind.ENGINE, "failed"),
        (MemoryError(), FailureKind.MEMORY, "no memory"),
        (ResourceExhaustedError(), FailureKind.MEMORY, "no memory"),
        (EngineFailed("A sentence."), FailureKind.ENGINE, "A sentence."),
    ],
)
def test_an_error_becomes_a_sentence(error: Exception, kind: FailureKind, sentence: str) -> None:
    assert answer_for(error, "failed", "no memory") == Failed(kind, sentence)


def test_a_refusal_keeps_its_parts() -> None:
    refusal = Refused(RefusalCode.DAMAGED, "What.", "where", "Hint.")
    assert answer_for(refusal, "", "") == Refusal(RefusalCode.DAMAGED, "What.", "where", "Hint.")
