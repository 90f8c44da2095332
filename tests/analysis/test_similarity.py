from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from filterviz.analysis.seriation import order
from filterviz.analysis.similarity import SCALES, descriptor, distances, most_similar
from filterviz.spec import Request
from filterviz.storage.bundled import BundledPatterns

Tile = NDArray[np.uint8]

LENGTH = len(descriptor(np.zeros((64, 64, 3), np.uint8)))

SIDES = st.integers(1, 64)
TILES = st.tuples(SIDES, SIDES, st.sampled_from([1, 3])).flatmap(lambda shape: arrays.arrays(np.uint8, shape))


def grating(degrees: float, *, size: int = 64, length: float = 8.0, channels: int = 3) -> Tile:
    """Waves of so many pixels that run in so many degrees."""
    down, right = np.mgrid[:size, :size]
    turn = np.deg2rad(degrees)
    wave = np.sin(2 * np.pi * (down * np.sin(turn) + right * np.cos(turn)) / length)
    return np.repeat((127.5 + 100 * wave)[:, :, None], channels, axis=2).astype(np.uint8)


def flat(*colour: int, size: int = 64) -> Tile:
    return np.broadcast_to(np.array(colour, np.uint8), (size, size, len(colour))).copy()


def described(*tiles: Tile) -> NDArray[np.float32]:
    return np.stack([descriptor(tile) for tile in tiles])


def apart(first: Tile, second: Tile) -> float:
    return float(np.linalg.norm(descriptor(first) - descriptor(second)))


@pytest.fixture(scope="module")
def wall() -> list[Tile]:
    """The first 32 filters of a layer of VGG16, as they come with the program."""
    model = BundledPatterns().models["vgg16"]
    part = next(part for part in model.sheets if part.layer == "block3_conv1")
    patterns = [model.find(Request(part.layer, (channel,), part.recipe), channel) for channel in range(32)]
    return [pattern.tile for pattern in patterns if pattern is not None]


