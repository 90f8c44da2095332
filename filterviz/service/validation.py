"""Whether a request fits a model and the limits, before anything is started."""

from __future__ import annotations

from filterviz.errors import BadRequest
from filterviz.settings import Settings
from filterviz.spec import (
    RECIPES,
    ModelSpec,
    Request,
    objectives,
    pictures,
)


def check(spec: ModelSpec, request: Request, settings: Settings) -> None:
    """Whether a request fits a model and the limits.

    Raises:
        BadRequest: the layer or a filter does not exist, or the recipe asks for too much; the sentence says what
            would do.
    """
    recipe = request.recipe
    if recipe.name not in RECIPES:
        message = f"There is no recipe {recipe.name!r}; choose {' or '.join(RECIPES)}."
        raise BadRequest(message)
    if not 1 <= recipe.size <= settings.max_size:
        message = f"A tile cannot be {recipe.size} pixels wide; choose 1 to {settings.max_size}."
        raise BadRequest(message)
    if not 1 <= recipe.steps <= settings.max_steps:
        message = f"A tile cannot take {recipe.steps} steps; choose 1 to {settings.max_steps}."
        raise BadRequest(message)
    if recipe.seed < 0:
        message = f"The seed cannot be {recipe.seed}; choose a whole number from 0."
        raise BadRequest(message)
    names = [layer.name for layer in spec.visualisable]
    allowed = objectives(recipe.name)
    if recipe.objective not in allowed:
        message = f"The recipe {recipe.name} has no objective {recipe.objective!r}; choose {' or '.join(allowed)}."
        raise BadRequest(message)
    numbers = pictures(recipe.name)
    if recipe.pictures not in numbers:
        choices = " or ".join(map(str, numbers))
        message = f"The recipe {recipe.name} cannot make {recipe.pictures} pictures of a filter; choose {choices}."
        raise BadRequest(message)
    try:
        layer = spec.layer(request.layer)
    except KeyError:
        message = f"There is no layer {request.layer!r} in this model. Its layers are: {', '.join(names)}."
        raise BadRequest(message) from None
    if not layer.visualisable or layer.channels is None:
        message = f"No patterns can be made for {layer.name!r}: {layer.reason} Try one of: {', '.join(names)}."
        raise BadRequest(message)
    if not request.filters:
        message = f"No filters were asked for. The layer {layer.name!r} has filters 0 to {layer.channels - 1}."
        raise BadRequest(message)
    for channel in request.filters:
        if not 0 <= channel < layer.channels:
            message = (
                f"The layer {layer.name!r} has no filter {channel}; its filters are numbered 0 to {layer.channels - 1}."
            )
            raise BadRequest(message)
