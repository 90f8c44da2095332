"""What a worker may answer: every deviation from what was asked is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from filterviz.imaging import mosaic
from filterviz.spec import (
    DeclaredOutput,
    LayerSpec,
    ModelSpec,
    NodeSpec,
    Pattern,
    Precision,
    Progress,
    Recipe,
    Request,
    Unfinished,
)
from filterviz.workers.parent.expected import ExpectedOutputs, ExpectedPatterns, is_consistent
from filterviz.workers.wire.protocol import Outputs

TILE = np.zeros((4, 4, 3), np.uint8)
PATTERN = Pattern("conv", 1, TILE, 0.0, 1.0, (0.0,), (), 0, 0.1, Precision.FLOAT32)
PROGRESS = Progress((1, 2), 1, 2, np.stack([TILE, TILE]), 0.1)


def patterns(images: int = 1) -> ExpectedPatterns:
    return ExpectedPatterns(Request("conv", (1, 2), Recipe(pictures=images)))


LEFT = Unfinished(1, np.zeros(2, np.float32), 0.1, (np.zeros(4, np.uint8),))


def test_a_tile_that_is_left_comes_no_more_and_the_run_is_not_complete() -> None:
    expected = patterns()
    assert expected.take(LEFT) is LEFT
    assert expected.take(LEFT) is None
    assert expected.take(PATTERN) is None
    assert expected.take(replace(PATTERN, filter=2)) is not None
    assert not expected.complete


@pytest.mark.parametrize(
    "changes",
    [
        {"filter": 3},
        {"curve": np.zeros(0, np.float32)},
        {"curve": np.zeros((2, 2), np.float32)},
        {"curve": np.zeros(Recipe().steps, np.float32)},
        {"seconds": float("nan")},
        {"seconds": -1.0},
        {"state": (np.zeros((2, 2), np.uint8),)},
    ],
    ids=str,
)
def test_a_tile_that_cannot_have_been_left(changes: dict[str, object]) -> None:
    assert patterns().take(replace(LEFT, **changes)) is None  # type: ignore[arg-type]


def test_each_pattern_comes_once_and_then_the_run_is_complete() -> None:
    expected = patterns()
    assert expected.take(PROGRESS) is PROGRESS
    assert expected.take(PATTERN) is PATTERN
    assert expected.take(PATTERN) is None
    assert expected.take(PROGRESS) is None, "filter 1 has come"
    assert expected.take(replace(PROGRESS, filters=(2,), tiles=TILE[None])) is not None
    assert not expected.complete
    assert expected.take(replace(PATTERN, filter=2)) is not None
    assert expected.complete


@pytest.mark.parametrize(
    "changes",
    [
        {"layer": "another"},
        {"filter": 3},
        {"tile": TILE[..., :2]},
        {"tile": TILE[0]},
        {"tile": TILE[:0]},
        {"responses": (1.0,)},
        {"kernel": np.full((3, 3, 3), np.nan, np.float32)},
        {"kernel": np.zeros((3, 3), np.float32)},
    ],
    ids=str,
)
def test_a_pattern_that_was_not_asked_for(changes: dict[str, object]) -> None:
    assert patterns().take(replace(PATTERN, **changes)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"filters": (1, 3)},
        {"filters": ()},
        {"filters": (), "tiles": TILE[None][:0]},
        {"filters": (1,)},
        {"tiles": np.zeros((2, 4, 4), np.uint8)},
        {"tiles": np.zeros((2, 4, 4, 2), np.uint8)},
        {"step": 3},
        {"step": -1},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
    ],
    ids=str,
)
def test_progress_that_cannot_be(changes: dict[str, object]) -> None:
    assert patterns().take(replace(PROGRESS, **changes)) is None  # type: ignore[arg-type]


def test_several_images_share_a_tile_with_a_response_each() -> None:
    tile = mosaic.join([TILE] * 4)
    assert patterns(4).take(replace(PATTERN, tile=tile, responses=(1.0,) * 4)) is not None
    assert patterns(4).take(replace(PATTERN, tile=tile, responses=(1.0,) * 3)) is None
    assert patterns(4).take(replace(PATTERN, responses=(1.0,) * 4, tile=tile[1:])) is None


def rows(*shapes: tuple[int, ...], ticket: int = 5) -> Outputs:
    return Outputs(ticket, tuple(np.zeros(shape, np.float32) for shape in shapes))


def test_outputs_come_until_there_is_one_for_each_example() -> None:
    expected = ExpectedOutputs(5, 3, [(None, 2), None])
    assert expected.take(rows((2, 2), (2, 7))) is not None
    complete = [expected.complete]
    assert expected.take(rows((1, 2), (1, 8))) is None, "the second output has had seven columns"
    assert expected.take(rows((1, 2), (1, 7))) is not None
    assert [*complete, expected.complete] == [False, True]
    assert expected.take(rows((1, 2), (1, 7))) is None


@pytest.mark.parametrize(
    "answer",
    [
        rows((1, 2), ticket=6),
        rows((4, 2)),
        rows((0, 2)),
        rows((1, 3)),
        rows((1, 2, 1)),
        rows(()),
        rows((1, 2), (1, 2)),
        rows(),
        PATTERN,
        PROGRESS,
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_outputs_that_were_not_asked_for(answer: Outputs | Pattern | Progress) -> None:
    assert ExpectedOutputs(5, 3, [(None, 2)]).take(answer) is None


def test_patterns_and_outputs_do_not_answer_each_other() -> None:
    assert patterns().take(rows((1, 2))) is None


SPEC = ModelSpec(
    "net",
    (LayerSpec("in", "InputLayer"), LayerSpec("conv", "Conv2D")),
    (NodeSpec(0), NodeSpec(1, (0,))),
    (0,),
    (1,),
    declared_outputs=(DeclaredOutput(1), DeclaredOutput(None, "It is not known.")),
)


def test_a_network_whose_indices_lead_somewhere() -> None:
    assert is_consistent(SPEC)
    assert is_consistent(ModelSpec("empty", (), (), (), ()))


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": (NodeSpec(0), NodeSpec(2, (0,)))},
        {"nodes": (NodeSpec(0), NodeSpec(-1, (0,)))},
        {"nodes": (NodeSpec(0), NodeSpec(1, (1,)))},
        {"nodes": (NodeSpec(0), NodeSpec(1, (-1,)))},
        {"inputs": (2,)},
        {"outputs": (-1,)},
        {"declared_outputs": (DeclaredOutput(2),)},
        {"layers": (LayerSpec("conv", "InputLayer"), LayerSpec("conv", "Conv2D"))},
    ],
    ids=str,
)
def test_a_network_whose_indices_lead_nowhere(changes: dict[str, object]) -> None:
    assert not is_consistent(replace(SPEC, **changes))  # type: ignore[arg-type]
