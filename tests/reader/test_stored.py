"""Arrays become the layer's, from the axes and shapes of every version of Keras."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.packed import Unfit
from filterviz.reader.stored import INCOMPLETE, Stored, Unreadable, fitted


def array(values: Any) -> Any:
    found = np.asarray(values, np.float32)
    return SimpleNamespace(shape=found.shape, read=lambda: found)


def record(kind: str, *shapes: tuple[int, ...], packing: Any = None) -> Any:
    return SimpleNamespace(name="layer", kind=kind, weight_shapes=shapes, packing=packing, params={})


def kernel(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


SIDES = st.integers(1, 4)


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_kernel_with_filters_first_is_transposed(height: int, width: int, channels: int, filters: int) -> None:
    expected = kernel(height, width, channels, filters)
    own = record("Conv2D", expected.shape)
    np.testing.assert_array_equal(fitted(own, [array(expected)], {}, False)[0].read(), expected)
    first = expected.transpose(3, 2, 0, 1)
    if first.shape != expected.shape:
        np.testing.assert_array_equal(fitted(own, [array(first)], {}, False)[0].read(), expected)


@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D"])
def test_theanos_kernels_are_turned_by_half_a_turn_and_nothing_else_is(kind: str) -> None:
    values, bias = kernel(3, 2, 4, 5), kernel(5)
    one, other = fitted(record(kind, values.shape, bias.shape), [array(values), array(bias)], {}, True)
    np.testing.assert_array_equal(one.read(), values[::-1, ::-1])
    np.testing.assert_array_equal(other.read(), bias)
    (dense,) = fitted(record("Dense", (2, 3)), [array(values[:, :, 0, 0].T)], {}, True)
    np.testing.assert_array_equal(dense.read(), values[:, :, 0, 0].T)


def test_keras_1_kept_one_dimensional_kernels_in_two_dimensions() -> None:
    expected = kernel(3, 4, 5)
    own = record("Conv1D", expected.shape)
    for stored in (expected[:, np.newaxis], expected.transpose(2, 1, 0)[..., np.newaxis]):
        np.testing.assert_array_equal(fitted(own, [array(stored)], {}, False)[0].read(), expected)


def test_numbers_with_axes_of_length_one_too_many_are_reshaped() -> None:
    (found,) = fitted(record("PReLU", (1, 1, 4)), [array(np.arange(4))], {}, False)
    assert found.read().tolist() == [[[0, 1, 2, 3]]]


def test_what_is_read_is_one_block_of_memory() -> None:
    assert Stored(array(kernel(2, 3, 4, 5)), (2, 3, 1, 0), flip=True).read().flags.c_contiguous


@pytest.mark.parametrize(
    ("kind", "wanted", "stored"),
    [
        ("Dense", (2, 3), (3, 2)),  # the same numbers, but which is which is not known
        ("Conv2D", (3, 3, 1, 4), (3, 3, 4, 1)),
        ("Dense", (2, 3), (6,)),
        ("Dense", (2,), (3,)),
    ],
)
def test_a_shape_that_no_version_wrote_is_refused(kind: str, wanted: tuple[int, ...], stored: tuple[int, ...]) -> None:
    with pytest.raises(Refused) as refused:
        fitted(record(kind, wanted), [array(np.zeros(stored))], {}, False)
    assert refused.value.code is RefusalCode.MISMATCHED_WEIGHTS
    assert str(list(stored)) in refused.value.what


def test_another_number_of_arrays_is_refused() -> None:
    with pytest.raises(Refused, match="needs 2 arrays of weights; the file has 1"):
        fitted(record("Dense", (2, 3), (3,)), [array(np.zeros((2, 3)))], {}, False)


def test_a_packed_layer_whose_rule_does_not_fit_may_be_left_out() -> None:
    def unpack(*_: object) -> Any:
        raise Unfit

    with pytest.raises(Unreadable) as unreadable:
        fitted(record("Dense", (2, 3), packing=SimpleNamespace(unpack=unpack)), [], {}, False)
    assert unreadable.value.layers == {"layer": INCOMPLETE}
