from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from filterviz.analysis.seriation import order
from filterviz.analysis.similarity import distances


@settings(deadline=None, max_examples=60)
@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 20), st.just(3)), elements=st.integers(-3, 3)))
def test_an_order_holds_everything_once_and_is_always_the_same(points: NDArray[np.float32]) -> None:
    apart = distances(points, points)
    found = order(apart)
    assert sorted(found) == list(range(len(points)))
    assert found == order(apart.copy())


def test_what_is_all_alike_keeps_its_order() -> None:
    assert order(np.zeros((6, 6))) == list(range(6))


@pytest.mark.parametrize("count", [3, 30, 200])
def test_points_on_a_line_come_in_its_order(count: int) -> None:
    mixed = np.random.default_rng(1).permutation(count)
    row = [int(mixed[index]) for index in order(np.abs(mixed[:, None] - mixed))]
    assert row in (list(range(count)), list(range(count))[::-1])
