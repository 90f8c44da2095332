from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Flag, LayerSpec, Request
from filterviz.ui.text import remarks
from filterviz.ui.tile_data import tile
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


def test_a_tile_is_called_by_its_class() -> None:
    shown = tile(state(2.5, missing=1), 0, name="Cat")
    assert shown.mark == "Cat"
    assert shown.text == "Pattern of filter 0 (Cat), response 2.5"
    assert shown.tip.startswith("Filter 0 (Cat) · ")
    assert tile(state(2.5, missing=1), 1, name="Dog").text == "No picture yet of filter 1 (Dog)"


def test_what_the_browser_gets_of_a_tile() -> None:
    shown = tile(state(2.5, missing=1), 0, (4,))
    assert (shown.state, shown.silent, shown.mark, shown.near) == ("done", False, "", (4,))
    kind, _, data = shown.picture.partition(";base64,")
    assert kind == "data:image/webp"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (64, 64)
    empty = tile(state(2.5, missing=1), 1)
    assert (empty.state, empty.text) == ("empty", "No picture yet of filter 1")
    begun = LayerState(Request("conv", (0,)), Status.RUNNING, {}, {0: np.zeros((8, 8, 1), np.uint8)})
    assert tile(begun, 0).state == "begun"
    silent = LayerState(Request("conv", (7,)), Status.DONE, {7: pattern(7, flags=(Flag.SILENT,))})
    assert tile(silent, 7).silent
    assert tile(silent, 7).mark == "stays silent"


def test_what_a_wall_teaches() -> None:
    layer = LayerSpec("conv", "Conv2D", channels=4, receptive_field=3)
    assert remarks.lesson(layer, state(1.0, missing=1)) == "", "nothing before it is finished"
    assert "an edge" in remarks.lesson(layer, state(1.0, 2.0))
    deep = LayerSpec("conv", "Conv2D", channels=4, receptive_field=196)
    assert "whole things" in remarks.lesson(deep, state(1.0, 2.0))
    gate = "a gate over the whole picture weighs"
    assert gate in remarks.lesson(replace(deep, gated=True), state(1.0, 2.0))
    assert gate not in remarks.lesson(deep, state(1.0, 2.0))
    quiet = {at: pattern(at, flags=(Flag.SILENT,)) for at in range(3)}
    assert "Most of the filters stay silent" in remarks.lesson(
        layer, LayerState(Request("c", (0, 1, 2)), patterns=quiet)
    )
