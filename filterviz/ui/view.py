"""What the page shows, as it stands in its address: settings only, never anything from a file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from filterviz.reference.matching import match
from filterviz.settings import Settings
from filterviz.spec import RECIPES, LayerSpec, ModelSpec, PixelRange, Recipe, Request, objectives
from filterviz.ui.text import convolutions

COUNTS = (25, 50, 100)
"""How many filters of a layer may be shown."""

SENSIBLE = 5
"""So many layers are chosen before anybody chooses."""

MOST_LAYERS = 12

LARGEST_SEED = 2**31 - 1

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """Everything that determines what the page shows.

    Attributes:
        token: of the uploaded file; empty where there is none.
        architecture: the network that a file of bare weights is opened as; empty for any other file.
        other: what stands beside it: VGG16 if empty, ``untrained`` for the same network before training, or the token
            of another file.
        layers: indices of the chosen layers in ``ModelSpec.layers``; empty until patterns were asked for.
        beside: for some of them, the index of the other network's layer that stands beside.
        recipe: how the pictures are made.
        count: filters of each layer.
        pixel_range: of the uploaded model; VGG16 has its own.
    """

    token: str = ""
    architecture: str = ""
    other: str = ""
    layers: tuple[int, ...] = ()
    beside: Mapping[int, int] = field(default_factory=dict)
    recipe: Recipe = RECIPES["natural"]
    count: int = COUNTS[0]
    pixel_range: PixelRange = PixelRange.AUTO

    @classmethod
    def from_query(cls, params: Params, settings: Settings) -> Self:
        """The view of an address; whatever does not fit is left at its default.

        Example:
            >>> view = View.from_query({"m": "ab", "layers": "0.4", "beside": "4-7", "size": "huge"}, Settings())
            >>> view.layers, view.beside, view.recipe.size
            ((0, 4), {4: 7}, 128)
        """
        recipe = RECIPES.get(params.get("recipe", ""), Recipe())
        recipe = replace(
            recipe,
            size=_number(params, "size", 1, settings.max_size, recipe.size),
            steps=_number(params, "steps", 1, settings.max_steps, recipe.steps),
            seed=_number(params, "seed", 0, LARGEST_SEED, recipe.seed),
            objective=params["objective"] if params.get("objective") in objectives(recipe.name) else recipe.objective,
        )
        count = _number(params, "count", 1, COUNTS[-1], COUNTS[0])
        given = params.get("range", "")
        return cls(
            token=params.get("m", "")[:64],
            architecture="".join(re.findall(r"^[a-z0-9.-]{1,40}$", params.get("as", ""))),
            other="".join(re.findall(r"^[a-z0-9]{1,64}$", params.get("with", ""))),
            layers=tuple(dict.fromkeys(int(text) for text in re.findall(r"\d{1,5}", params.get("layers", ""))))[
                :MOST_LAYERS
            ],
            beside={int(mine): int(its) for mine, its in re.findall(r"(\d{1,5})-(\d{1,5})", params.get("beside", ""))},
            recipe=recipe,
            count=count if count in COUNTS else COUNTS[0],
            pixel_range=PixelRange(given) if given in list(PixelRange) else PixelRange.AUTO,
        )

    def to_query(self) -> dict[str, str]:
        """The inverse of :meth:`from_query`; what is at its default is left out."""
        plain = RECIPES[self.recipe.name]
        parts = {
            "m": self.token,
            "as": self.architecture,
            "with": self.other,
            "layers": ".".join(map(str, self.layers)),
            "beside": ".".join(f"{mine}-{its}" for mine, its in self.beside.items() if mine in self.layers),
            "recipe": self.recipe.name if self.recipe.name != Recipe().name else "",
            "size": "" if self.recipe.size == plain.size else str(self.recipe.size),
            "steps": "" if self.recipe.steps == plain.steps else str(self.recipe.steps),
            "seed": "" if self.recipe.seed == plain.seed else str(self.recipe.seed),
            "objective": "" if self.recipe.objective == plain.objective else self.recipe.objective,
            "count": "" if self.count == COUNTS[0] else str(self.count),
            "range": "" if self.pixel_range is PixelRange.AUTO else self.pixel_range.value,
        }
        return {name: text for name, text in parts.items() if text}

    def fitted(self, spec: ModelSpec) -> View:
        """The same view without layers that the model does not have or that cannot be shown."""
        layers = tuple(index for index in self.layers if index < len(spec.layers) and spec.layers[index].visualisable)
        return replace(self, layers=layers)

    def request(self, layer: LayerSpec) -> Request:
        """The question whose answer is the wall of one of the model's layers."""
        return Request(layer.name, _first(layer, self.count), self.recipe, self.pixel_range)

    def other_request(self, layer: LayerSpec, *, twin: bool = False) -> Request:
        """The question whose answer is the other network's wall: the same recipe, in its own pixel range.

        Args:
            layer: of the other network.
            twin: whether that is the same network before training, whose pixel range is then the same too.
        """
        pixel_range = self.pixel_range if twin else PixelRange.AUTO
        return Request(layer.name, _first(layer, self.count), self.recipe, pixel_range)

    def counterpart(self, index: int, spec: ModelSpec, reference: ModelSpec) -> LayerSpec:
        """The other network's layer beside one of the model's: the one chosen, else the one that sees as much."""
        if self.other == "untrained" and index not in self.beside:
            return reference.layers[index]
        chosen = self.beside.get(index)
        if chosen is not None and chosen < len(reference.layers) and reference.layers[chosen].visualisable:
            return reference.layers[chosen]
        return match(spec.layers[index], reference, model=spec)


def sensible_layers(spec: ModelSpec) -> tuple[int, ...]:
    """About five layers spread over the depth, the first and the last among them; convolutions where there are any.

    Returns:
        Indices into ``spec.layers``.
    """
    places = layer_choices(spec)
    if len(places) <= SENSIBLE:
        return tuple(places)
    step = (len(places) - 1) / (SENSIBLE - 1)
    return tuple(places[math.floor(number * step + 0.5)] for number in range(SENSIBLE))


def layer_choices(spec: ModelSpec, *, every: bool = False) -> Sequence[int]:
    """Indices of the layers to choose from: the convolutions, or every layer that can be shown."""
    wanted = spec.visualisable if every else convolutions(spec) or spec.visualisable
    names = {layer.name for layer in wanted}
    return [index for index, layer in enumerate(spec.layers) if layer.name in names]


def _first(layer: LayerSpec, count: int) -> tuple[int, ...]:
    return tuple(range(min(count, layer.channels or 0)))


def _number(params: Params, name: str, least: int, most: int, default: int) -> int:
    text = params.get(name, "")
    return int(text) if re.fullmatch(r"\d{1,10}", text) and least <= int(text) <= most else default
