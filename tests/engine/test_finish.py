from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filterviz.engine.finish import displayed, flags_of, standardise, visible
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


def test_principal_components_keep_what_varies_most() -> None:
    random = np.random.default_rng(0)
    signal = random.normal(size=(20, 20, 1))
    picture = np.concatenate([0.01 * random.normal(size=(20, 20, 3)), 10 * signal, -10 * signal], axis=-1)
    first = visible(picture)[..., 0]
    assert abs(np.corrcoef(first.ravel(), signal.ravel())[0, 1]) > 0.99


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
