"""Arrays stored in chunks are read as h5py wrote them, and no chunk unfolds beyond its size."""

from __future__ import annotations

import io
import zlib
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import Hdf5
from filterviz.reader.hdf5_chunks import inflate, unshuffle, without_checksum

SIDES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def written(values: NDArray[Any], **storage: Any) -> NDArray[np.float32]:
    """What is read of an array that h5py has written."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("weights", data=values, **storage)
    array = Hdf5(content, content.getbuffer().nbytes).array("weights")
    assert array is not None
    return array.read()


@given(
    sides=SIDES,
    data=st.data(),
    dtype=st.sampled_from(["<f4", ">f4", "<f2", "<f8", "i1", "u1", ">i4"]),
    gzip=st.sampled_from([None, "gzip"]),
    shuffle=st.booleans(),
    fletcher32=st.booleans(),
)
def test_every_way_of_packing_gives_the_numbers_back(
    sides: list[int], data: st.DataObject, dtype: str, gzip: str | None, shuffle: bool, fletcher32: bool
) -> None:
    chunks = tuple(data.draw(st.integers(1, side)) for side in sides)
    values = np.random.default_rng(0).integers(0, 100, sides).astype(dtype)
    found = written(values, chunks=chunks, compression=gzip, shuffle=shuffle, fletcher32=fletcher32)
    np.testing.assert_array_equal(found, values.astype(np.float32))


def test_a_chunk_that_was_stored_without_a_filter_is_taken_as_it_is() -> None:
    content, values = io.BytesIO(), np.arange(6, dtype="<f4")
    with h5py.File(content, "w") as file:
        dataset = file.create_dataset("weights", shape=(6,), dtype="<f4", chunks=(6,), compression="gzip", shuffle=True)
        dataset.id.write_direct_chunk((0,), values.tobytes(), filter_mask=0b11)
    array = Hdf5(content, content.getbuffer().nbytes).array("weights")
    assert array is not None
    assert array.read().tolist() == values.tolist()


def test_what_was_never_written_has_the_value_that_the_file_says() -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("weights", shape=(2, 3), dtype="f4", chunks=(1, 3), fillvalue=2.5)
    array = Hdf5(content, content.getbuffer().nbytes).array("weights")
    assert array is not None
    assert array.read().tolist() == [[2.5] * 3] * 2


def test_a_chunk_that_is_missing_among_others_is_damage() -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("weights", shape=(4,), dtype="f4", chunks=(2,))[:2] = 1
    array = Hdf5(content, content.getbuffer().nbytes).array("weights")
    assert array is not None
    with pytest.raises(Refused) as refused:
        array.read()
    assert refused.value.code is RefusalCode.DAMAGED


def test_a_filter_that_is_not_read_is_called_by_its_name() -> None:
    with pytest.raises(Refused, match="LZF"):
        written(np.zeros((8, 8), np.float32), chunks=(8, 8), compression="lzf")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_more_is_unpacked_than_the_limit(content: bytes, limit: int) -> None:
    packed = zlib.compress(content)
    if len(content) <= limit:
        assert inflate(packed, limit) == content
    else:
        with pytest.raises(ValueError, match="more than its size"):
            inflate(packed, limit)


@given(st.binary(max_size=100), st.integers(1, 9))
def test_unshuffling_puts_each_numbers_bytes_together(content: bytes, size: int) -> None:
    count = len(content) // size
    whole, rest = content[: count * size], content[count * size :]
    shuffled = b"".join(whole[first::size] for first in range(size)) + rest
    assert unshuffle(shuffled, size) == content


@given(st.binary(max_size=100), st.integers(0, 10**6))
def test_a_checksum_that_does_not_fit_is_damage(content: bytes, position: int) -> None:
    words = [int.from_bytes((content + b"\0")[at : at + 2], "big") for at in range(0, len(content), 2)]
    first = second = 0
    for word in words:
        first = (first + word) % 65535
        second = (second + first) % 65535
    whole = content + (second << 16 | first).to_bytes(4, "little")
    assert without_checksum(whole) == content
    damaged = bytearray(whole)
    damaged[position % len(whole)] ^= 0x55
    with pytest.raises(ValueError, match="checksum"):
        without_checksum(bytes(damaged))


@pytest.mark.parametrize("length", range(4))
def test_a_chunk_shorter_than_its_checksum_is_damage(length: int) -> None:
    with pytest.raises(ValueError, match="checksum"):
        without_checksum(bytes(length))
