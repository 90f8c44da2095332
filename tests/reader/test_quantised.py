"""Numbers of four bits are unpacked as Keras packed them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz.reader.quantised import unpack_int4


@settings(deadline=None)  # the first has to import Keras
@given(st.data(), st.integers(1, 7), st.integers(1, 7), st.integers(0, 1), st.booleans())
def test_two_numbers_in_a_byte_come_out_as_keras_put_them_in(
    data: st.DataObject, rows: int, columns: int, axis: int, signed: bool
) -> None:
    keras = pytest.importorskip("keras")
    low, high, kind = (-8, 7, "int8") if signed else (0, 15, "uint8")
    numbers = data.draw(st.lists(st.integers(low, high), min_size=rows * columns, max_size=rows * columns))
    whole = np.array(numbers, kind).reshape(rows, columns)
    packed = np.asarray(keras.quantizers.pack_int4(keras.ops.convert_to_tensor(whole), axis, dtype=kind)[0])
    unpacked = unpack_int4(packed.astype(np.float32), whole.shape[axis], axis, signed)
    np.testing.assert_array_equal(unpacked, whole)
