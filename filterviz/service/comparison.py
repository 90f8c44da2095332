"""Two networks side by side: which layers are paired, and the walls of both, made under the same conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from filterviz.analysis.layer_matching import convolutions, match, relative_depth
from filterviz.errors import BadRequest
from filterviz.export import document, run_folder
from filterviz.service.job_state import LayerState
from filterviz.service.model import Model
from filterviz.spec import Json, LayerSpec, PixelRange, Recipe, Request


@dataclass(frozen=True, slots=True)
class Pair:
    """Two corresponding layers.

    Attributes:
        mine: The layer of the first network.
        its: The layer of the other network.
        depths: The relative depth of each among the convolutions of its network, 0 to 1.
    """

    mine: LayerSpec
    its: LayerSpec
    depths: tuple[float, float]

    def to_json(self) -> dict[str, Json]:
        """The pair and its numbers, for ``compare.json``."""
        return {
            "layers": [self.mine.name, self.its.name],
            "receptive_fields": [self.mine.receptive_field, self.its.receptive_field],
            "gated": [self.mine.gated, self.its.gated],
            "depths": [round(depth, 3) for depth in self.depths],
        }


def pair(one: Model, other: Model, names: Sequence[str] = ()) -> list[Pair]:
    """Pair the layers of two networks.

    In a network and its untrained copy each layer is paired with itself. Otherwise the receptive field decides, and
    then the depth (:mod:`~filterviz.analysis.layer_matching`).

    Args:
        one: The network whose layers are wanted.
        other: The network in which their counterparts are looked for.
        names: ``layer`` or ``layer=counterpart``; all convolutions by default.

    Raises:
        BadRequest: A layer does not exist or cannot be shown, or has no counterpart.
    """
    wanted = list(names) or [layer.name for layer in convolutions(one.spec)]
    pairs = []
    for name in wanted:
        mine_name, _, its_name = name.partition("=")
        mine = _visualisable(one, mine_name)
        if its_name:
            its = _visualisable(other, its_name)
        elif one.sha256 == other.sha256:
            its = _visualisable(other, mine_name)
        else:
            try:
                its = match(mine, other.spec, model=one.spec)
            except ValueError as error:
                raise BadRequest(str(error)) from None
        pairs.append(Pair(mine, its, (relative_depth(mine, one.spec), relative_depth(its, other.spec))))
    return pairs


def _visualisable(model: Model, name: str) -> LayerSpec:
    for layer in model.spec.visualisable:
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in model.spec.visualisable)
    raise BadRequest(f"{model.name} has no layer {name!r} that can be shown. Its layers are: {names}.")


def requests(
    pairs: Sequence[Pair], recipe: Recipe, count: int, pixel_range: PixelRange, *, same: bool
) -> tuple[list[Request], list[Request]]:
    """The requests for the walls of both networks, in the order of the pairs.

    Args:
        pairs: The pairs of layers.
        recipe: How the patterns are made on both sides.
        count: How many filters of each layer are shown, at most.
        pixel_range: The pixel range of the first network; the other has its own.
        same: Whether both are the same network, so that this pixel range holds for both.
    """
    both = []
    for side, own in (("mine", pixel_range), ("its", pixel_range if same else PixelRange.AUTO)):
        layers: list[LayerSpec] = [getattr(item, side) for item in pairs]
        both.append(
            [Request(layer.name, tuple(range(min(count, layer.channels or 1))), recipe, own) for layer in layers]
        )
    return both[0], both[1]


def differing(mine: LayerState, its: LayerState, say: Callable[[str], str] = str) -> list[str]:
    """The conditions in which two walls differ; a network's own pixel range does not count as a difference.

    Args:
        mine: The wall of the first network.
        its: The wall of the other network.
        say: Translates a phrase.

    Returns:
        One phrase for each difference; none where both sides were made under the same conditions, or are not made yet.
    """
    found: list[str] = []
    one, two = (next(iter(state.patterns.values()), None) for state in (mine, its))
    if one is None or two is None:
        return found
    if one.tile.shape[:2] != two.tile.shape[:2]:
        found.append(say("tiles of {one} px and {other} px").format(one=one.tile.shape[1], other=two.tile.shape[1]))
    if one.precision is not two.precision:
        found.append(say("computed in {one} and {other}").format(one=one.precision.value, other=two.precision.value))
    for name in ("name", "steps", "seed", "objective", "pictures"):
        first, second = (getattr(state.request.recipe, name) for state in (mine, its))
        if first != second:
            found.append(f"{name} {first} and {second}")
    return found


def report_data(
    models: tuple[Model, Model], pairs: Sequence[Pair], walls: tuple[Sequence[LayerState], ...]
) -> document.ReportData:
    """A comparison as the content of an export.

    Args:
        models: The first and the second network.
        pairs: Pairs of layers from :func:`pair`.
        walls: The walls of the first and of the second network, in the order of the pairs.
    """
    rows = []
    for item, mine, its in zip(pairs, *walls, strict=True):
        left, right = (
            document.Wall(model.name, layer, state.request, state.patterns, model.spec.labels(layer.name))
            for model, layer, state in zip(models, (item.mine, item.its), (mine, its), strict=True)
        )
        differs = differing(mine, its)
        remark = f"Not the same on both sides: {', '.join(differs)}." if differs else "Made under the same conditions."
        rows.append(document.Row(left, right, [remark], differs))
    described = [model.describe() for model in models]
    return document.ReportData(rows, described, run_folder.versions(), document.licences(described))
