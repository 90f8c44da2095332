"""The functions that ``import filterviz`` offers: open a model, make patterns, save them.

They share one :class:`~filterviz.service.workspace.Workspace`. The first call opens it, and it closes when the program
ends.
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
def _workspace() -> Workspace:
    workspace = Workspace(Settings.from_environment())
    atexit.register(workspace.close)
    return workspace


def open_model(path: str | Path, architecture: str | None = None) -> Model:
    """Open a Keras file: HDF5, ``.keras``, or a ``.zip`` with one of them in it. The ending does not matter.

    Args:
        path: Path of the file.
        architecture: For a file of bare weights, the network of ``keras.applications`` to open it as, such as
            ``resnet50`` or ``mobilenetv2-0.35``. The refusal of such a file names the network.

    Returns:
        The model. ``model.spec.visualisable`` lists the layers for which patterns can be made.

    Raises:
        Refused: The file cannot be opened; the sentence says why and what to do.
        BadRequest: There is no such file.
    """
    return _workspace().open(Path(path), architecture=architecture)


def open_vgg16() -> Model:
    """Open VGG16 with its ImageNet weights.

    They are taken from the file ``FILTERVIZ_VGG16_WEIGHTS``, from Keras's cache, or else downloaded (59 MB).

    Raises:
        WeightsUnavailable: The weights are not on this machine and cannot be downloaded.
    """
    return _workspace().reference()


def open_untrained(model: Model, seed: int = 0) -> Model:
    """Open the same network as it was before any training, with new random weights, to compare the two.

    The weights are drawn from ``seed`` by the initialisers that the file names if those are Keras's own, else by
    Keras's defaults. The model is one from :func:`open_model` or :func:`open_vgg16`.

    Raises:
        WeightsUnavailable: The weights of VGG16 are not on this machine.
    """
    return _workspace().untrained_copy(model, seed)


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
        model: A model from :func:`open_model`, :func:`open_vgg16` or :func:`open_untrained`.
        layer: Name of one of ``model.spec.visualisable``.
        filters: Indices of the filters, from 0; the first 25 by default.
        recipe: How the patterns are made; ``Recipe()`` by default.
        pixel_range: The pixel values that the model was trained on; guessed from the file by default.
        precision: Number format of the computation; chosen for the machine by default.

    Returns:
        One pattern for each filter, in the order of ``filters``. Finished patterns are kept on disk, so that the same
        request is answered at once the next time.

    Raises:
        BadRequest: The layer, a filter or the recipe does not fit; the sentence says what does.
        EngineFailed: The computation failed.
    """
    if filters is None:
        found = next((item for item in model.spec.visualisable if item.name == layer), None)
        filters = (0,) if found is None else found.first_filters()
    request = Request(layer, tuple(filters), recipe or Recipe(), pixel_range, precision)
    state = _workspace().start(model, [request]).wait()
    if state.error is not None:
        raise state.error
    patterns = state.layers[0].patterns
    return [patterns[index] for index in request.filters]


def save_wall(patterns: Sequence[Pattern], path: str | Path) -> None:
    """Save patterns, in the order of their filters, as one PNG image.

    It has rows and columns and is filled column by column, as the original script did.
    """
    Path(path).write_bytes(run_folder.wall_png([pattern.tile for pattern in patterns]))
