"""The recipes: how a pattern is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from filterviz.spec.terms import Json

PICTURES = (1, 4, 9)
"""How many different pictures may be made of one filter: as many as fill a square, for they share a tile."""


OBJECTIVES = ("channel", "negative", "neuron")
"""What a pattern may be made for: ``channel``, what excites the filter wherever it is; ``negative``, what the filter
answers to least; ``neuron``, what excites the filter at the middle of the picture alone."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pattern is made.

    Attributes:
        name: ``natural``, a picture a person can read (see ``engine.natural``), or ``classic``, the original script's
            arithmetic (see ``engine.classic``).
        size: side of the tile in pixels. A layer whose input size is fixed overrides it.
        steps: of gradient ascent.
        seed: of the start picture; a filter's own seed is derived from it and the filter's index.
        objective: what is sought, one of :data:`OBJECTIVES`; ``classic`` knows ``channel`` alone.
        pictures: how many of each filter, one of :data:`PICTURES`; ``classic`` makes one. Several are made to differ
            from each other and share a tile, row by row, each of them ``size`` pixels wide.
    """

    name: str = "natural"
    size: int = 128
    steps: int = 48
    seed: int = 0
    objective: str = "channel"
    pictures: int = 1

    def to_json(self) -> dict[str, Json]:
        """Plain data; ``Recipe(**data)`` is the inverse."""
        return asdict(self)

    def with_(self, **changes: Json) -> Recipe:
        """A copy with some fields changed; those given as ``None`` stay as they are."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


DEFAULT_RECIPE = Recipe()
"""What is made where nothing else is asked for."""

RECIPES: Mapping[str, Recipe] = {"natural": DEFAULT_RECIPE, "classic": Recipe("classic", size=64, steps=40)}
"""The recipes there are, the default first, each with the size and steps it was made for."""


def objectives(recipe: str) -> tuple[str, ...]:
    """What a recipe may be asked to look for."""
    return OBJECTIVES if recipe == "natural" else OBJECTIVES[:1]


def pictures(recipe: str) -> tuple[int, ...]:
    """How many different pictures of one filter a recipe can make."""
    return PICTURES if recipe == "natural" else PICTURES[:1]