@settings(deadline=None, max_examples=60)
@given(TILES)
def test_any_tile_gives_the_same_count_of_finite_numbers(tile: Tile) -> None:
    found = descriptor(tile)
    assert found.shape == (LENGTH,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


@settings(deadline=None, max_examples=30)
@given(SIDES, SIDES, st.integers(0, 255))
def test_a_flat_tile_is_the_same_at_any_size_and_number_of_channels(height: int, width: int, value: int) -> None:
    small, large = np.full((height, width, 1), value, np.uint8), np.full((64, 64, 3), value, np.uint8)
    assert apart(small, large) < 1e-2


@pytest.mark.parametrize("shape", [(300, 70, 3), (64, 65, 1), (65, 64, 3), (1, 300, 3), (150, 150, 3)])
def test_larger_tiles_of_any_form_are_covered_by_windows(shape: tuple[int, int, int]) -> None:
    tile = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.isfinite(descriptor(tile)).all()
    changed = tile.copy()
    changed[-shape[0] // 4 :, -shape[1] // 4 :] = 0
    assert apart(tile, changed) > 0.05


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 7), st.integers(0, 63), st.integers(0, 63), st.sampled_from([64, 128]))
def test_where_in_the_tile_a_pattern_lies_does_not_matter(seed: int, down: int, right: int, size: int) -> None:
    """Of a pattern that repeats, so that nothing else changes at the border. Tiles of one wall are 0.6 to 2 apart."""
    cell = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    tile = np.tile(cell, (size // 8, size // 8, 1))
    assert apart(tile, np.roll(tile, (down, right), (0, 1))) < 0.2


def test_a_rolled_tile_is_still_nearest_to_itself(wall: list[Tile]) -> None:
    random = np.random.default_rng(3)
    rolled = [np.roll(tile, random.integers(1, 128, 2), (0, 1)) for tile in wall]
    assert most_similar(described(*rolled), described(*wall), 1) == [(index,) for index in range(len(wall))]


def test_one_half_of_a_tile_finds_the_other(wall: list[Tile]) -> None:
    """The benchmark measures 99 to 100 % in this layer; chance is 3 %."""
    found = most_similar(described(*(tile[:, :64] for tile in wall)), described(*(tile[:, 64:] for tile in wall)), 1)
    assert np.mean([first == index for index, (first,) in enumerate(found)]) > 0.9


def test_what_the_eye_tells_apart_lies_apart() -> None:
    """By a multiple of what another sample of the same pattern does."""
    base = grating(0)
    same = apart(base, np.roll(base, 3, 1))
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 200).astype(np.uint8)[:, :, None]
    tinted = (base * np.array([1.0, 0.6, 0.3])).astype(np.uint8)
    faint = (127 + (base.astype(int) - 127) // 6).astype(np.uint8)
    for other in (grating(30), grating(90), grating(0, length=4), tinted, faint, flat(127, 127, 127), checks):
        assert apart(base, other) > max(10 * same, 0.3)


def test_the_place_of_waves_tells_what_their_spectrum_does_not() -> None:
    """Waves of two directions side by side and one through the other: the same strengths, in other places."""
    across, along = grating(0, size=128).astype(int), grating(90, size=128).astype(int)
    patches = (np.indices((128, 128)) // 32).sum(axis=0)[:, :, None] % 2 == 1
    beside = np.where(patches, across, along).astype(np.uint8)
    through = (127 + (across + along - 254) / np.sqrt(2)).clip(0, 255).astype(np.uint8)
    assert apart(beside, through) > 3 * apart(beside, np.roll(beside, 16, 0))


def test_grey_in_three_channels_is_grey_in_one() -> None:
    assert apart(grating(20), grating(20, channels=1)) == 0


def test_no_group_of_numbers_dominates_in_a_real_wall(wall: list[Tile]) -> None:
    parts = described(*wall)
    assert parts.shape[1] == LENGTH
    assert 0.5 < distances(parts, parts).mean() < 3
    assert all(0 < weight <= 1 for _, weight in SCALES.values())


@settings(deadline=None, max_examples=30)
@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 9), st.just(5)), elements=st.floats(-99, 99, width=16)))
def test_distances_are_distances(rows: NDArray[np.float32]) -> None:
    found = distances(rows, rows)
    assert found.dtype == np.float32
    assert found.shape == (len(rows), len(rows))
    assert (found >= 0).all()
    assert (np.diagonal(found) == 0).all()
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found, np.linalg.norm(rows[:, None] - rows, axis=2), rtol=1e-4, atol=1e-4)


def test_distances_of_two_walls_have_a_row_for_each_of_mine() -> None:
    found = distances(np.zeros((2, 3), np.float32), np.ones((4, 3), np.float32))
    assert found.shape == (2, 4)
    np.testing.assert_allclose(found, np.sqrt(3), rtol=1e-6)


def test_gratings_that_turn_come_in_the_order_of_their_turn() -> None:
    """As the half circle closes, the row may begin anywhere on it, but may jump nowhere else."""
    count = 24
    mixed = np.random.default_rng(2).permutation(count)
    looks = described(*(grating(180 / count * place) for place in mixed))
    row = mixed[order(distances(looks, looks))]
    steps = np.abs(np.diff(row))
    assert (np.minimum(steps, count - steps) == 1).all()


def test_relatives_are_found_across_sizes_and_channels() -> None:
    mine = [grating(angle, size=64, channels=1) for angle in range(0, 180, 15)]
    others = [grating(angle + 4, size=128) for angle in range(0, 180, 15)]
    found = most_similar(described(*mine), described(*others))
    assert [first for first, *_ in found] == list(range(12))
    assert {second for _, second, _ in found} | {third for *_, third in found} == set(range(12))
    assert all(len(row) == 3 for row in found)


def test_there_are_no_more_relatives_than_tiles_and_the_nearest_comes_first() -> None:
    mine, others = described(flat(9, 9, 9)), described(flat(200, 0, 0), flat(8, 9, 9))
    assert most_similar(mine, others, 5) == [(1, 0)]
    assert most_similar(mine[:0], others) == []
    assert most_similar(mine, others[:0]) == [()]
