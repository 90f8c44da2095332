from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from filterviz.errors import BadRequest
from filterviz.service.validation import check
from filterviz.settings import Settings
from filterviz.spec import OBJECTIVES, RECIPE_SPECS, RECIPES, LayerSpec, ModelSpec, Recipe, Request

SPEC = ModelSpec(
    "m",
    (
        LayerSpec("conv", "Conv2D", channels=4, visualisable=True),
        LayerSpec("flat", "Flatten", reason="It only reshapes."),
        LayerSpec("odd", "Conv2D", visualisable=True, reason="Its channels are not known."),
    ),
    (),
    (),
    (),
)
SETTINGS = Settings(max_size=256, max_steps=100)
SOUND = Request("conv", (0, 3))


def refused(request: Request) -> str:
    with pytest.raises(BadRequest) as refusal:
        check(SPEC, request, SETTINGS)
    return str(refusal.value)


@pytest.mark.parametrize("name", RECIPE_SPECS)
def test_everything_a_recipe_offers_is_allowed(name: str) -> None:
    spec = RECIPE_SPECS[name]
    for objective in spec.objectives:
        for pictures in spec.pictures:
            recipe = replace(RECIPES[name], objective=objective, pictures=pictures)
            check(SPEC, replace(SOUND, recipe=recipe), SETTINGS)


@pytest.mark.parametrize("change", [{"size": 1}, {"size": 256}, {"steps": 1}, {"steps": 100}, {"seed": 0}])
def test_the_limits_themselves_are_allowed(change: dict[str, Any]) -> None:
    check(SPEC, replace(SOUND, recipe=Recipe(**change)), SETTINGS)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (Recipe("dream"), f"There is no recipe 'dream'; choose {' or '.join(RECIPES)}."),
        (Recipe(size=0), "A tile cannot be 0 pixels wide; choose 1 to 256."),
        (Recipe(size=257), "A tile cannot be 257 pixels wide; choose 1 to 256."),
        (Recipe(steps=0), "A tile cannot take 0 steps; choose 1 to 100."),
        (Recipe(steps=101), "A tile cannot take 101 steps; choose 1 to 100."),
        (Recipe(seed=-1), "The seed cannot be -1; choose a whole number from 0."),
        (Recipe(objective="fame"), f"The recipe natural has no objective 'fame'; choose {' or '.join(OBJECTIVES)}."),
        (
            replace(RECIPES["classic"], objective="neuron"),
            "The recipe classic has no objective 'neuron'; choose channel.",
        ),
        (Recipe(pictures=3), "The recipe natural cannot make 3 images of a filter; choose 1 or 4 or 9."),
        (replace(RECIPES["classic"], pictures=4), "The recipe classic cannot make 4 images of a filter; choose 1."),
    ],
)
def test_what_a_recipe_does_not_allow_is_refused_with_what_it_does(recipe: Recipe, sentence: str) -> None:
    assert refused(replace(SOUND, recipe=recipe)) == sentence


@pytest.mark.parametrize(
    ("layer", "filters", "sentence"),
    [
        ("cnov", (0,), "There is no layer 'cnov' in this model. Its layers are: conv, odd."),
        ("flat", (0,), "No patterns can be made for 'flat': It only reshapes. Try one of: conv, odd."),
        ("odd", (0,), "No patterns can be made for 'odd': Its channels are not known. Try one of: conv, odd."),
        ("conv", (), "No filters were asked for. The layer 'conv' has filters 0 to 3."),
        ("conv", (0, 4), "The layer 'conv' has no filter 4; its filters are numbered 0 to 3."),
        ("conv", (-1,), "The layer 'conv' has no filter -1; its filters are numbered 0 to 3."),
    ],
)
def test_layers_and_filters_that_are_not_there_are_refused(layer: str, filters: tuple[int, ...], sentence: str) -> None:
    assert refused(Request(layer, filters)) == sentence
