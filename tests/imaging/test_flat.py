"""Tiles of one plain colour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.imaging.flat import plain_colour
from filterviz.ui.text import colours


def of(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((16, 16, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((200, 200, 200), "plain light grey"),
        ((128, 128, 128), "plain grey"),
        ((60, 60, 60), "plain dark grey"),
        ((2, 2, 2), "plain black"),
        ((254, 254, 254), "plain white"),
        ((200, 40, 40), "plain red"),
        ((40, 110, 50), "plain dark green"),
        ((150, 190, 240), "plain light blue"),
        ((110, 80, 190), "plain purple"),
        ((225, 140, 50), "plain orange"),
    ],
)
def test_colours_have_the_names_that_people_give_them(colour: tuple[int, int, int], name: str) -> None:
    found = plain_colour(of(colour))
    assert found is not None
    assert colours.plain(*found) == name


@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(0, 2**31))
def test_every_colour_has_a_name_and_faint_noise_changes_nothing(colour: tuple[int, int, int], seed: int) -> None:
    found = plain_colour(of(colour))
    assert found is not None
    assert colours.plain(*found).startswith("plain ")
    noise = np.random.default_rng(seed).normal(0, 3, (16, 16, 3))
    assert plain_colour(np.clip(of(colour) + noise, 0, 255).astype(np.uint8)) is not None


def test_a_pattern_is_not_plain() -> None:
    stripes = np.where(np.arange(16) % 4 < 2, 90, 140).astype(np.uint8)
    assert plain_colour(np.broadcast_to(stripes[:, None, None], (16, 16, 1))) is None
