"""HDF5 files without a Keras model are refused with what is in them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

from filterviz.errors import RefusalCode
from filterviz.reader.datasets import LONGEST_LISTED, refusal
from filterviz.reader.hdf5 import Hdf5


def matlab(file: Any) -> None:
    file["x"] = np.zeros(3)
    file["x"].attrs["MATLAB_class"] = b"double"


def matlab_references(file: Any) -> None:
    file.create_group("#refs#")
    file["x"] = np.zeros(3)


def pandas(file: Any) -> None:
    file.attrs["PYTABLES_FORMAT_VERSION"] = "2.1"


def netcdf(file: Any) -> None:
    file.attrs["_NCProperties"] = "version=2"


def dataset(file: Any) -> None:
    for name in ("a", "b", "c", "d", "e", "f"):
        file[name] = np.zeros(2)


def groups(file: Any) -> None:
    file.create_group("a" * 100)


FILES: list[tuple[Callable[[Any], None], str]] = [
    (matlab, "MATLAB"),
    (matlab_references, "MATLAB"),
    (pandas, "tables of pandas"),
    (netcdf, "NetCDF"),
    (dataset, "arrays ('a', 'b', 'c', 'd' and 2 more)"),
    (groups, f"'{'a' * LONGEST_LISTED}'"),
    (lambda file: None, "is empty"),
]


@pytest.mark.parametrize(("write", "words"), FILES)
def test_what_is_in_the_file_is_said(write: Callable[[Any], None], words: str) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    found = refusal(Hdf5(content, content.getbuffer().nbytes))
    assert found.code is RefusalCode.NOT_A_MODEL
    assert words in found.what
    assert "Keras model" in found.what
    assert found.what.endswith(".")
    assert found.hint.endswith(".")
