"""Making the pictures that come with the program, and checking that they are what the program makes.

``python -m filterviz atlas build`` makes them all; it may take hours, and goes on where it was if it is stopped, since
every tile is kept in the store first. ``python -m filterviz atlas check`` makes some of them anew and compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest
from filterviz.service.job_state import JobState
from filterviz.service.model import DEMO, VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.spec import RECIPES, Flag, Json, Pattern, Recipe, Request
from filterviz.storage import bundled
from filterviz.storage.bundled import BundledModel
from filterviz.storage.vgg16 import vgg16_licence

WHOLE_BLOCKS = ("block1", "block2", "block3")
"""Of these blocks of VGG16 every filter is shown, of the deeper ones the first ``DEEP``."""

DEEP = 128

STAGES = ("epoch-000", "epoch-001", "epoch-005", "epoch-020")
"""The stages of the demo network's training, beside its end, that are shown."""

CLASSIC_FILTERS, STAGE_FILTERS = 25, 25

WITHIN = 1.3
"""How many times stronger or weaker a tile made anew may excite its filter than the shipped one.

Pixels are no measure from machine to machine: the last digit of a sum, which the order of adding decides, leads the
steps to another instance of the same pattern. On one machine they agree but for WebP's noise: a correlation of 0.98."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One network and what is to be shown of it.

    Attributes:
        slug: of its folder.
        model: opened.
        requests: whose patterns are wanted.
        licence: see :class:`~filterviz.storage.bundled.BundledModel`.
        facts: likewise.
        file: to be shipped as well.
    """

    slug: str
    model: Model
    requests: Sequence[Request]
    licence: str = ""
    facts: dict[str, Json] = field(default_factory=dict)
    file: Path | None = None


def plans(workspace: Workspace, training: Path | None) -> Iterator[Plan]:
    """What is to come with the program.

    Args:
        workspace: Opens the models.
        training: the folder that ``benchmarks/train_demo.py`` wrote; without it only VGG16's pictures are made.

    Raises:
        Refused: a file cannot be opened.
        BadRequest: the folder holds no training.
    """
    if training is not None:
        yield from _demo(workspace, training)
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


def _demo(workspace: Workspace, training: Path) -> Iterator[Plan]:
    try:
        facts = json.loads((training / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        message = f"There is no training in {str(training)!r}: run benchmarks/train_demo.py first."
        raise BadRequest(message) from None
    end = training / f"{DEMO}.h5"
    model = workspace.open(end, name="cats & dogs")
    convolutions = [layer for layer in model.spec.visualisable if layer.kind == "Conv2D"]
    requests = [Request(layer.name, tuple(range(layer.channels or 0))) for layer in convolutions]
    output = model.spec.visualisable[-1]
    requests.append(Request(output.name, (0,)))
    yield Plan(DEMO, model, requests, facts=facts, file=end)
    for stage in STAGES:
        epoch = int(stage.removeprefix("epoch-"))
        stage_facts = {"epoch": epoch, **({} if epoch == 0 else facts["epochs"][epoch - 1])}
        opened = workspace.open(training / f"{stage}.h5", name=f"cats & dogs, epoch {epoch}")
        first = [Request(layer.name, tuple(range(STAGE_FILTERS))) for layer in convolutions]
        yield Plan(f"{DEMO}-{stage}", opened, first, facts=stage_facts)


def build(plan: Plan, folder: Path, follow: Callable[[Model, Sequence[Request]], JobState]) -> None:
    """Make the pictures of one network and write them.

    Args:
        plan: the network.
        folder: where all networks' folders are.
        follow: has the requests worked on and returns when that has ended.

    Raises:
        FiltervizError: not all pictures were made.
    """
    state = follow(plan.model, plan.requests)
    if state.error is not None:
        raise state.error
    if state.done < state.total:
        message = f"Stopped; {state.done} of {state.total} tiles are kept. The same command goes on from there."
        raise BadRequest(message)
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
        copyfile(plan.file, folder / plan.slug / f"{plan.slug}.h5")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A tile that comes with the program beside the same tile made anew.

    Attributes:
        sheet: its layer and recipe, as text.
        filter: its filter.
        alike: correlation of the pixels, -1 to 1.
        response: the new response as a share of the shipped one.
    """

    sheet: str
    filter: int
    alike: float
    response: float

    @property
    def holds(self) -> bool:
        """Whether both excite the filter about equally, or neither does."""
        return self.response == 1 or 1 / WITHIN < self.response < WITHIN


def compare(
    model: BundledModel, make: Callable[[Request], Sequence[Pattern]], per_sheet: int, seed: int = 0
) -> Iterator[Comparison]:
    """Make some tiles of every sheet of a network anew, and compare.

    Args:
        model: the network.
        make: makes the patterns of a request, without taking them from anywhere.
        per_sheet: how many of each sheet.
        seed: decides which.
    """
    random = np.random.default_rng(seed)
    for sheet in model.sheets:
        count = sheet.last - sheet.first + 1
        chosen = sorted(random.choice(count, min(per_sheet, count), replace=False) + sheet.first)
        request = Request(sheet.layer, tuple(int(channel) for channel in chosen), sheet.recipe)
        for pattern in make(request):
            kept = model.find(request, pattern.filter)
            assert kept is not None
            yield Comparison(
                f"{sheet.layer}, {_described(sheet.recipe)}",
                pattern.filter,
                alike(kept.tile, pattern.tile),
                _share(pattern, kept),
            )


def _share(pattern: Pattern, kept: Pattern) -> float:
    """The response of one as a share of the other's; 1 where both are silent."""
    if Flag.SILENT in pattern.flags and Flag.SILENT in kept.flags:
        return 1.0
    return pattern.response_end / kept.response_end if kept.response_end > 0 else float("inf")


def _described(recipe: Recipe) -> str:
    return f"{recipe.name} {recipe.size} px, {recipe.steps} steps"


def alike(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """The correlation of two tiles' pixels; 1 where neither has any contrast."""
    first, second = (tile.astype(np.float64) - tile.mean() for tile in np.broadcast_arrays(one, two))
    scale = np.sqrt(np.square(first).sum() * np.square(second).sum())
    return float((first * second).sum() / scale) if scale else 1.0
