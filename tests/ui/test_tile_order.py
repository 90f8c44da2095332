"""The order of tiles, and which of them are alike."""

from __future__ import annotations

import numpy as np

from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Request
from filterviz.ui.tile_order import in_order, relatives
from tests.imaging.images import pattern


def state(*ends: float, missing: int = 0, size: int = 64) -> LayerState:
    patterns = {at: pattern(at, response_end=end, flags=(), size=size) for at, end in enumerate(ends)}
    request = Request("conv", tuple(range(len(ends) + missing)))
    return LayerState(request, Status.RUNNING if missing else Status.DONE, patterns)


def test_strong_responses_come_first_and_what_is_missing_last() -> None:
    wall = state(3.0, float("nan"), 20.0, 7.0, missing=2)
    assert in_order(wall, "") == [0, 1, 2, 3, 4, 5]
    assert in_order(wall, "response") == [2, 3, 0, 1, 4, 5]
    assert in_order(wall, "similarity") == [0, 1, 2, 3, 4, 5], "not before all are there"


def test_alike_tiles_stand_together() -> None:
    flat = {at: np.full((64, 64, 3), shade, np.uint8) for at, shade in enumerate((10, 250, 12, 245, 14, 240))}
    patterns = {at: pattern(at, response_end=1.0, flags=(), tile=picture) for at, picture in flat.items()}
    order = in_order(LayerState(Request("conv", tuple(flat)), Status.DONE, patterns), "similarity")
    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}


def test_a_tile_is_its_own_nearest_relative_and_unfinished_walls_have_none() -> None:
    wall = state(*[1.0] * 6)
    near = relatives(wall, wall)
    assert {channel: found[0] for channel, found in near.items()} == {at: at for at in range(6)}
    assert all(len(found) == 3 for found in near.values())
    assert relatives(wall, state(1.0, missing=1)) == {}
    assert relatives(LayerState(Request("conv", ())), wall) == {}
