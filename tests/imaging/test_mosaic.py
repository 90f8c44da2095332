from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.imaging.mosaic import GAP, is_valid, join, split
from filterviz.spec import PICTURES


@given(st.sampled_from(PICTURES), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
def test_pictures_that_share_a_tile_come_out_of_it_again(count: int, height: int, width: int, channels: int) -> None:
    pictures = [np.full((height, width, channels), 1 + number, np.uint8) for number in range(count)]
    tile = join(pictures)
    assert np.count_nonzero(tile) == count * height * width * channels, "black between, and nothing lost"
    for picture, again in zip(pictures, split(tile, count), strict=True):
        np.testing.assert_array_equal(picture, again)


def test_pictures_stand_row_by_row() -> None:
    tile = join([np.full((2, 3, 1), number, np.uint8) for number in (1, 2, 3, 4)])[..., 0]
    assert tile.shape == (4 + GAP, 6 + GAP)
    assert [tile[0, 0], tile[0, -1], tile[-1, 0], tile[-1, -1]] == [1, 2, 3, 4]


@given(st.sampled_from(PICTURES), st.integers(0, 40), st.integers(0, 40))
def test_whatever_holds_pictures_can_be_cut_and_nothing_else(count: int, height: int, width: int) -> None:
    tile = np.zeros((height, width, 3), np.uint8)
    if is_valid(tile, count):
        assert join(split(tile, count)).shape == tile.shape
    else:
        with pytest.raises(ValueError, match="does not hold"):
            split(tile, count)
