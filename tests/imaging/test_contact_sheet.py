from __future__ import annotations

import numpy as np
import pytest

from filterviz.imaging.contact_sheet import wall
from filterviz.spec import WallOrder


def flat(value: int, size: int = 64, channels: int = 3) -> np.ndarray:
    return np.full((size, size, channels), value, np.uint8)


def test_the_wall_is_the_scripts_own() -> None:
    """The script's loop, word for word: filter ``i + 5 j`` at row i, column j."""
    tiles = [np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8) for number in range(25)]
    size, margin, n = 64, 5, 5
    results = np.zeros((n * size + (n - 1) * margin, n * size + (n - 1) * margin, 3))
    for i in range(n):
        for j in range(n):
            top, left = i * size + i * margin, j * size + j * margin
            results[top : top + size, left : left + size, :] = tiles[i + j * n]
    made = wall(tiles)
    assert made.shape == (340, 340, 3)
    np.testing.assert_array_equal(made, results)


@pytest.mark.parametrize(
    ("count", "shape"),
    [(1, (64, 64)), (3, (202, 64)), (5, (340, 64)), (6, (340, 133)), (24, (340, 340)), (26, (409, 340))],
)
def test_other_counts_need_as_few_columns_as_they_can(count: int, shape: tuple[int, int]) -> None:
    assert wall([flat(9)] * count).shape[:2] == shape


def test_many_tiles_make_a_wall_that_is_about_square() -> None:
    assert wall([flat(9)] * 64).shape[:2] == (8 * 69 - 5, 8 * 69 - 5)


@pytest.mark.parametrize("count", [1, 6, 25])
def test_by_rows_a_wall_is_the_one_by_columns_mirrored_at_the_diagonal(count: int) -> None:
    tiles = [flat(number) for number in range(count)]
    by_columns, by_rows = wall(tiles), wall(tiles, order=WallOrder.ROWS)
    np.testing.assert_array_equal(by_rows, by_columns.transpose(1, 0, 2))
    assert by_rows[0, :: 64 + 5, 0].tolist() == list(range(min(count, 5)))


def test_missing_tiles_stay_black_and_grey_ones_grey() -> None:
    made = wall([flat(7, channels=1), None, flat(9, channels=1)])
    assert (made[:64] == 7).all()
    assert not made[64 : 2 * 69].any()
    assert (made[2 * 69 :] == 9).all()
