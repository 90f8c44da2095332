"""What work costs is known before it is done, and nobody asks for more than there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from filterviz.errors import BadRequest
from filterviz.service.budget import FIRST_RATE, OWN_WORK, Budget, Wanted, work
from filterviz.settings import Settings
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Recipe, Request
from tests.imaging.images import pattern

IMAGE = LayerSpec("image", "InputLayer")
CONV = LayerSpec("conv", "Conv2D", params={"strides": [1, 1]}, channels=8, weight_shapes=((3, 3, 3, 8),))
UNIT = replace(CONV, name="unit", kind="Dense", weight_shapes=((8, 2),), output_shape=(None, 2))
NODES = (NodeSpec(0, output_shape=(None, 50, 40, 3)), NodeSpec(1, (0,)), NodeSpec(2, (1,)))
MODEL = ModelSpec("m", (IMAGE, CONV, UNIT), NODES, (0,), (2,))
REQUEST = Request("conv", (0, 1, 2, 3), Recipe("natural", size=100, steps=10))


UNLIMITED = replace(Settings(), request_seconds=0.0, person_seconds=0.0)


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
    for _ in range(30):
        budget.note("ada page", MODEL, REQUEST, replace(pattern(0), seconds=2.5))
    assert budget.seconds(wanted) == pytest.approx(10)
    budget.note("ada page", MODEL, REQUEST, replace(pattern(0), seconds=0.0))
    assert budget.seconds(wanted) == pytest.approx(10)


def test_too_much_at_once_is_a_sentence_that_says_what_would_do() -> None:
    budget = Budget(replace(UNLIMITED, request_seconds=600.0))
    budget.note("ada", MODEL, REQUEST, replace(pattern(0), seconds=100.0))
    budget.check("bob", [Wanted(MODEL, REQUEST, 6)])
    with pytest.raises(BadRequest, match=r"about 13 min .*, and 10 min is the most .*: 6 tiles of this kind would do"):
        budget.check("bob", [Wanted(MODEL, REQUEST, 8)])
    large = replace(REQUEST, recipe=replace(REQUEST.recipe, steps=4000))
    with pytest.raises(BadRequest, match=r"about 11.1 h .*\. Choose smaller tiles or fewer steps\.$"):
        budget.check("bob", [Wanted(MODEL, large, 1)])


def test_a_person_has_so_much_in_a_day() -> None:
    clock = Clock()
    budget = Budget(replace(UNLIMITED, person_seconds=1000.0), clock)
    for _ in range(8):
        budget.note("ada left", MODEL, REQUEST, replace(pattern(0), seconds=100.0))
    assert (budget.used("ada"), budget.used("bob")) == (800, 0)
    budget.check("ada", [Wanted(MODEL, REQUEST, 2)])
    with pytest.raises(BadRequest, match=r"may use 17 min in 24 hours, and you have used 13 min.* 2 tiles"):
        budget.check("ada", [Wanted(MODEL, REQUEST, 3)])
    budget.check("bob", [Wanted(MODEL, REQUEST, 3)])
    budget.note("ada", MODEL, REQUEST, replace(pattern(0), seconds=100.0))
    budget.note("ada", MODEL, REQUEST, replace(pattern(0), seconds=100.0))
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
