"""Every registered recipe and objective is implemented, and every combination that is offered can be made."""

from __future__ import annotations

import numpy as np
import pytest

from filterviz.engine.objectives import OBJECTIVES
from filterviz.engine.recipes import IMPLEMENTATIONS, Conditions, optimise
from filterviz.imaging import mosaic
from filterviz.spec import OBJECTIVES as REGISTERED_OBJECTIVES
from filterviz.spec import RECIPE_SPECS, RECIPES, Pattern, PixelRange, Precision, Recipe
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
