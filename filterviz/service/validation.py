"""Checks that a request fits a model and the limits, before a worker process starts on it."""

from __future__ import annotations

from filterviz.errors import BadRequest
from filterviz.settings import Settings
from filterviz.spec import RECIPES, ModelSpec, Recipe, Request


def check(spec: ModelSpec, request: Request, settings: Settings) -> None:
    """Check a request.

    Args:
        spec: The model that the request is about.
        request: Which filters of which layer, and how their patterns are made.
        settings: The limits.

    Raises:
        BadRequest: If the layer or a filter does not exist, or the recipe does not allow what is asked of it. The
            sentence says what is possible.
    """
    _check_recipe(request.recipe, settings)
    _check_filters(spec, request)


def _check_recipe(recipe: Recipe, settings: Settings) -> None:
    if recipe.name not in RECIPES:
        raise BadRequest(f"There is no recipe {recipe.name!r}; choose {' or '.join(RECIPES)}.")
    if not 1 <= recipe.size <= settings.max_size:
        raise BadRequest(f"A tile cannot be {recipe.size} pixels wide; choose 1 to {settings.max_size}.")
    if not 1 <= recipe.steps <= settings.max_steps:
        raise BadRequest(f"A tile cannot take {recipe.steps} steps; choose 1 to {settings.max_steps}.")
    if recipe.seed < 0:
        raise BadRequest(f"The seed cannot be {recipe.seed}; choose a whole number from 0.")
    if recipe.objective not in recipe.spec.objectives:
        choices = " or ".join(recipe.spec.objectives)
        raise BadRequest(f"The recipe {recipe.name} has no objective {recipe.objective!r}; choose {choices}.")
    if recipe.pictures not in recipe.spec.pictures:
        choices = " or ".join(map(str, recipe.spec.pictures))
        message = f"The recipe {recipe.name} cannot make {recipe.pictures} images of a filter; choose {choices}."
        raise BadRequest(message)


def _check_filters(spec: ModelSpec, request: Request) -> None:
    names = ", ".join(layer.name for layer in spec.visualisable)
    try:
        layer = spec.layer(request.layer)
    except KeyError:
        raise BadRequest(f"There is no layer {request.layer!r} in this model. Its layers are: {names}.") from None
    if not layer.visualisable or layer.channels is None:
        raise BadRequest(f"No patterns can be made for {layer.name!r}: {layer.reason} Try one of: {names}.")
    last = layer.channels - 1
    if not request.filters:
        raise BadRequest(f"No filters were asked for. The layer {layer.name!r} has filters 0 to {last}.")
    for channel in request.filters:
        if not 0 <= channel <= last:
            raise BadRequest(f"The layer {layer.name!r} has no filter {channel}; its filters are numbered 0 to {last}.")
