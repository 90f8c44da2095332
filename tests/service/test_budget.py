"""What work costs is known before it is done, and nobody asks for more than there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from filterviz.errors import BadRequest
from filterviz.service.budget import FIRST_RATE, OWN_WORK, Budget, Wanted, work
from filterviz.settings import Settings
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Progress, Recipe, Request

IMAGE = LayerSpec("image", "InputLayer")
CONV = LayerSpec("conv", "Conv2D", params={"strides": [1, 1]}, channels=8, weight_shapes=((3, 3, 3, 8),))
UNIT = replace(CONV, name="unit", kind="Dense", weight_shapes=((8, 2),), output_shape=(None, 2))
NODES = (NodeSpec(0, output_shape=(None, 50, 40, 3)), NodeSpec(1, (0,)), NodeSpec(2, (1,)))
MODEL = ModelSpec("m", (IMAGE, CONV, UNIT), NODES, (0,), (2,))
REQUEST = Request("conv", (0, 1, 2, 3), Recipe("natural", size=100, steps=10))


UNLIMITED = replace(Settings(), request_seconds=0.0, person_seconds=0.0)


def progress(step: int, seconds: float, filters: tuple[int, ...] = (0, 1, 2, 3)) -> Progress:
    return Progress(filters, step, 10, np.zeros((len(filters), 1, 1, 3), np.uint8), seconds)


def teach(budget: Budget, seconds: float) -> None:
    """A batch in which each tile takes so many seconds."""
    step = 4 * seconds / 10
    budget.learn(MODEL, REQUEST, progress(1, 30.0), progress(3, 30.0 + 2 * step))


class Clock:
    now = 10**6

    def __call__(self) -> float:
        return self.now


def test_work_grows_with_pixels_steps_and_pictures() -> None:
    one = work(MODEL, REQUEST)
    assert one == 10 * 100 * 100 * (OWN_WORK + 3 * 3 * 3 * 8)
    four_times: list[Any] = [{"size": 200}, {"steps": 40}, {"pictures": 4}]
    for changes in four_times:
        assert work(MODEL, replace(REQUEST, recipe=replace(REQUEST.recipe, **changes))) == 4 * one
    unit = replace(REQUEST, layer="unit")
    assert work(MODEL, unit) == work(MODEL, replace(unit, recipe=replace(unit.recipe, size=64))), "of its own size"
    assert work(MODEL, unit) < one


def test_an_estimate_follows_what_was_measured() -> None:
    budget = Budget(UNLIMITED)
    wanted = [Wanted(MODEL, REQUEST, 4)]
    assert budget.seconds(wanted) == pytest.approx(4 * work(MODEL, REQUEST) / FIRST_RATE)
    assert budget.seconds([Wanted(MODEL, REQUEST, 0)]) == 0
    teach(budget, 2.5)
    assert budget.seconds(wanted) == pytest.approx(10)
    budget.learn(MODEL, REQUEST, progress(0, 0.0), progress(5, 100.0))
    budget.learn(MODEL, REQUEST, progress(5, 100.0), progress(1, 100.5, (7,)))
    budget.learn(MODEL, REQUEST, progress(5, 1.0), progress(6, 1.0))
    tiny = replace(REQUEST, recipe=replace(REQUEST.recipe, size=8))
    budget.learn(MODEL, tiny, progress(5, 1.0), progress(6, 2.0))
    assert budget.seconds(wanted) == pytest.approx(10), "neither compiling nor beginning a step is the rate"
    for _ in range(40):
        teach(budget, 5.0)
    assert budget.seconds(wanted) == pytest.approx(20, rel=0.01)


def test_too_much_at_once_is_a_sentence_that_says_what_would_do() -> None:
    budget = Budget(replace(UNLIMITED, request_seconds=600.0))
    teach(budget, 100.0)
    budget.check("bob", [Wanted(MODEL, REQUEST, 6)])
    with pytest.raises(BadRequest, match=r"about 13 min .*, and 10 min is the most .*: 6 tiles of this kind would do"):
        budget.check("bob", [Wanted(MODEL, REQUEST, 8)])
    large = replace(REQUEST, recipe=replace(REQUEST.recipe, steps=4000))
    with pytest.raises(BadRequest, match=r"about 11.1 h .*\. Choose smaller tiles or fewer steps\.$"):
        budget.check("bob", [Wanted(MODEL, large, 1)])


def test_a_person_has_so_much_in_a_day() -> None:
    clock = Clock()
    budget = Budget(replace(UNLIMITED, person_seconds=1000.0), clock)
    teach(budget, 100.0)
    for _ in range(8):
        budget.spend("ada left", 100.0)
    assert (budget.used("ada"), budget.used("bob")) == (800, 0)
    budget.check("ada", [Wanted(MODEL, REQUEST, 2)])
    with pytest.raises(BadRequest, match=r"may use 17 min in 24 hours, and you have used 13 min.* 2 tiles"):
        budget.check("ada", [Wanted(MODEL, REQUEST, 3)])
    budget.check("bob", [Wanted(MODEL, REQUEST, 3)])
    budget.spend("ada", 100.0)
    budget.spend("ada", 100.0)
    with pytest.raises(BadRequest, match=r"Choose smaller tiles or fewer steps"):
        budget.check("ada", [Wanted(MODEL, REQUEST, 1)])
    budget.check("ada", [Wanted(MODEL, REQUEST, 0)])
    clock.now += 25 * 3600
    assert budget.used("ada") == 0
    assert not budget._used
    budget.check("ada", [Wanted(MODEL, REQUEST, 3)])


def test_without_a_limit_nothing_is_too_much() -> None:
    budget = Budget(UNLIMITED)
    budget.check("ada", [Wanted(MODEL, REQUEST, 10**9)])
