"""The limits put into pyfive hold, and where they would not, nothing is read."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pyfive
import pytest

from filterviz.errors import EngineFailed, RefusalCode, Refused
from filterviz.reader import hdf5_guard
from filterviz.reader.hdf5 import Hdf5

OBJECTS = pyfive.dataobjects.DataObjects


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.h5"
    with h5py.File(path, "w") as file:
        file.attrs["names"] = ["a", "b"]
        file["weights"] = np.zeros(3, np.float32)
    return path


def test_a_sound_file_is_read(sound: Path) -> None:
    assert Hdf5(sound, sound.stat().st_size).names("/", "names") == ("a", "b")


def unguarded_attributes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OBJECTS, "_attr_value", hdf5_guard._attribute_value)


def unguarded_links(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OBJECTS, "_decode_link_msg", staticmethod(cast(Any, hdf5_guard._decoded_link)))


def attributes_read_elsewhere(patch: pytest.MonkeyPatch) -> None:
    """As a later version might, which has another method for the values."""
    patch.setattr(OBJECTS, "_later_value", hdf5_guard._attribute_value, raising=False)
    patch.setattr(OBJECTS, "_parse_attribute_msg", lambda objects, *_: ("a", objects._later_value))


def links_that_are_followed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OBJECTS, "get_links", lambda _: {})


def a_parser_that_is_gone(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(OBJECTS, "_parse_attribute_msg")


@pytest.mark.parametrize(
    "change",
    [unguarded_attributes, unguarded_links, attributes_read_elsewhere, links_that_are_followed, a_parser_that_is_gone],
)
def test_without_the_limits_nothing_is_opened(
    change: Callable[[pytest.MonkeyPatch], None], sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch)
    opened: list[Any] = []
    monkeypatch.setattr("builtins.open", lambda *arguments, **_: opened.append(arguments))
    with pytest.raises(EngineFailed, match="pip install") as failed:
        Hdf5(sound, sound.stat().st_size)
    monkeypatch.undo()
    assert pyfive.__version__ in str(failed.value)
    assert opened == []


def test_one_text_that_is_there_is_read_and_more_than_there_are_bytes_are_not() -> None:
    content = hdf5_guard.file_with_texts(1)
    assert Hdf5(io.BytesIO(content), len(content))._file.attrs["a"].tolist() == [None]
    content = hdf5_guard.file_with_texts(2**40)
    with pytest.raises(Refused) as refused:
        Hdf5(io.BytesIO(content), len(content)).names("/", "a")
    assert refused.value.code is RefusalCode.DAMAGED


def test_a_link_into_another_file_is_called_that() -> None:
    content = hdf5_guard.file_with_link_outside()
    with pytest.raises(Refused) as refused:
        Hdf5(io.BytesIO(content), len(content))
    assert refused.value.code is RefusalCode.OUTSIDE_DATA


def test_pyfive_unpacks_nothing(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own unpacking has no limit: where it is taken away, compressed arrays are still read."""
    values = np.arange(40, dtype=np.float32).reshape(8, 5)
    with h5py.File(sound, "w") as file:
        file.create_dataset("weights", data=values, chunks=(3, 2), compression="gzip", shuffle=True, fletcher32=True)
    monkeypatch.delattr(pyfive.btree.BTreeV1RawDataChunks, "_filter_chunk")
    monkeypatch.delattr(pyfive.btree, "zlib")
    array = Hdf5(sound, sound.stat().st_size).array("weights")
    assert array is not None
    np.testing.assert_array_equal(array.read(), values)


def test_an_array_of_a_layout_that_is_not_known_is_not_handed_to_pyfive(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later pyfive may read further layouts, which may be compressed."""
    array = Hdf5(sound, sound.stat().st_size).array("weights")
    assert array is not None
    monkeypatch.setattr(array._dataset.id, "layout_class", 4)
    monkeypatch.setattr(pyfive.Dataset, "__getitem__", lambda *_: pytest.fail("pyfive has read it"))
    with pytest.raises(Refused):
        array.read()


def test_a_chunk_that_unfolds_far_beyond_its_size_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("weights", shape=(4, 4), dtype="f4", chunks=(4, 4), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(1 << 26)))
    array = Hdf5(path, path.stat().st_size).array("weights")
    assert array is not None
    tracemalloc.start()
    with pytest.raises(Refused) as refused:
        array.read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code is RefusalCode.DAMAGED
    assert peak < 1 << 20
