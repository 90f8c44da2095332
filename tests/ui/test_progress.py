"""How far the work on a page is, and how long it will still take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Request
from filterviz.ui.progress import seconds_left, share_done
from filterviz.ui.wall import ShownWall
from tests.imaging.images import pattern

IMAGE = LayerSpec("image", "InputLayer")
STRIDES = {"strides": [1, 1]}  # as the reader gives them for every convolution
SHALLOW = LayerSpec("shallow", "Conv2D", params=STRIDES, channels=8, weight_shapes=((3, 3, 3, 8),))
DEEP = LayerSpec("deep", "Conv2D", params=STRIDES, channels=8, weight_shapes=((3, 3, 8, 8),))
SPEC = ModelSpec("m", (IMAGE, SHALLOW, DEEP), (NodeSpec(0), NodeSpec(1, (0,)), NodeSpec(2, (1,))), (0,), (2,))
MODEL = Model(None, "f00d", "m.h5", SPEC)


def wall(layer: LayerSpec) -> ShownWall:
    return ShownWall(MODEL, layer, Request(layer.name, (0, 1, 2, 3)), "m.h5")


WAITING = LayerState(Request("layer", (0, 1, 2, 3)))
RUNNING = replace(WAITING, status=Status.RUNNING, step=10, steps=40, tile_seconds=2.0, seconds_left=7.0)
DONE = replace(WAITING, status=Status.DONE, patterns={channel: pattern(channel) for channel in range(4)})


def test_nothing_is_promised_before_anything_was_measured() -> None:
    walls = [wall(SHALLOW), wall(DEEP)]
    assert seconds_left(walls, [WAITING, WAITING]) is None
    assert seconds_left(walls, [replace(RUNNING, tile_seconds=None), WAITING]) is None


def test_a_wall_that_waits_takes_what_the_one_at_work_takes_for_each_missing_tile() -> None:
    walls = [wall(SHALLOW), wall(SHALLOW)]
    assert seconds_left(walls, [RUNNING, DONE]) == 7
    assert seconds_left(walls, [RUNNING, WAITING]) == 7 + 4 * 2
    assert seconds_left(walls, [RUNNING, replace(WAITING, patterns={0: pattern(0)})]) == 7 + 3 * 2


def test_a_deeper_layer_takes_longer() -> None:
    more = (3 * 3 * 3 * 8 + 3 * 3 * 8 * 8) / (3 * 3 * 3 * 8)
    assert seconds_left([wall(SHALLOW), wall(DEEP)], [RUNNING, WAITING]) == pytest.approx(7 + 4 * 2 * more)
    assert seconds_left([wall(DEEP), wall(SHALLOW)], [RUNNING, WAITING]) == pytest.approx(7 + 4 * 2 / more)


def test_unfinished_tiles_count_by_their_steps() -> None:
    assert share_done([]) == 0
    assert share_done([WAITING, WAITING]) == 0
    assert share_done([DONE, WAITING]) == 0.5
    begun = replace(RUNNING, previews={channel: pattern(channel).tile for channel in (0, 1)})
    assert share_done([DONE, begun]) == pytest.approx((4 + 2 * 10 / 40) / 8)
    assert share_done([DONE, DONE]) == 1
