"""What is said about a wall."""

from __future__ import annotations

from dataclasses import replace

from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Flag, LayerSpec, Request
from filterviz.ui.text import remarks
from tests.imaging.images import pattern


def state(*ends: float, missing: int = 0, size: int = 64) -> LayerState:
    patterns = {at: pattern(at, response_end=end, flags=(), size=size) for at, end in enumerate(ends)}
    request = Request("conv", tuple(range(len(ends) + missing)))
    return LayerState(request, Status.RUNNING if missing else Status.DONE, patterns)


def test_what_a_wall_teaches() -> None:
    layer = LayerSpec("conv", "Conv2D", channels=4, receptive_field=3)
    assert remarks.lesson(layer, state(1.0, missing=1)) == "", "nothing before it is finished"
    assert "an edge" in remarks.lesson(layer, state(1.0, 2.0))
    deep = LayerSpec("conv", "Conv2D", channels=4, receptive_field=196)
    assert "whole objects" in remarks.lesson(deep, state(1.0, 2.0))
    gate = "a gate over the whole image weighs"
    assert gate in remarks.lesson(replace(deep, gated=True), state(1.0, 2.0))
    assert gate not in remarks.lesson(deep, state(1.0, 2.0))
    quiet = {at: pattern(at, flags=(Flag.SILENT,)) for at in range(3)}
    assert "Most of these filters are never active" in remarks.lesson(
        layer, LayerState(Request("c", (0, 1, 2)), patterns=quiet)
    )
