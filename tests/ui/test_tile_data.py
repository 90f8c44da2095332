"""What the browser gets of a tile."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Flag, Request
from filterviz.ui.images import IMAGES, PATH
from filterviz.ui.tile_data import tile
from tests.imaging.images import pattern


def state(*ends: float, missing: int = 0, size: int = 64) -> LayerState:
    patterns = {at: pattern(at, response_end=end, flags=(), size=size) for at, end in enumerate(ends)}
    request = Request("conv", tuple(range(len(ends) + missing)))
    return LayerState(request, Status.RUNNING if missing else Status.DONE, patterns)


def test_a_tile_is_called_by_its_class() -> None:
    shown = tile(state(2.5, missing=1), 0, name="Cat")
    assert shown.mark == "Cat"
    assert shown.text == "Pattern of filter 0 (Cat), response 2.5"
    assert shown.tip.startswith("Filter 0 (Cat) · ")
    assert tile(state(2.5, missing=1), 1, name="Dog").text == "No image yet of filter 1 (Dog)"


def test_what_the_browser_gets_of_a_tile() -> None:
    shown = tile(state(2.5, missing=1), 0, (4,))
    assert (shown.state, shown.silent, shown.mark, shown.near) == ("done", False, "", (4,))
    content = IMAGES.find(shown.picture.removeprefix(PATH).removesuffix(".webp"))
    assert content is not None
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 64))
    empty = tile(state(2.5, missing=1), 1)
    assert (empty.state, empty.text) == ("empty", "No image yet of filter 1")
    begun = LayerState(Request("conv", (0,)), Status.RUNNING, {}, {0: np.zeros((8, 8, 1), np.uint8)})
    assert tile(begun, 0).state == "begun"
    silent = LayerState(Request("conv", (7,)), Status.DONE, {7: pattern(7, flags=(Flag.SILENT,))})
    assert tile(silent, 7).silent
    assert tile(silent, 7).mark == "never active"
