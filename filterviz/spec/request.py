"""One question about a network: these filters of this layer, made by this recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from filterviz.spec.recipes import DEFAULT_RECIPE, Recipe
from filterviz.spec.terms import Json, PixelRange, Precision


@dataclass(frozen=True, slots=True)
class Request:
    """One question: these filters of this layer, made so.

    Attributes:
        layer: the name of a visualisable layer.
        filters: indices of its channels, in the order the tiles are wanted.
        recipe: how.
        pixel_range: ``AUTO`` leaves it to the recipe and the model.
        precision: ``AUTO`` leaves it to the engine.
    """

    layer: str
    filters: tuple[int, ...]
    recipe: Recipe = DEFAULT_RECIPE
    pixel_range: PixelRange = PixelRange.AUTO
    precision: Precision = Precision.AUTO

    def to_json(self) -> dict[str, Json]:
        """Plain data; :meth:`from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """Rebuild from :meth:`to_json`'s data, as it comes out of a JSON parser."""
        return cls(
            layer=data["layer"],
            filters=tuple(data["filters"]),
            recipe=Recipe(**data["recipe"]),
            pixel_range=PixelRange(data["pixel_range"]),
            precision=Precision(data["precision"]),
        )
