"""What the page shows, as it stands in its address: settings only, never anything from a file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from filterviz.analysis.layer_matching import match
from filterviz.service.model import UNTRAINED
from filterviz.settings import Settings
from filterviz.spec import DEFAULT_RECIPE, RECIPES, LayerSpec, ModelSpec, PixelRange, Recipe, Request
from filterviz.ui.i18n import LANGUAGES
from filterviz.ui.layer_choice import sensible_layers

EVERY = 0
"""Stands for all filters where a number of filters is expected."""

COUNTS = (25, 64, EVERY)
"""How many filters of a layer can be shown on a page of its wall."""

SORTS = ("", "response", "similarity")
"""How a wall's tiles can be sorted: by their filters' numbers, by response, or so that similar tiles are together."""

MOST_PAGES = 1000

MOST_LAYERS = 12

MOST_CHECKPOINTS = 24
"""How many files of one training can be looked through."""

GLIMPSE = 4
"""How many tiles of a layer are made to show what it is like, while another layer is looked at."""

LARGEST_SEED = 2**31 - 1

_ALL = "all"

Params = Mapping[str, str]


class OpenTile(NamedTuple):
    """Which tile is shown large.

    Attributes:
        layer: The index of the visitor's layer in whose pair of walls it is.
        side: 0 for the wall of that layer, 1 for the one beside it, 2 for a third.
        filter: The number of the filter.
    """

    layer: int
    side: int
    filter: int


@dataclass(frozen=True, slots=True)
class View:
    """Everything that determines what the page shows.

    Attributes:
        token: Token of the uploaded file; empty where there is none.
        architecture: The network that a file of bare weights is opened as; empty for any other file.
        checkpoints: Tokens of files that were dropped together, in order; the token is one of them. Empty where one
            file was dropped alone.
        other: The network beside it: empty for VGG16, ``untrained`` for the same network before training, or the token
            of another file.
        third: Whether VGG16 stands beside the two, where another network is the other.
        layers: Indices of the chosen layers in ``ModelSpec.layers``; empty where the choice is left to the page.
        at: The index of the layer that is looked at; ``None`` where the choice is left to the page.
        overview: Whether all chosen layers are shown at once instead.
        beside: By index of a chosen layer, the index of the other network's layer beside it, where that was chosen.
        recipe: How the patterns are made.
        count: How many filters of each layer are shown at once, one of :data:`COUNTS`.
        pages: By index of a layer, which page of its filters is shown, counted from 1.
        sort: One of :data:`SORTS`.
        pixel_range: The pixel range of the uploaded model; VGG16 has its own.
        tile: The tile that is shown large, if one is.
        stopped: Whether the visitor stopped the making of what is shown.
        language: The language that was asked for; empty to go by the browser.
        help: Whether the page that explains is shown instead.
    """

    token: str = ""
    architecture: str = ""
    checkpoints: tuple[str, ...] = ()
    other: str = ""
    third: bool = False
    layers: tuple[int, ...] = ()
    at: int | None = None
    overview: bool = False
    beside: Mapping[int, int] = field(default_factory=dict)
    recipe: Recipe = DEFAULT_RECIPE
    count: int = COUNTS[0]
    pages: Mapping[int, int] = field(default_factory=dict)
    sort: str = SORTS[0]
    pixel_range: PixelRange = PixelRange.AUTO
    tile: OpenTile | None = None
    stopped: bool = False
    language: str = ""
    help: bool = False

    @classmethod
    def from_query(cls, params: Params, settings: Settings) -> Self:
        """The view of an address; whatever does not fit keeps its default.

        Example:
            >>> view = View.from_query({"m": "ab", "layers": "0.4", "beside": "4-7", "size": "huge"}, Settings())
            >>> view.layers, view.beside, view.recipe.size
            ((0, 4), {4: 7}, 128)
        """
        recipe = RECIPES.get(params.get("recipe", ""), DEFAULT_RECIPE)
        recipe = replace(
            recipe,
            size=_number(params, "size", 1, settings.max_size, recipe.size),
            steps=_number(params, "steps", 1, settings.max_steps, recipe.steps),
            seed=_number(params, "seed", 0, LARGEST_SEED, recipe.seed),
            objective=params["objective"] if params.get("objective") in recipe.spec.objectives else recipe.objective,
        )
        count = EVERY if params.get("count") == _ALL else _number(params, "count", 1, max(COUNTS), COUNTS[0])
        given = params.get("range", "")
        return cls(
            token=params.get("m", "")[:64],
            architecture="".join(re.findall(r"^[a-z0-9.-]{1,40}$", params.get("as", ""))),
            checkpoints=tuple(dict.fromkeys(re.findall(r"[0-9a-f]{1,64}", params.get("files", ""))))[:MOST_CHECKPOINTS],
            other="".join(re.findall(r"^[a-z0-9]{1,64}$", params.get("with", ""))),
            third="third" in params,
            layers=tuple(dict.fromkeys(int(text) for text in re.findall(r"\d{1,5}", params.get("layers", ""))))[
                :MOST_LAYERS
            ],
            at=int(params["at"]) if re.fullmatch(r"\d{1,5}", params.get("at", ""), re.ASCII) else None,
            overview="overview" in params,
            beside=_pairs(params.get("beside", "")),
            recipe=recipe,
            count=count if count in COUNTS else COUNTS[0],
            pages={layer: page for layer, page in _pairs(params.get("page", "")).items() if 1 < page <= MOST_PAGES},
            sort=params.get("sort", "") if params.get("sort") in SORTS else SORTS[0],
            pixel_range=PixelRange(given) if given in list(PixelRange) else PixelRange.AUTO,
            tile=_tile(params.get("tile", "")),
            stopped="stopped" in params,
            language=params.get("lang", "") if params.get("lang") in LANGUAGES else "",
            help="help" in params,
        )

    def to_query(self) -> dict[str, str]:
        """The inverse of :meth:`from_query`; what has its default is left out."""
        plain = RECIPES[self.recipe.name]
        parts = {
            "m": self.token,
            "as": self.architecture,
            "files": ".".join(self.checkpoints),
            "with": self.other,
            "third": "1" if self.third else "",
            "layers": ".".join(map(str, self.layers)),
            "at": "" if self.at is None else str(self.at),
            "overview": "1" if self.overview else "",
            "beside": _joined(self.beside),
            "recipe": self.recipe.name if self.recipe.name != DEFAULT_RECIPE.name else "",
            "size": "" if self.recipe.size == plain.size else str(self.recipe.size),
            "steps": "" if self.recipe.steps == plain.steps else str(self.recipe.steps),
            "seed": "" if self.recipe.seed == plain.seed else str(self.recipe.seed),
            "objective": "" if self.recipe.objective == plain.objective else self.recipe.objective,
            "count": "" if self.count == COUNTS[0] else _ALL if self.count == EVERY else str(self.count),
            "page": _joined({layer: page for layer, page in self.pages.items() if page > 1}),
            "sort": self.sort,
            "range": "" if self.pixel_range is PixelRange.AUTO else self.pixel_range.value,
            "tile": "" if self.tile is None else "-".join(map(str, self.tile)),
            "stopped": "1" if self.stopped else "",
            "lang": self.language,
            "help": "1" if self.help else "",
        }
        return {name: text for name, text in parts.items() if text}

    def fitted(self, spec: ModelSpec) -> View:
        """The same view of those layers that the model has and that can be shown; else of sensible ones.

        One of them is looked at: the one that was, else that of the open tile, else the one in the middle, which is
        deep enough to be interesting and early enough to be simple.
        """
        layers = tuple(index for index in self.layers if index < len(spec.layers) and spec.layers[index].visualisable)
        layers = layers or sensible_layers(spec)
        wanted = self.tile.layer if self.at is None and self.tile is not None else self.at
        return replace(self, layers=layers, at=wanted if wanted in layers else layers[len(layers) // 2])

    def change(self, **fields: Any) -> View:
        """The view after a visitor's choice.

        Another number of filters per page leads back to the first page. Where other work is behind the view now, no
        tile is open any more, and nothing is stopped yet.
        """
        if "count" in fields and fields["count"] != self.count:
            fields = {"pages": {}, **fields}
        changed = replace(self, **fields)
        return changed if changed.work == self.work else replace(changed, **{"tile": None, "stopped": False, **fields})

    @property
    def work(self) -> View:
        """The work behind the view: the same for two views that only show it differently."""
        return replace(self, sort=SORTS[0], tile=None, stopped=False, language="", help=False)

    @property
    def shown(self) -> tuple[int, ...]:
        """The layers of which a whole wall is shown, in a view that was :meth:`fitted` to a network."""
        return self.layers if self.overview or self.at is None else (self.at,)

    def glimpse(self, index: int, spec: ModelSpec) -> Request:
        """The request for a few tiles of one of the model's layers, which show what it is like."""
        layer = spec.layers[index]
        filters = tuple(range(min(GLIMPSE, layer.channels or 0)))
        return Request(layer.name, filters, self.recipe, self.pixel_range)

    def request(self, index: int, spec: ModelSpec) -> Request:
        """The request whose answer is the wall of one of the model's layers."""
        layer = spec.layers[index]
        return Request(layer.name, self.filters(index, layer), self.recipe, self.pixel_range)

    def other_request(self, index: int, layer: LayerSpec) -> Request:
        """The request for the wall beside that: the same recipe, in the other network's own pixel range.

        Args:
            index: The index of the visitor's layer.
            layer: The layer of the other network.
        """
        # Before training a network expects the same pixels as after it.
        pixel_range = self.pixel_range if self.other == UNTRAINED else PixelRange.AUTO
        return Request(layer.name, self.filters(index, layer), self.recipe, pixel_range)

    def filters(self, index: int, layer: LayerSpec) -> tuple[int, ...]:
        """The filters on the chosen page of a wall, or on its last page where there is no such page.

        Args:
            index: The index of the visitor's layer, for which the page of both sides is chosen.
            layer: The layer of the wall.

        Example:
            >>> View(pages={3: 2}).filters(3, LayerSpec("c", "Conv2D", channels=32))
            (25, 26, 27, 28, 29, 30, 31)
        """
        channels = layer.channels or 0
        if self.count == EVERY:
            return tuple(range(channels))
        page = min(self.pages.get(index, 1), self.pages_of(layer))
        return tuple(range((page - 1) * self.count, min(page * self.count, channels)))

    def pages_of(self, layer: LayerSpec) -> int:
        """How many pages a layer's filters take."""
        return 1 if self.count == EVERY else max(1, math.ceil((layer.channels or 0) / self.count))

    def counterpart(self, index: int, spec: ModelSpec, reference: ModelSpec) -> LayerSpec:
        """The other network's layer beside one of the model's: the chosen one, or the one with the closest field."""
        if self.other == UNTRAINED and index not in self.beside:
            return reference.layers[index]
        chosen = self.beside.get(index)
        if chosen is not None and chosen < len(reference.layers) and reference.layers[chosen].visualisable:
            return reference.layers[chosen]
        return match(spec.layers[index], reference, model=spec)


def _tile(text: str) -> OpenTile | None:
    """``3-0-17`` as a tile; ``None`` for anything else."""
    found = re.fullmatch(r"(\d{1,5})-([012])-(\d{1,6})", text, re.ASCII)
    return OpenTile(*map(int, found.groups())) if found else None


def _pairs(text: str) -> dict[int, int]:
    """``4-7.5-9`` as numbers."""
    return {int(one): int(other) for one, other in re.findall(r"(\d{1,5})-(\d{1,5})", text)}


def _joined(pairs: Mapping[int, int]) -> str:
    return ".".join(f"{one}-{other}" for one, other in pairs.items())


def _number(params: Params, name: str, least: int, most: int, default: int) -> int:
    text = params.get(name, "")
    return int(text) if re.fullmatch(r"\d{1,10}", text) and least <= int(text) <= most else default
