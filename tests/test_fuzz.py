"""Two thousand damaged files of eleven families. ``make fuzz`` opens as many as you like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COUNT = 2000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the files are opened by forked processes")
@pytest.mark.timeout(900)
def test_damaged_files_are_opened_or_refused_and_nothing_else() -> None:
    # In a program of its own: a process with threads, as pytest's may be, must not be forked.
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing", "0", str(COUNT)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{COUNT}  files, 0 faults" in done.stdout
    # Damage that never lets a file open, or always does, would try nothing.
    assert "opens" in done.stdout
    assert "refused: damaged" in done.stdout
