"""Numbers of 16 and 8 bits that NumPy has no type for, held against ml_dtypes."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from filterviz.reader.small_floats import SMALL_FLOATS, to_bfloat16, to_e4m3

ALL_BYTES = np.arange(256, dtype=np.uint8)
FLOATS = st.lists(st.floats(width=32), min_size=1, max_size=50).map(lambda some: np.array(some, np.float32))


@pytest.mark.parametrize("name", SMALL_FLOATS)
def test_every_bit_pattern_is_the_number_that_ml_dtypes_makes_of_it(name: str) -> None:
    known = SMALL_FLOATS[name]
    bits = ALL_BYTES if known.size == 1 else np.arange(1 << 16, dtype=np.uint16)
    np.testing.assert_array_equal(known.decode(bits), bits.view(getattr(ml_dtypes, name)).astype(np.float32))


@given(FLOATS)
def test_rounding_is_that_of_ml_dtypes(values: NDArray[np.float32]) -> None:
    limited = np.clip(values, -448, 448)
    np.testing.assert_array_equal(to_bfloat16(values), values.astype(ml_dtypes.bfloat16).astype(np.float32))
    np.testing.assert_array_equal(to_e4m3(values), limited.astype(ml_dtypes.float8_e4m3fn).astype(np.float32))


def test_ties_go_to_the_even_number() -> None:
    halves = (np.arange(1 << 16, dtype=np.uint32) << 16 | 0x8000).view(np.float32)
    halves = halves[np.isfinite(halves)]
    np.testing.assert_array_equal(to_bfloat16(halves), halves.astype(ml_dtypes.bfloat16).astype(np.float32))
    numbers = np.unique(SMALL_FLOATS["float8_e4m3fn"].decode(ALL_BYTES))
    numbers = numbers[np.isfinite(numbers)]
    middles = ((numbers[1:] + numbers[:-1]) / 2).astype(np.float32)
    np.testing.assert_array_equal(to_e4m3(middles), middles.astype(ml_dtypes.float8_e4m3fn).astype(np.float32))
