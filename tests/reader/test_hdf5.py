"""Groups, attributes and arrays of an HDF5 file are found by their paths, and nothing outside the file is."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import hdf5
from filterviz.reader.hdf5 import Hdf5

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/.\\\0"), min_size=1, max_size=12)


def written(write: Callable[[Any], object], **how: Any) -> Hdf5:
    content = io.BytesIO()
    with h5py.File(content, "w", **how) as file:
        write(file)
    return Hdf5(content, content.getbuffer().nbytes)


@given(st.lists(NAMES, max_size=20, unique=True), st.sampled_from(["earliest", "latest"]))
def test_names_are_read_as_they_were_written(names: list[str], library: str) -> None:
    def write(file: Any) -> None:
        for name in names:
            file.create_group(f"groups/{name}")
        file.attrs["names"] = names

    file = written(write, libver=library)
    assert set(file.members("groups")) == set(names)
    assert all(f"groups/{name}" in file for name in names)
    assert file.names("/", "names") == tuple(names)


def test_long_lists_are_put_together_from_their_parts() -> None:
    def write(file: Any) -> None:
        file.attrs["names0"], file.attrs["names1"], file.attrs["names3"] = [b"a", b"b"], [b"c"], [b"lost"]

    assert written(write).names("/", "names") == ("a", "b", "c")
    assert written(write).names("/", "others") == ()


def test_paths_lead_down_and_never_up_or_out() -> None:
    file = written(lambda file: file.create_dataset("a/b", data=np.zeros(2)))
    assert file.array("a/b") is not None
    assert file.array("/a//./b") is not None
    for path in ("a", "b", "a/b/c", "../a/b/../..", "", "x" * 5000):
        assert file.array(path) is None
    assert file.is_array("a/b")
    assert not file.is_array("a")


@pytest.mark.parametrize("link", [h5py.SoftLink("/a"), h5py.SoftLink("/nowhere")])
def test_links_by_name_are_not_followed(link: Any) -> None:
    def write(file: Any) -> None:
        file["a"] = np.zeros(2)
        file["link"] = link

    file = written(write)
    with pytest.raises(Refused) as refused:
        file.array("link")
    assert refused.value.code is RefusalCode.OUTSIDE_DATA
    assert file.array("a") is not None


@pytest.mark.parametrize("value", ["text", b"text", np.array(["text"], h5py.string_dtype()), [b"te", b"xt"]])
def test_texts_are_read_in_each_form(value: Any) -> None:
    file = written(lambda file: file.attrs.__setitem__("a", value))
    assert file.text("/", "a", 4) == "text"
    assert file.text("/", "b", 4) is None
    assert file.text("nowhere", "a", 4) is None
    with pytest.raises(Refused) as refused:
        file.text("/", "a", 3)
    assert refused.value.code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize("value", [3, [1, 2], np.zeros((2, 2)), [b"x" * 2000]])
def test_what_is_no_list_of_names_is_damage(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        written(lambda file: file.attrs.__setitem__("a", value)).names("/", "a")
    assert refused.value.code is RefusalCode.DAMAGED


def test_far_too_many_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(file: Any) -> None:
        file.attrs["names"] = [b"a", b"b", b"c"]
        for name in "abc":
            file.create_group(f"groups/{name}")

    file = written(write)
    monkeypatch.setattr(hdf5, "MOST_NAMES", 2)
    for read in (lambda: file.names("/", "names"), lambda: file.members("groups")):
        with pytest.raises(Refused) as refused:
            read()
        assert refused.value.code is RefusalCode.TOO_LARGE


def test_an_array_that_claims_far_more_than_the_file_is_refused_before_it_is_read() -> None:
    file = written(lambda file: file.create_dataset("a", shape=(1 << 40,), dtype="f4", chunks=(1 << 10,)))
    with pytest.raises(Refused) as refused:
        file.array("a")
    assert refused.value.code is RefusalCode.TOO_LARGE


def test_groups_whose_names_windows_joined_are_found_by_their_parts() -> None:
    file = written(lambda file: file.create_dataset("layers\\conv2d\\vars/0", data=np.ones(3)))
    assert file.members("layers") == ("conv2d",)
    assert file.members("layers/conv2d") == ("vars",)
    assert "layers/conv2d" in file
    array = file.array("layers/conv2d/vars/0")
    assert array is not None
    assert array.read().tolist() == [1, 1, 1]
