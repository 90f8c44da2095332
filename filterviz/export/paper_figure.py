"""A figure for a paper: walls side by side as PDF or SVG, with vectors, text and unscaled tiles."""

from __future__ import annotations

import io
from typing import Any, Literal

from filterviz.export.document import ReportData, Row, Wall
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Flag
from filterviz.spec.names import plain

Kind = Literal["pdf", "svg"]

TILE_INCHES = 0.62
"""The width of a tile on paper. Two walls of 25 tiles fill the width of a page."""

CAPTION = 0.35
"""The height of the line below the walls, in tiles."""

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
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # A missing font is not worth a warning.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    shapes = [[contact_sheet.shape(max(1, len(wall.request.filters))) for wall in row.walls] for row in data.rows]
    columns = max(sum(width for _rows, width in row) + len(row) - 1 for row in shapes)
    heights = [max(rows for rows, _width in row) * 1.16 + 0.6 for row in shapes]
    with mpl.rc_context(_SETTINGS):  # type: ignore[arg-type]
        drawing = Figure(
            figsize=(max(4.0, columns * TILE_INCHES), (sum(heights) + CAPTION) * TILE_INCHES),
            layout=ConstrainedLayoutEngine(h_pad=0.015, w_pad=0.02, hspace=0.0, wspace=0.0),
        )
        FigureCanvasAgg(drawing)
        parts: Any = drawing.subfigures(len(heights) + 1, 1, squeeze=False, height_ratios=[*heights, CAPTION])
        for part, row in zip(parts[:-1, 0], data.rows, strict=True):
            _draw_row(part, row)
        parts[-1, 0].text(0.99, 0.5, _conditions(data), ha="right", va="center", fontsize=5.5, color="0.35")
        return _saved(drawing, kind)


def _saved(drawing: Any, kind: Kind) -> bytes:
    import warnings

    stream = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that no font has is drawn as a box, but the text of the file still holds it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawing.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else {"CreationDate": None})
    return stream.getvalue()


def _draw_row(part: Any, row: Row) -> None:
    widths = [contact_sheet.shape(max(1, len(wall.request.filters)))[1] for wall in row.walls]
    halves = part.subfigures(1, len(row.walls), squeeze=False, width_ratios=widths, wspace=0.06)
    for half, wall in zip(halves[0], row.walls, strict=True):
        _draw_wall(half, wall)


def _draw_wall(half: Any, wall: Wall) -> None:
    sees = "the whole picture" if wall.layer.receptive_field is None else f"{wall.layer.receptive_field} px"
    sees += ", gated" if wall.layer.gated else ""
    half.suptitle(f"{plain(wall.side, 40)}: {plain(wall.layer.name, 40)} (sees {sees})", fontsize=8)
    rows, columns = contact_sheet.shape(max(1, len(wall.request.filters)))
    axes = half.subplots(rows, columns, squeeze=False)
    for position in range(rows * columns):
        axis = axes[position % rows, position // rows]
        axis.set_axis_off()
        if position >= len(wall.request.filters):
            continue
        channel = wall.request.filters[position]
        pattern = wall.patterns.get(channel)
        if pattern is None:
            continue
        silent = Flag.SILENT in pattern.flags
        image = png.as_rgb(pattern.tile)
        # There is nothing to clip, and the names of clip paths would differ from file to file.
        axis.imshow(image // 4 + 191 if silent else image, interpolation="none", clip_on=False)
        # The label is no longer than the tile is wide; the report has the whole name.
        words = [str(channel), wall.label(channel, LONGEST_LABEL), "silent" if silent else ""]
        axis.set_title(" ".join(filter(None, words)), fontsize=5, pad=1.5)


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
