"""Numbers and arrays beside an operation's tensors: which are kept, and which are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Slot
from filterviz.reader.operations.constants import LARGEST, constant, unwrap


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "float32"}}, [1, 2]),
        ({"class_name": "__tensor__", "config": {"value": 3.0}}, 3.0),
        ({"class_name": "__tuple__", "items": [1, 2]}, [1, 2]),
        ({"class_name": "__tuple__", "items": 3}, {"class_name": "__tuple__", "items": 3}),
        ({"class_name": "__numpy__", "config": 3}, {"class_name": "__numpy__", "config": 3}),
        ({"class_name": "Own", "config": {"value": 3}}, {"class_name": "Own", "config": {"value": 3}}),
        ([1, 2], [1, 2]),
        (None, None),
    ],
)
def test_what_keras_writes_around_arrays_and_tuples_is_taken_away(written: Any, value: Any) -> None:
    assert unwrap(written) == value


@pytest.mark.parametrize("value", [None, "1", Slot(0), [], [[1], [1, 2]], ["a"], [None], {"class_name": "Own"}, 2**70])
def test_what_is_no_array_of_numbers_is_no_constant(value: Any) -> None:
    assert constant(value) is None


@pytest.mark.parametrize(("value", "number"), [(2, 2.0), (True, 1.0), ([[0.5]], 0.5), ([1.0, 2.0], None)])
def test_the_one_number_of_a_constant(value: Any, number: float | None) -> None:
    found = constant(value)
    assert found is not None
    assert found.number == number
    assert found.array.dtype == np.float64


def test_params_are_the_values_row_after_row() -> None:
    found = constant({"class_name": "__numpy__", "config": {"value": [[1, 2], [3, 4]]}})
    assert found is not None
    assert found.params == {"shape": (2, 2), "values": (1.0, 2.0, 3.0, 4.0)}


def test_a_constant_may_be_as_large_as_the_limit() -> None:
    found = constant([1.0] * LARGEST)
    assert found is not None
    with pytest.raises(Unsupported, match=f"a constant of {LARGEST + 1} numbers"):
        constant([1.0] * (LARGEST + 1))


def test_a_constant_of_very_many_axes() -> None:
    nested: Any = 1.0
    for _ in range(9):
        nested = [nested]
    assert constant(nested[0]) is not None
    with pytest.raises(Unsupported, match="more than is kept"):
        constant(nested)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, -float("inf")], 1e39])
def test_a_constant_that_is_not_finite_in_float32(value: Any) -> None:
    with pytest.raises(Unsupported, match="not finite"):
        constant(value)
