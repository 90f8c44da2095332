"""One question about a network: certain filters of a layer, made by a recipe."""

from __future__ import annotations

from dataclasses import dataclass

from filterviz.spec.recipes import DEFAULT_RECIPE, Recipe
from filterviz.spec.terms import PixelRange, Precision


@dataclass(frozen=True, slots=True)
class Request:
    """Which filters of which layer, and how their patterns are made.

    Attributes:
        layer: Name of a visualisable layer.
        filters: Indices of its channels, in the order the tiles are wanted.
        recipe: How the patterns are made.
        pixel_range: The pixel values the network expects; ``AUTO`` leaves it to the recipe and the model.
        precision: Number format of the computation; ``AUTO`` leaves it to the recipe and the machine.
    """

    layer: str
    filters: tuple[int, ...]
    recipe: Recipe = DEFAULT_RECIPE
    pixel_range: PixelRange = PixelRange.AUTO
    precision: Precision = Precision.AUTO
