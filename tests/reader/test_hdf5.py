"""Numbers that NumPy has no type for, as Keras and HDF5 itself write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import Hdf5
from filterviz.reader.quantised import unpack_int4
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


def written(path: Path, data: Any, dtype: str | None = None, **storage: Any) -> Hdf5:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("weights", data=data, **storage)
        if dtype is not None:
            dataset.attrs["dtype"] = dtype
    return Hdf5(path, path.stat().st_size)


@pytest.mark.parametrize(
    "storage", [{}, {"chunks": (2, 2)}, {"chunks": (2, 2), "compression": "gzip", "shuffle": True}]
)
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_bfloat16_is_read_however_it_is_stored(tmp_path: Path, dtype: str | None, storage: dict[str, Any]) -> None:
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(ml_dtypes.bfloat16)
    array = written(tmp_path / "a.h5", values.view("V2"), dtype, **storage).array("weights")
    assert array is not None
    np.testing.assert_array_equal(array.read(), values.astype(np.float32))


@pytest.mark.parametrize("order", [h5py.h5t.ORDER_LE, h5py.h5t.ORDER_BE])
def test_a_bfloat16_of_hdf5_itself_is_not_taken_for_a_half(tmp_path: Path, order: int) -> None:
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    kind.set_order(order)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        dataset = h5py.h5d.create(file.id, b"weights", kind, h5py.h5s.create_simple((3,)))
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, -2, 3.5], np.float32))
    array = Hdf5(path, path.stat().st_size).array("weights")
    assert array is not None
    assert array.read().tolist() == [1, -2, 3.5]


def test_a_number_of_an_unknown_layout_is_none(tmp_path: Path) -> None:
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 9, 6, 0, 9)
    kind.set_size(2)
    kind.set_ebias(31)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"weights", kind, h5py.h5s.create_simple((3,)))
    with pytest.raises(Refused) as refused:
        Hdf5(path, path.stat().st_size).array("weights")
    assert refused.value.code is RefusalCode.MISMATCHED_WEIGHTS


@pytest.mark.parametrize(
    ("size", "dtype"), [(1, None), (1, "bfloat16"), (2, "float8_e5m2"), (3, None), (4, None), (2, "x")]
)
def test_bytes_of_another_size_or_name_are_no_numbers(tmp_path: Path, size: int, dtype: str | None) -> None:
    with pytest.raises(Refused) as refused:
        written(tmp_path / "a.h5", np.zeros(4, f"V{size}"), dtype).array("weights")
    assert refused.value.code is RefusalCode.MISMATCHED_WEIGHTS


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_is_read_where_the_file_says_which(tmp_path: Path, name: str) -> None:
    array = written(tmp_path / "a.h5", ALL_BYTES.view("V1"), name).array("weights")
    assert array is not None
    np.testing.assert_array_equal(array.read(), ALL_BYTES.view(getattr(ml_dtypes, name)).astype(np.float32))
