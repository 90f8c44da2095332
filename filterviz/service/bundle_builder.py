"""Makes the patterns that come with the program, and checks that they are what the program makes.

``python -m filterviz atlas build`` makes all of them. It may take hours, and continues where it was if it is stopped,
because every tile is first kept in the store. ``python -m filterviz atlas check`` makes some again and compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile

import numpy as np
from numpy.typing import NDArray

from filterviz.analysis.layer_matching import convolutions
from filterviz.errors import BadRequest
from filterviz.service.job_state import JobState
from filterviz.service.model import EXAMPLES, VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.spec import RECIPES, Flag, Json, Pattern, Recipe, Request
from filterviz.storage import bundled
from filterviz.storage.bundled import FILE_ENDINGS, BundledModel
from filterviz.storage.vgg16 import vgg16_licence

WHOLE_BLOCKS = ("block1", "block2", "block3")
"""The blocks of VGG16 of which every filter is shown. Of the deeper ones the first ``DEEP`` are shown."""

DEEP = 128
"""Filters of each layer in the deeper blocks."""

STAGES = ("epoch-000", "epoch-001", "epoch-005", "epoch-020")
"""The stages of a training that are shown, besides its end, where they were kept."""

CLASSIC_FILTERS, STAGE_FILTERS = 25, 25
"""Filters of a wall made by the classic recipe, and of a wall of a stage of the training."""

WITHIN = 1.3
"""The largest factor by which a newly made tile may excite its filter more or less than the bundled one.

