"""What can be taken away: the wall as a picture, the tiles with their numbers, in a folder or a ZIP."""

from __future__ import annotations

import io
import json
import platform
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz._version import ENGINE_VERSION, __version__
from filterviz.errors import BadRequest
from filterviz.export.filenames import slugs
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Json, Pattern, Request, WallOrder

Results = Sequence[tuple[Request, Mapping[int, Pattern]]]
"""What was asked, with the finished patterns by filter; some may be missing where a run was stopped."""

_LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "pyfive")


def wall_png(tiles: Sequence[NDArray[np.uint8] | None], order: WallOrder = WallOrder.COLUMNS) -> bytes:
    """The wall of :func:`filterviz.imaging.contact_sheet.wall` as PNG."""
    return png.encode(contact_sheet.wall(tiles, order=order))


def wall_of(request: Request, patterns: Mapping[int, Pattern]) -> bytes | None:
    """The wall of one layer as PNG, unfinished tiles left black; ``None`` where none is finished."""
    tiles = [patterns[channel].tile if channel in patterns else None for channel in request.filters]
    return None if all(tile is None for tile in tiles) else wall_png(tiles, request.recipe.spec.wall_order)


def wall_name(layer: str) -> str:
    """The file name of a layer's wall, as the script gave it.

    Example:
        >>> wall_name("block1_conv1")
        'block1_conv1_pattern.png'
    """
    return f"{slugs([layer])[layer]}_pattern.png"


def run_document(model: Mapping[str, Json], results: Results) -> dict[str, Json]:
    """The ``run.json`` of a run: what was asked of which model, with which versions, and each tile's numbers.

    Args:
        model: from ``Model.describe()``.
        results: of one recipe.
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
    """The versions that determine a picture, without importing anything heavy."""
    found = {"filterviz": __version__, "engine": str(ENGINE_VERSION), "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library.removesuffix("-cpu")] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def prepare(directory: Path) -> None:
    """Make sure that a folder can be written to, before anything is computed for it.

    Raises:
        BadRequest: it cannot; the sentence says why.
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
        directory: made if need be; files of the same names are replaced.
        model: from ``Model.describe()``.
        results: of one recipe.

    Returns:
        The ``run.json``.

    Raises:
        BadRequest: the folder cannot be written to.
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


def run_zip(model: Mapping[str, Json], results: Results) -> bytes:
    """The same files as :func:`write_run` writes, as a ZIP."""
    stream = io.BytesIO()
    # PNG does not get smaller by compressing it again.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in _files(run_document(model, results), results):
            archive.writestr(name, data)
    return stream.getvalue()


def _files(document: Mapping[str, Json], results: Results) -> Iterator[tuple[str, bytes]]:
    """Names, relative and safe, and contents of all files of a run; ``run.json`` last, when all it names is there."""
    walls = {wall["layer"]: wall["file"] for wall in document["walls"]}
    for request, patterns in results:
        picture = wall_of(request, patterns)
        if picture is not None:
            yield walls[request.layer], picture
    by_name = {(request.layer, channel): pattern for request, found in results for channel, pattern in found.items()}
    for tile in document["tiles"]:
        yield tile["file"], png.encode(by_name[tile["layer"], tile["filter"]].tile)
    yield "run.json", json.dumps(document, ensure_ascii=True, indent=1).encode()


def _tile_name(folder: str, channel: int) -> str:
    return f"{folder}/f{channel:03d}.png"


def _unwritable(directory: Path, error: OSError) -> BadRequest:
    message = f"The folder {str(directory)!r} cannot be written to: {error.strerror or error}. Choose another."
    return BadRequest(message)
