"""Numbers that NumPy has no type for, as Keras and HDF5 itself write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import Hdf5

ALL_BYTES = np.arange(256, dtype=np.uint8)


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
