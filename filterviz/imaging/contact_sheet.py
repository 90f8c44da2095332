"""The wall: many tiles in one image, laid out as in the original script."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.imaging import png
from filterviz.spec import WallOrder

ROWS = 5
"""The original script's wall had five rows and five columns."""

MARGIN = 5
"""Black pixels between two tiles. There are none around the wall."""


def shape(count: int, order: WallOrder = WallOrder.COLUMNS) -> tuple[int, int]:
    """Rows and columns of a wall: five rows as in the script, or more if it would otherwise be wider than high.

    By rows, rows and columns are exchanged.

    Example:
        >>> shape(25), shape(6), shape(3), shape(64)
        ((5, 5), (5, 2), (3, 1), (8, 8))
        >>> shape(6, WallOrder.ROWS)
        (2, 5)
    """
    length = min(max(ROWS, math.ceil(math.sqrt(count))), count)
    lines = math.ceil(count / length)
    return (lines, length) if order is WallOrder.ROWS else (length, lines)


def position(index: int, rows: int, columns: int, order: WallOrder = WallOrder.COLUMNS) -> tuple[int, int]:
    """Row and column of a tile in a wall that is filled in an order.

    Example:
        >>> position(7, 5, 2), position(7, 2, 5, WallOrder.ROWS)
        ((2, 1), (1, 2))
    """
    if order is WallOrder.ROWS:
        return divmod(index, columns)
    column, row = divmod(index, rows)
    return row, column


def wall(
    tiles: Sequence[NDArray[np.uint8] | None], margin: int = MARGIN, order: WallOrder = WallOrder.COLUMNS
) -> NDArray[np.uint8]:
    """Tiles in one image. By columns, tile ``i + rows * j`` stands in row i, column j, with the rows of :func:`shape`.

    By rows, rows and columns are exchanged.

    Args:
        tiles: all of one size, uint8 ``[height, width, 1 or 3]``; the place of a ``None`` stays black. At least one
            must be an image.
        margin: Black pixels between tiles.
        order: The order in which the tiles fill the wall.

    Returns:
        uint8 ``[height, width, 3]``; 340 x 340 for 25 tiles of 64 x 64.

    Example:
        >>> wall([np.zeros((64, 64, 3), np.uint8)] * 25).shape
        (340, 340, 3)
        >>> wall([np.zeros((64, 64, 1), np.uint8)] * 3).shape
        (202, 64, 3)
    """
    height, width = next(tile.shape[:2] for tile in tiles if tile is not None)
    rows, columns = shape(len(tiles), order)
    sheet = np.zeros((rows * (height + margin) - margin, columns * (width + margin) - margin, 3), np.uint8)
    for index, tile in enumerate(tiles):
        if tile is not None:
            row, column = position(index, rows, columns, order)
            top, left = row * (height + margin), column * (width + margin)
            sheet[top : top + height, left : left + width] = png.as_rgb(tile)
    return sheet
