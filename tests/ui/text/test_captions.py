"""Nothing is said about a tile that is not so."""

from __future__ import annotations

from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Flag, Request
from filterviz.ui.text import captions, remarks
from tests.imaging.images import pattern


def test_a_silent_filter_is_never_passed_off_as_a_pattern() -> None:
    silent = pattern(7, flags=(Flag.SILENT,))
    assert captions.tile_mark(silent) == "never active"
    assert "never active" in captions.tip(7, silent)
    assert "never active" in captions.tile_alternative(7, silent)
    good = {number: pattern(number, flags=()) for number in range(3)}
    state = LayerState(Request("conv", (0, 1, 2, 7)), Status.DONE, {**good, 7: silent})
    assert remarks.summary(state) == "3 of 4 have a pattern, 1 is never active"
    assert remarks.summary(LayerState(Request("conv", (0, 1, 2)), Status.DONE, good)) == "all 3 filters have a pattern"
    assert remarks.summary(LayerState(Request("conv", (0, 1, 2, 7)), Status.STOPPED, good)) == "3 of 4 finished"
