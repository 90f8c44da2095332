"""The functions that ``import filterviz`` offers: open a model, make patterns, save them.

They share one :class:`~filterviz.service.workspace.Workspace`, begun at the first call and ended with the program.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from filterviz.export import run_folder
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import Pattern, PixelRange, Precision, Recipe, Request


@cache
def _studio() -> Workspace:
    workspace = Workspace(Settings.from_environment())
    atexit.register(workspace.close)
    return workspace


def open_model(path: str | Path, architecture: str | None = None) -> Model:
    """Open a Keras file (``.h5``, ``.hdf5``, ``.keras``, under any name).

    Args:
        path: of the file.
        architecture: the network of ``keras.applications`` to open a file of bare weights as, such as ``resnet50`` or
            ``mobilenetv2-0.35``. The refusal of such a file names it.

    Returns:
        The model; ``model.spec.visualisable`` are the layers patterns can be made for.

    Raises:
        Refused: the file cannot be opened; says why and what to do.
        BadRequest: there is no such file.
    """
    return _studio().open(Path(path), architecture=architecture)


def open_vgg16() -> Model:
    """VGG16 with its ImageNet weights: from ``FILTERVIZ_VGG16_WEIGHTS``, Keras's cache, or downloaded (59 MB).

    Raises:
        WeightsUnavailable: they are not here and could not be downloaded.
    """
    return _studio().reference()


def open_untrained(model: Model, seed: int = 0) -> Model:
    """The same network as it was before any training, to compare it with: its file, with fresh weights.

    They are drawn by the initialisers the file names where they are Keras's own, and else by Keras's defaults.

    Args:
        model: from :func:`open_model` or :func:`open_vgg16`.
        seed: of the weights.

    Raises:
        WeightsUnavailable: the file is not here.
    """
    return _studio().untrained_copy(model, seed)


def generate(
    model: Model,
    layer: str,
    filters: Iterable[int] | None = None,
    recipe: Recipe | None = None,
    *,
    pixel_range: PixelRange = PixelRange.AUTO,
    precision: Precision = Precision.AUTO,
) -> list[Pattern]:
    """Make the pattern that excites each filter most.

    Args:
        model: from :func:`open_model` or :func:`open_vgg16`.
        layer: the name of a visualisable layer.
        filters: indices of its channels; the first 25 by default.
        recipe: how; the default recipe by default.
        pixel_range: what the model was trained on; guessed by default.
        precision: of the computation; chosen for the machine by default.

    Returns:
        One pattern for each filter, in order. Finished ones are kept on disk and come back at once the next time.

    Raises:
        BadRequest: the layer, a filter or the recipe does not fit; says what does.
        EngineFailed: the computation broke.
    """
    if filters is None:
        found = next((item for item in model.spec.visualisable if item.name == layer), None)
        filters = (0,) if found is None else found.first_filters()
    request = Request(layer, tuple(filters), recipe or Recipe(), pixel_range, precision)
    state = _studio().start(model, [request]).wait()
    if state.error is not None:
        raise state.error
    patterns = state.layers[0].patterns
    return [patterns[index] for index in request.filters]


def save_wall(patterns: Sequence[Pattern], path: str | Path) -> None:
    """Save patterns as one picture, laid out as the original script did: 5 x 5, filters running down the columns.

    Args:
        patterns: in the order they are wanted.
        path: of the PNG file.
    """
    Path(path).write_bytes(run_folder.wall_png([pattern.tile for pattern in patterns]))
