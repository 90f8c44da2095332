"""A small class for a short while: everybody is served beside two who want everything, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.classroom import First, classroom, described, fair
from tests.browser.browsing import serving

SECONDS = 15.0
KEPT = 4
"""Processes that may be ready for the next visitor: one of each role, and two with models that nobody uses any more."""


@pytest.mark.timeout(600)
def test_everybody_in_a_class_is_served(tmp_path: Path, family_files: dict[str, Path]) -> None:
    files = [path.read_bytes() for name, path in sorted(family_files.items()) if name.endswith((".h5", ".keras"))][:3]
    with serving(tmp_path) as server:
        report = classroom(server, files, visitors=6, seconds=SECONDS, browsers=0, quiet=20)
        log = server.log.read_text()
    assert report.problems == []
    assert len(report.firsts) == 3
    assert all(first.seconds < float("inf") for first in report.firsts), described(report, workers=1)
    assert report.left["unfinished files"] <= 0
    assert report.left["processes"] <= KEPT
    assert report.left["threads"] <= 2 * KEPT, "each process has a thread or two that listen to it"
    assert report.left["descriptors"] <= 8 * KEPT
    assert "Traceback" not in log


def test_equal_shares() -> None:
    """What the waits of a class are compared with."""
    one, late = First(0, 0.0, 10.0), First(1, 5.0, 10.0)
    assert fair([one], [4.0, 2.0], others=0, slots=1) == pytest.approx([4.0], abs=0.05)
    assert fair([one], [4.0, 2.0], others=1, slots=1) == pytest.approx([8.0], abs=0.05)
    assert fair([one], [4.0, 2.0], others=1, slots=2) == pytest.approx([4.0], abs=0.05)
    assert fair([one, late], [6.0, 2.0], others=0, slots=1) == pytest.approx([7.0, 3.0], abs=0.1)
