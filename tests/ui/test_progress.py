"""How much of a page's work is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterviz.service import budget
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Request
from filterviz.ui.progress import amount
from filterviz.ui.wall import ShownWall
from tests.imaging.images import pattern

IMAGE = LayerSpec("image", "InputLayer")
STRIDES = {"strides": [1, 1]}  # as the reader gives them for every convolution
SHALLOW = LayerSpec("shallow", "Conv2D", params=STRIDES, channels=8, weight_shapes=((3, 3, 3, 800),))
DEEP = LayerSpec("deep", "Conv2D", params=STRIDES, channels=8, weight_shapes=((3, 3, 800, 8),))
SPEC = ModelSpec("m", (IMAGE, SHALLOW, DEEP), (NodeSpec(0), NodeSpec(1, (0,)), NodeSpec(2, (1,))), (0,), (2,))
MODEL = Model(None, "f00d", "m.h5", SPEC)


def wall(layer: LayerSpec) -> ShownWall:
    return ShownWall(MODEL, layer, Request(layer.name, (0, 1, 2, 3)), "m.h5")


def works(walls: list[ShownWall]) -> list[float]:
    return [budget.work(each.model.spec, each.request) for each in walls]


WAITING = LayerState(Request("layer", (0, 1, 2, 3)))
RUNNING = replace(WAITING, status=Status.RUNNING, step=12, steps=48)
DONE = replace(WAITING, status=Status.DONE, patterns={channel: pattern(channel) for channel in range(4)})


def test_only_what_has_to_be_made_counts() -> None:
    """Tiles of VGG16 that come with the program had the bar begin in the middle."""
    walls = [wall(SHALLOW), wall(SHALLOW)]
    done, total = amount(works(walls), [WAITING, DONE], [0, 4])
    assert (done, total) == (0, 4 * budget.work(SPEC, Request("shallow", (0,))))
    assert amount(works(walls), [DONE, DONE], [0, 4]) == (total, total)
    assert amount(works(walls), [DONE, DONE], [4, 4]) == (0, 0)


def test_unfinished_tiles_count_by_their_steps() -> None:
    tile = budget.work(SPEC, Request("shallow", (0,)))
    begun = replace(RUNNING, previews={channel: pattern(channel).tile for channel in (0, 1)})
    assert amount(works([wall(SHALLOW)]), [begun], [0])[0] == pytest.approx(2 * tile / 4)


def test_a_deeper_layer_is_more_work() -> None:
    shallow, deep = (amount(works([wall(layer)]), [WAITING], [0])[1] for layer in (SHALLOW, DEEP))
    assert deep > 1.2 * shallow
