"""The folder of a comparison: an image for each pair of walls, all tiles, ``report.html`` and ``compare.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.export import html_report, run_folder
from filterviz.export.document import ReportData, Row, Wall
from filterviz.export.filenames import slug
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Json

GAP = 24
"""Black pixels between the two walls of a pair."""

SIDES = ("one", "other")
"""The folders of the two networks, which are also their names in ``compare.json``."""


def write(folder: Path, data: ReportData, pairs: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Write a comparison.

    Args:
        folder: Folder to write to, which is made if need be. Files of the same names are replaced.
        data: Two networks, and a row with two walls for each pair of layers.
        pairs: What ``compare.json`` says about each pair, besides its image and its differences.

    Returns:
        The content of ``compare.json``.

    Raises:
        BadRequest: The folder cannot be written to.
    """
    walls = ([row.mine for row in data.rows], [row.its for row in data.rows if row.its is not None])
    runs = {
        name: run_folder.write_run(folder / name, model, run_folder.results_of(part))
        for name, model, part in zip(SIDES, data.models, walls, strict=True)
    }
    listed: list[Json] = []
    for number, (pair, row) in enumerate(zip(pairs, data.rows, strict=True), start=1):
        image = _side_by_side(row)
        file = None if image is None else f"{number:02}_{slug(row.mine.layer.name)}.png"
        if file is not None and image is not None:
            (folder / file).write_bytes(png.encode(image))
        listed.append({**pair, "picture": file, "differs": list(row.differences)})
    document: dict[str, Json] = {"pairs": listed, **runs}
    (folder / "report.html").write_bytes(html_report.report(data))
    (folder / "compare.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return document


def _side_by_side(row: Row) -> NDArray[np.uint8] | None:
    """Both walls in one image, uint8 ``[height, width, 3]``; ``None`` unless both have finished patterns."""
    if row.its is None or not (row.mine.patterns and row.its.patterns):
        return None
    left, right = _sheet(row.mine), _sheet(row.its)
    image = np.zeros((max(len(left), len(right)), left.shape[1] + GAP + right.shape[1], 3), np.uint8)
    image[: len(left), : left.shape[1]] = left
    image[: len(right), left.shape[1] + GAP :] = right
    return image


def _sheet(wall: Wall) -> NDArray[np.uint8]:
    order = wall.request.recipe.spec.wall_order
    return contact_sheet.wall(run_folder.tiles_of(wall.request, wall.patterns), order=order)
