"""Every registered recipe and objective is implemented, and every combination that is offered can be made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from filterviz.engine.objectives import OBJECTIVES
from filterviz.engine.recipes import IMPLEMENTATIONS, Conditions, optimise
from filterviz.errors import Stopped
from filterviz.imaging import mosaic
from filterviz.spec import OBJECTIVES as REGISTERED_OBJECTIVES
from filterviz.spec import RECIPE_SPECS, RECIPES, Pattern, PixelRange, Precision, Recipe, Unfinished
from tests.engine.networks import TwoConvolutions

SIZE = (12, 12)

OFFERED = [
    Recipe(spec.name, SIZE[0], 2, 0, objective, pictures)
    for spec in RECIPE_SPECS.values()
    for objective in spec.objectives
    for pictures in spec.pictures
]


def test_both_sides_have_the_same_names() -> None:
    assert set(IMPLEMENTATIONS) == set(RECIPES)
    assert set(OBJECTIVES) == set(REGISTERED_OBJECTIVES)


@pytest.mark.parametrize("recipe", OFFERED, ids=lambda recipe: f"{recipe.name}-{recipe.objective}-{recipe.pictures}")
def test_everything_that_is_offered_can_be_made(recipe: Recipe) -> None:
    implementation = IMPLEMENTATIONS[recipe.name]
    network = TwoConvolutions(pre_activation=implementation.pre_activation)
    conditions = Conditions("second", recipe, PixelRange.UNIT, Precision.FLOAT32)
    ascent = implementation(network, conditions).begin((1, 4), SIZE, seed=0)  # type: ignore[arg-type]
    *_, one, other = optimise(ascent, conditions, (1, 4), seed=0, stop=lambda: False)
    for pattern in (one, other):
        assert isinstance(pattern, Pattern)
        assert mosaic.is_valid(pattern.tile, recipe.pictures)
        assert len(pattern.curve) == recipe.steps + 1
        assert len(pattern.responses) == (recipe.pictures if recipe.pictures > 1 else 0)
        assert np.isfinite(pattern.curve).all()


@pytest.mark.parametrize("recipe", OFFERED, ids=lambda recipe: f"{recipe.name}-{recipe.objective}-{recipe.pictures}")
def test_a_tile_that_was_left_is_the_same_to_the_bit(recipe: Recipe) -> None:
    """A tile that goes on without the other of its batch has the same pixels; sums may differ in the last digit.

    With several images of a filter, some processors multiply the texture matrices of one filter in another order than
    those of two. Then the last digit may differ of a pixel, too.
    """
    recipe = replace(recipe, steps=5)
    made = IMPLEMENTATIONS[recipe.name]
    network = TwoConvolutions(pre_activation=made.pre_activation)
    conditions = Conditions("second", recipe, PixelRange.UNIT, Precision.FLOAT32)
    compiled = made(network, conditions)  # type: ignore[arg-type]
    *_, one, other = optimise(compiled.begin((1, 4), SIZE, seed=0), conditions, (1, 4), 0, lambda: False)
    turns = iter([False, True])
    left: dict[int, Unfinished] = {}
    with suppress(Stopped):
        begun = compiled.begin((1, 4), SIZE, seed=0)
        for event in optimise(begun, conditions, (1, 4), 0, lambda: False, lambda: next(turns)):
            if isinstance(event, Unfinished):
                left[event.filter] = event
    assert [len(tile.curve) for tile in left.values()] == [2, 2]
    again = compiled.begin((1, 4), SIZE, seed=0)
    *_, first, second = optimise(again, conditions, (1, 4), 0, lambda: False, resumed=list(left.values()))
    alone = compiled.begin((4,), SIZE, seed=0)
    *_, single = optimise(alone, conditions, (4,), 0, lambda: False, resumed=[left[4]])
    for whole, resumed in ((one, first), (other, second), (other, single)):
        assert isinstance(whole, Pattern)
        assert isinstance(resumed, Pattern)
        in_smaller_batch = resumed is single and recipe.pictures > 1
        np.testing.assert_allclose(resumed.tile.astype(int), whole.tile, rtol=0, atol=1 if in_smaller_batch else 0)
        np.testing.assert_allclose(resumed.curve, whole.curve, rtol=0 if resumed is not single else 1e-5)
        np.testing.assert_allclose(resumed.responses, whole.responses, rtol=0 if resumed is not single else 1e-5)
