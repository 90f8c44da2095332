"""A figure for a paper: walls side by side as PDF or SVG, with vectors, text and unscaled tiles."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from filterviz.export.document import ReportData, Wall
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Flag
from filterviz.spec.names import plain

Kind = Literal["pdf", "svg"]

TILE_INCHES = 0.62
"""The width of a tile on paper. Two walls of 25 tiles fill the width of a page. All other lengths are in tiles."""

GAP = 0.08
"""Between two tiles of a row."""

LABEL = 0.2
"""The room for a label above each tile."""

LINE = 0.24
"""The height of a line of a title."""

BETWEEN = 0.5
"""Between two walls, and below them."""

MARGIN = 0.15
"""Around everything."""

CAPTION = 0.35
"""The height of the line below the walls."""

LETTERS = 9.0
"""Letters of a title that are as wide as a tile."""

LONGEST_LABEL = 12
"""Characters of a class name that are shown above a tile."""

FONTS = ["DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei"]
"""The first comes with Matplotlib. The others draw Chinese names, if the machine has one of them."""

_SETTINGS = {
    # Text stays text, which can be searched, and set in another font when the paper is laid out.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    # The same figure gives the same file.
    "svg.hashsalt": "filterviz",
    "font.family": FONTS,
    "font.size": 7.0,
    "text.parse_math": False,
}


def figure(data: ReportData, kind: Kind) -> bytes:
    """Draw the rows below each other.

    Args:
        data: At least one row with at least one finished tile.
        kind: The file format, ``pdf`` or ``svg``.

    Returns:
        The content of the file. The same data gives the same bytes.
    """
    # Importing Matplotlib takes half a second, which the page does not need in order to start.
    import logging

    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A missing font is not worth a warning.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    placed, width, height = _placed(data)
    with mpl.rc_context(_SETTINGS):  # type: ignore[arg-type]
        drawing = Figure(figsize=(width * TILE_INCHES, height * TILE_INCHES))
        FigureCanvasAgg(drawing)
        # One system of coordinates for all, in tiles: one for each tile takes seconds to lay out.
        axes: Any = drawing.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        for item in placed:
            _draw_wall(axes, item)
        axes.text(
            width - MARGIN, height - CAPTION / 2, _conditions(data), ha="right", va="center", fontsize=5.5, color="0.35"
        )
        axes.set(xlim=(0, width), ylim=(height, 0))
        return _saved(drawing, kind)


@dataclass(frozen=True, slots=True)
class _PlacedWall:
    """A wall and where it stands.

    Attributes:
        wall: The wall.
        title: Lines of its title.
        left: Where it begins from the left.
        top: Where its tiles begin from the top, with the label of the first row.
        rows: How many rows it has.
        columns: How many columns it has.
    """

    wall: Wall
    title: list[str]
    left: float
    top: float
    rows: int
    columns: int


def _placed(data: ReportData) -> tuple[list[_PlacedWall], float, float]:
    """Every wall in its place, and the width and height of the figure."""
    found: list[_PlacedWall] = []
    top, right = MARGIN, 4.0 / TILE_INCHES
    for row in data.rows:
        left, below, titles = MARGIN, top, []
        for wall in row.walls:
            rows, columns = _shape(wall)
            titles.append(textwrap.wrap(_title(wall), max(12, int(LETTERS * columns))) or [""])
        head = LINE * max(map(len, titles)) + 0.1
        for wall, title in zip(row.walls, titles, strict=True):
            rows, columns = _shape(wall)
            found.append(_PlacedWall(wall, title, left, top + head, rows, columns))
            left += columns * (1 + GAP) - GAP + BETWEEN
            below = max(below, top + head + rows * (1 + LABEL))
        right, top = max(right, left - BETWEEN + MARGIN), below + BETWEEN
    return found, right, top - BETWEEN + CAPTION + MARGIN


def _shape(wall: Wall) -> tuple[int, int]:
    return contact_sheet.shape(max(1, len(wall.request.filters)), wall.request.recipe.spec.wall_order)


def _title(wall: Wall) -> str:
    sees = "the whole image" if wall.layer.receptive_field is None else f"{wall.layer.receptive_field} px"
    sees += ", gated" if wall.layer.gated else ""
    return f"{plain(wall.side, 40)}: {plain(wall.layer.name, 40)} (sees {sees})"


def _saved(drawing: Any, kind: Kind) -> bytes:
    import warnings

    stream = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that no font has is drawn as a box, but the text of the file still holds it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawing.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else {"CreationDate": None})
    return stream.getvalue()


def _draw_wall(axes: Any, placed: _PlacedWall) -> None:
    """The title, the labels, and all tiles as one image: a page of 150 would have as many objects otherwise."""
    wall, rows, columns = placed.wall, placed.rows, placed.columns
    for number, line in enumerate(placed.title):
        axes.text(placed.left, placed.top - LINE * (len(placed.title) - number - 0.5), line, va="center", fontsize=8)
    side = max((pattern.tile.shape[0] for pattern in wall.patterns.values()), default=1)
    across, down = round(side * (1 + GAP)), round(side * (1 + LABEL))
    sheet = np.full((rows * down, columns * across - (across - side), 3), 255, np.uint8)
    order = wall.request.recipe.spec.wall_order
    for index, channel in enumerate(wall.request.filters):
        row, column = contact_sheet.position(index, rows, columns, order)
        pattern = wall.patterns.get(channel)
        if pattern is None:
            continue
        silent = Flag.SILENT in pattern.flags
        image = png.as_rgb(pattern.tile)
        height, width = image.shape[:2]
        top, left = (row + 1) * down - side, column * across
        sheet[top : top + height, left : left + width] = image // 4 + 191 if silent else image
        # The label is no longer than the tile is wide; the report has the whole name.
        words = [str(channel), wall.label(channel, LONGEST_LABEL), "never active" if silent else ""]
        axes.text(
            placed.left + (left + side / 2) / side,
            placed.top + (top - (down - side) / 2) / side,
            " ".join(filter(None, words)),
            ha="center",
            va="center",
            fontsize=5,
        )
    right, bottom = placed.left + sheet.shape[1] / side, placed.top + sheet.shape[0] / side
    # There is nothing to clip, and the names of clip paths would differ from file to file.
    axes.imshow(
        sheet, extent=(placed.left, right, bottom, placed.top), interpolation="none", aspect="auto", clip_on=False
    )


def _conditions(data: ReportData) -> str:
    """How the patterns were made, in one line."""
    wall = next(wall for row in data.rows for wall in row.walls)
    recipe = wall.request.recipe
    found = [pattern for row in data.rows for each in row.walls for pattern in each.patterns.values()]
    precisions = " and ".join(sorted({pattern.precision.value for pattern in found}))
    sizes = sorted({pattern.tile.shape[1] for pattern in found})
    made = f"filterviz {data.versions.get('filterviz', '')}".strip()
    size = " and ".join(map(str, sizes))
    return f"{made}: {recipe.name}, {recipe.steps} steps, {size} px, seed {recipe.seed}, {precisions}"
