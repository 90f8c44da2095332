"""The files of a run: walls and tiles as PNG, and all numbers as ``run.json``, in a folder or a ZIP archive."""

from __future__ import annotations

import io
import json
import platform
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz._version import ENGINE_VERSION, __version__
from filterviz.errors import BadRequest
from filterviz.export.document import ReportData, Wall
from filterviz.export.filenames import slugs
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Json, Pattern, Request, WallOrder

Results = Sequence[tuple[Request, Mapping[int, Pattern]]]
"""Requests with their finished patterns by filter. Some may be missing if the run was stopped."""

_LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "pyfive")


def wall_png(tiles: Sequence[NDArray[np.uint8] | None], order: WallOrder = WallOrder.COLUMNS) -> bytes:
    """The wall of :func:`filterviz.imaging.contact_sheet.wall` as PNG."""
    return png.encode(contact_sheet.wall(tiles, order=order))


def wall_of(request: Request, patterns: Mapping[int, Pattern]) -> bytes | None:
    """The wall of one layer as PNG, unfinished tiles left black; ``None`` where none is finished."""
    tiles = tiles_of(request, patterns)
    return None if all(tile is None for tile in tiles) else wall_png(tiles, request.recipe.spec.wall_order)


def tiles_of(request: Request, patterns: Mapping[int, Pattern]) -> list[NDArray[np.uint8] | None]:
    """The tile of each filter of a wall, in the order asked for; ``None`` for one that is not finished."""
    return [patterns[channel].tile if channel in patterns else None for channel in request.filters]


def wall_name(layer: str) -> str:
    """The file name of a layer's wall, as in the original script.

    Example:
        >>> wall_name("block1_conv1")
        'block1_conv1_pattern.png'
    """
    return f"{slugs([layer])[layer]}_pattern.png"


def run_document(model: Mapping[str, Json], results: Results) -> dict[str, Json]:
    """The content of ``run.json``: the model, the recipe, the versions, and the numbers of each tile.

    Args:
        model: The network as ``Model.describe()`` gives it.
        results: Results of one recipe.
    """
    folders = slugs(request.layer for request, _ in results)
    finished = [pattern for _, patterns in results for pattern in patterns.values()]
    precisions = sorted({pattern.precision.value for pattern in finished})
    return {
        "model": dict(model),
        "recipe": results[0][0].recipe.to_json() if results else {},
        "versions": versions(),
        "precision": precisions[0] if len(precisions) == 1 else precisions or None,
        "walls": [
            {"layer": request.layer, "file": f"{folders[request.layer]}_pattern.png"}
            for request, patterns in results
            if patterns
        ],
        "tiles": [
            {
                **patterns[channel].numbers(),
                "layer": request.layer,
                "filter": channel,
                "file": _tile_name(folders[request.layer], channel),
            }
            for request, patterns in results
            for channel in request.filters
            if channel in patterns
        ],
    }


@cache
def versions() -> dict[str, str]:
    """The versions of the software that determines a pattern, found without importing it."""
    found = {"filterviz": __version__, "engine": str(ENGINE_VERSION), "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library.removesuffix("-cpu")] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def prepare(directory: Path) -> None:
    """Make a folder and check that it can be written to, before anything is computed for it.

    Raises:
        BadRequest: It cannot be written to. The message says why.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise _unwritable(directory, error) from None


def write_run(directory: Path, model: Mapping[str, Json], results: Results) -> dict[str, Json]:
    """Write walls, tiles and ``run.json`` into a folder.

    Args:
        directory: Folder to write to, which is made if need be. Files of the same names are replaced.
        model: The network as ``Model.describe()`` gives it.
        results: Results of one recipe.

    Returns:
        The content of ``run.json``.

    Raises:
        BadRequest: The folder cannot be written to.
    """
    document = run_document(model, results)
    try:
        for name, data in _files(document, results):
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise _unwritable(directory, error) from None
    return document


def results_of(walls: Iterable[Wall]) -> Results:
    """The requests and patterns of walls."""
    return [(wall.request, wall.patterns) for wall in walls]


def tiles_zip(data: ReportData) -> bytes:
    """The run of the network that an export is about, as a ZIP archive."""
    walls = {row.mine.request: row.mine for row in data.rows}
    return run_zip(data.models[0], results_of(walls.values()))


def run_zip(model: Mapping[str, Json], results: Results) -> bytes:
    """The files that :func:`write_run` writes, as a ZIP archive."""
    stream = io.BytesIO()
    # PNG files are compressed already.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in _files(run_document(model, results), results):
            archive.writestr(name, data)
    return stream.getvalue()


def _files(document: Mapping[str, Json], results: Results) -> Iterator[tuple[str, bytes]]:
    """Relative, safe names and contents of all files of a run; ``run.json`` comes last, after the files it names."""
    walls = {wall["layer"]: wall["file"] for wall in document["walls"]}
    for request, patterns in results:
        image = wall_of(request, patterns)
        if image is not None:
            yield walls[request.layer], image
    by_name = {(request.layer, channel): pattern for request, found in results for channel, pattern in found.items()}
    for tile in document["tiles"]:
        yield tile["file"], png.encode(by_name[tile["layer"], tile["filter"]].tile)
    yield "run.json", json.dumps(document, ensure_ascii=True, indent=1).encode()


def _tile_name(folder: str, channel: int) -> str:
    return f"{folder}/f{channel:03d}.png"


def _unwritable(directory: Path, error: OSError) -> BadRequest:
    message = f"The folder {str(directory)!r} cannot be written to: {error.strerror or error}. Choose another."
    return BadRequest(message)