Pixels cannot be compared between machines: the order in which numbers are added decides the last digit of a sum, and
that leads the steps to another instance of the same pattern. On one machine the pixels agree apart from WebP's noise,
with a correlation of 0.98."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A network and the patterns of it that come with the program.

    Attributes:
        slug: The name of its folder.
        model: The network.
        requests: The requests for its patterns.
        licence: See :class:`~filterviz.storage.bundled.BundledModel`.
        facts: See :class:`~filterviz.storage.bundled.BundledModel`.
        file: A model file that comes with the program too.
    """

    slug: str
    model: Model
    requests: Sequence[Request]
    licence: str = ""
    facts: dict[str, Json] = field(default_factory=dict)
    file: Path | None = None


def plans(workspace: Workspace, training: Path | None, only: str | None = None) -> Iterator[Plan]:
    """The networks that come with the program.

    Args:
        workspace: Opens the models.
        training: The folder that a script in ``examples/`` wrote. Without it only VGG16's patterns are made.
        only: The name of the one network to make patterns of; by default that of the training and VGG16.

    Raises:
        Refused: A file cannot be opened.
        BadRequest: There is no training, or the folder holds none of this network.
    """
    if only not in (None, VGG16) and training is None:
        raise BadRequest(f"The network {only} is made from a training: run a script of the folder examples first.")
    if training is not None and only != VGG16:
        yield from _example(workspace, training, EXAMPLES if only is None else [only])
    if only not in (None, VGG16):
        return
    path = workspace.file_of(workspace.reference())
    yield Plan(VGG16, workspace.open(path, name="VGG16", architecture=VGG16), tuple(_vgg16_requests()), vgg16_licence())


def _vgg16_requests() -> Iterator[Request]:
    blocks = ((1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512))
    for block, count, filters in blocks:
        for number in range(1, count + 1):
            shown = filters if f"block{block}" in WHOLE_BLOCKS else DEEP
            yield Request(f"block{block}_conv{number}", tuple(range(shown)))
    for block, _, _ in blocks:
        yield Request(f"block{block}_conv1", tuple(range(CLASSIC_FILTERS)), RECIPES["classic"])


def _example(workspace: Workspace, training: Path, slugs: Iterable[str]) -> Iterator[Plan]:
    """A network that comes with the program, and the stages of its training where there are any."""
    files = (training / f"{slug}{ending}" for slug in slugs for ending in FILE_ENDINGS)
    end = next((file for file in files if file.is_file()), None)
    try:
        facts = json.loads((training / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = None
    if end is None or facts is None:
        raise BadRequest(f"There is no training in {str(training)!r}: run a script of the folder examples first.")
    slug, name = end.stem, EXAMPLES[end.stem]
    model = workspace.open(end, name=name)
    layers = convolutions(model.spec)
    shown = [*layers, model.spec.visualisable[-1]]
    yield Plan(slug, model, [Request(layer.name, tuple(range(layer.channels or 0))) for layer in shown], "", facts, end)
    for stage in STAGES:
        path = training / f"{stage}.h5"
        if path.is_file():
            epoch = int(stage.removeprefix("epoch-"))
            stage_facts = {"epoch": epoch, **({} if epoch == 0 else facts["epochs"][epoch - 1])}
            opened = workspace.open(path, name=f"{name}, epoch {epoch}")
            first = [Request(layer.name, tuple(range(STAGE_FILTERS))) for layer in layers]
            yield Plan(f"{slug}-{stage}", opened, first, facts=stage_facts)


def build(plan: Plan, folder: Path, follow: Callable[[Model, Sequence[Request]], JobState]) -> None:
    """Make the patterns of one network and write them.

    Args:
        plan: The network and its requests.
        folder: The folder that holds the folders of all networks.
        follow: Has the requests computed and returns when that has ended.

    Raises:
        FiltervizError: Not all patterns were made.
    """
    state = follow(plan.model, plan.requests)
    if state.error is not None:
        raise state.error
    if state.done < state.total:
        raise BadRequest(f"Stopped; {state.done} of {state.total} tiles are kept. The same command goes on from there.")
    sheets = [(layer.request, [layer.patterns[index] for index in layer.request.filters]) for layer in state.layers]
    bundled.write(
        folder / plan.slug,
        name=plan.model.name,
        sha256=plan.model.sha256,
        architecture=plan.model.architecture,
        spec=plan.model.spec,
        sheets=sheets,
        licence=plan.licence,
        facts=plan.facts,
    )
    if plan.file is not None:
        copyfile(plan.file, folder / plan.slug / plan.file.name)


@dataclass(frozen=True, slots=True)
class TileCheck:
    """A bundled tile compared with the same tile made again.

    Attributes:
        sheet: The layer and the recipe, as text.
        filter: The filter.
        correlation: The correlation of the pixels, -1 to 1.
        response: The new response divided by the bundled one.
    """

    sheet: str
    filter: int
    correlation: float
    response: float

    @property
    def passes(self) -> bool:
        """Whether both excite the filter about equally, or neither excites it."""
        return self.response == 1 or 1 / WITHIN < self.response < WITHIN


def compare(
    model: BundledModel, make: Callable[[Request], Sequence[Pattern]], per_sheet: int, seed: int = 0
) -> Iterator[TileCheck]:
    """Make some tiles of every sheet of a network again, and compare them with the bundled ones.

    Args:
        model: The bundled network.
        make: Computes the patterns of a request, without looking for kept ones.
        per_sheet: How many tiles of each sheet are compared.
        seed: Decides which tiles.
    """
    random = np.random.default_rng(seed)
    for sheet in model.sheets:
        count = sheet.last - sheet.first + 1
        chosen = sorted(random.choice(count, min(per_sheet, count), replace=False) + sheet.first)
        request = Request(sheet.layer, tuple(int(channel) for channel in chosen), sheet.recipe)
        for pattern in make(request):
            kept = model.find(request, pattern.filter)
            assert kept is not None
            yield TileCheck(
                f"{sheet.layer}, {_described(sheet.recipe)}",
                pattern.filter,
                correlation(kept.tile, pattern.tile),
                _share(pattern, kept),
            )


def _share(pattern: Pattern, kept: Pattern) -> float:
    """The response to one pattern divided by that to the other; 1 if both are silent."""
    if Flag.SILENT in pattern.flags and Flag.SILENT in kept.flags:
        return 1.0
    return pattern.response_end / kept.response_end if kept.response_end > 0 else float("inf")


def _described(recipe: Recipe) -> str:
    return f"{recipe.name} {recipe.size} px, {recipe.steps} steps"


def correlation(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """The correlation of the pixels of two tiles; 1 if neither has any contrast."""
    first, second = (tile.astype(np.float64) - tile.mean() for tile in np.broadcast_arrays(one, two))
    scale = np.sqrt(np.square(first).sum() * np.square(second).sum())
    return float((first * second).sum() / scale) if scale else 1.0
