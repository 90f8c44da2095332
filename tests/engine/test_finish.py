from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filterviz.engine.finish import channel_colours, displayed, flags_of, standardise, visible
from filterviz.spec import Flag
from tests.engine import script

finite = st.floats(-1e4, 1e4, width=32)


@given(arrays.arrays(np.float32, (4, 5, 3), elements=finite))
def test_standardise_is_the_scripts_deprocess(picture: np.ndarray) -> None:
    np.testing.assert_array_equal(standardise(picture), script.deprocess(picture.astype(np.float64)))


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (2, 3), (3, 3), (4, 3), (13, 3)])
def test_any_number_of_channels_can_be_shown(channels: int, shown: int) -> None:
    picture = np.random.default_rng(0).random((6, 7, channels))
    assert visible(picture).shape == (6, 7, shown)
    assert displayed(picture).shape == (6, 7, shown)
    assert displayed(picture).dtype == np.uint8


@pytest.mark.parametrize("channels", [2, 4, 7, 12, 49])
def test_each_channel_has_a_colour_of_its_own(channels: int) -> None:
    colours = channel_colours(channels)
    apart = np.linalg.norm(colours[:, np.newaxis] - colours, axis=-1) + 10 * np.eye(channels)
    # Neighbours on a circle that holds all of them at equal distances.
    assert apart.min() == pytest.approx(2 * np.sin(np.pi / channels) * np.sqrt(2 / channels))
    np.testing.assert_allclose(colours.sum(axis=1), colours.sum(axis=1)[0])  # all equally light
    np.testing.assert_allclose(colours.sum(axis=0), colours.sum(axis=0)[0])  # together grey


@pytest.mark.parametrize("channels", [2, 4, 12])
def test_a_plain_colour_stays_plain_and_is_told_from_others(channels: int) -> None:
    """Leftover noise is not blown up to patterns: of 1x1 convolutions, noise was all that there was to see."""
    random = np.random.default_rng(0)
    wanted = random.integers(0, 2, (8, channels)) * 0.9 + 0.05
    wanted = np.unique(wanted, axis=0)
    tiles = [displayed(colour + 0.004 * random.normal(size=(16, 16, channels))) for colour in wanted]
    assert max(tile.std(axis=(0, 1)).max() for tile in tiles) < 4
    means = np.array([tile.mean(axis=(0, 1)) for tile in tiles])
    apart = np.linalg.norm(means[:, np.newaxis] - means, axis=-1) + 1000 * np.eye(len(means))
    assert apart.min() > 8


def test_a_colour_means_the_same_in_all_tiles() -> None:
    """What else a tile holds changes nothing of a pixel."""
    random = np.random.default_rng(0)
    one, other = random.random((2, 8, 8, 12))
    other[0, 0] = one[0, 0]
    np.testing.assert_array_equal(displayed(one)[0, 0], displayed(other)[0, 0])


def test_a_picture_of_three_colours_is_shown_as_it_is() -> None:
    picture = np.array([[[0.0, 0.5, 1.0]]])
    np.testing.assert_array_equal(displayed(picture), [[[0, 128, 255]]])


@pytest.mark.parametrize(
    ("curve", "flags"),
    [
        ([0.0] * 41, (Flag.SILENT,)),
        ([-3.0, -2.0, -1.0], (Flag.SILENT,)),
        ([0.0, 1.0, 0.0], (Flag.SILENT,)),
        (list(range(41)), (Flag.UNCONVERGED,)),
        ([1 - 0.5**step for step in range(41)], ()),
        ([1.0, 2.0, float("nan")], (Flag.UNCONVERGED, Flag.NOT_FINITE)),
        ([float("nan")] * 3, (Flag.SILENT, Flag.NOT_FINITE)),
    ],
)
def test_flags(curve: list[float], flags: tuple[Flag, ...]) -> None:
    assert flags_of(curve) == flags
