"""The recipes and objectives there are, as data, and the request for patterns that are made by one of them.

The command line, the page, validation and export read them here.

A recipe is one row of :data:`RECIPE_SPECS` and one class in ``engine.recipes``; an objective is one row of
:data:`OBJECTIVES` and one function in ``engine.objectives``. The web process reads the rows without importing
TensorFlow, and a test holds that both sides have the same names. No other module compares these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from filterviz.spec.terms import Json, PixelRange, Precision

PICTURES = (1, 4, 9)
"""How many different images of one filter can share a tile: square numbers, as they are laid out in a square."""

OBJECTIVES: Mapping[str, str] = {
    "channel": "what excites the filter, at any position",
    "negative": "the opposite: what drives the filter's response as low as possible",
    "neuron": "what excites the filter at the centre of the image only",
}
"""What a pattern can be optimised for, with its meaning. The first is the default."""


class WallOrder(StrEnum):
    """The order in which the tiles of a wall are filled in, by the index of the filter."""

    COLUMNS = "columns"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class RecipeSpec:
    """What there is to know about a recipe without running it.

    Attributes:
        name: Name in addresses, command lines and the keys of the pattern store.
        size: Default side of a tile in pixels.
        steps: Default number of gradient ascent steps.
        objectives: Names of the objectives it can optimise, the default first.
        images: How many different images of one filter it can make, the default first.
        pixel_range: What ``PixelRange.AUTO`` means: ``AUTO`` takes the network's own range, and ``None`` feeds pixel
            values of 0-255 unchanged.
        precision: What ``Precision.AUTO`` means: ``AUTO`` takes the fastest format of the machine.
        wall_order: The order in which its saved wall is filled in.
    """

    name: str
    size: int
    steps: int
    objectives: tuple[str, ...]
    pictures: tuple[int, ...]
    pixel_range: PixelRange | None = PixelRange.AUTO
    precision: Precision = Precision.AUTO
    wall_order: WallOrder = WallOrder.COLUMNS


# A wall is read as a page is: row by row.
_NATURAL = RecipeSpec("natural", 128, 48, tuple(OBJECTIVES), PICTURES, wall_order=WallOrder.ROWS)
# The script filled its wall column by column, knew nothing of pixel ranges, and computed in float32.
_CLASSIC = RecipeSpec("classic", 64, 40, ("channel",), pictures=(1,), pixel_range=None, precision=Precision.FLOAT32)

RECIPE_SPECS: Mapping[str, RecipeSpec] = {spec.name: spec for spec in (_NATURAL, _CLASSIC)}
"""The registry: every recipe by its name, the default first."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pattern is made: one of the registered recipes with its settings.

    Attributes:
        name: Name of the recipe, one of :data:`RECIPE_SPECS`.
        size: Side of the tile in pixels. A layer whose network has a fixed input size overrides it.
        steps: Number of gradient ascent steps.
        seed: Seed of the run, 0 or larger. The seed of each filter is derived from it and the filter's index.
        objective: Name of the objective, one of ``spec.objectives``.
        images: Number of different images of each filter, one of ``spec.pictures``. They share a tile, row by row,
            each of them ``size`` pixels wide.
    """

    name: str = _NATURAL.name
    size: int = _NATURAL.size
    steps: int = _NATURAL.steps
    seed: int = 0
    objective: str = _NATURAL.objectives[0]
    pictures: int = _NATURAL.pictures[0]

    @property
    def spec(self) -> RecipeSpec:
        """The registered description of this recipe.

        Raises:
            KeyError: If there is no recipe of this name.

        Example:
            >>> Recipe("classic").spec.objectives
            ('channel',)
        """
        return RECIPE_SPECS[self.name]

    def to_json(self) -> dict[str, Json]:
        """Plain data; ``Recipe(**data)`` is the inverse."""
        return asdict(self)

    def with_(self, **changes: Json) -> Recipe:
        """A copy with some fields changed; fields given as ``None`` keep their value."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


RECIPES: Mapping[str, Recipe] = {
    spec.name: Recipe(spec.name, spec.size, spec.steps, objective=spec.objectives[0], pictures=spec.pictures[0])
    for spec in RECIPE_SPECS.values()
}
"""Every recipe with its default settings, by name, in the order of :data:`RECIPE_SPECS`."""

DEFAULT_RECIPE = next(iter(RECIPES.values()))
"""The recipe of a request that names none."""


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
