"""The numbers of an array in an HDF5 file; those stored in chunks are unpacked here, within the size of a chunk.

pyfive finds the chunks and hands them out as they lie in the file. They are unpacked here, because a deflated chunk
of a few kilobytes may unfold to gigabytes, and pyfive sets no limit.
"""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = range(4)
"""Layouts of an array (HDF5 specification 3.0, section IV.A.2.i)."""

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
OTHER_FILTERS = {
    4: "szip",
    5: "N-bit",
    6: "scale-offset",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32015: "Zstandard",
}
"""Filters (section IV.A.2.l, and the registry of the HDF Group); of the others only the name is known here."""

CHECKSUM = 4
"""Bytes that a checksum adds to a chunk."""


def read(dataset: Any) -> NDArray[Any]:
    """All numbers of an array, in the type and shape that the file declares.

    Args:
        dataset: A :class:`pyfive.Dataset`.

    Raises:
        Refused: Its chunks are packed by a method that is not read here.
        Exception: Whatever pyfive or NumPy raise at damaged bytes, :exc:`ValueError` and :exc:`zlib.error` among it.
    """
    layout = dataset.id.layout_class
    if layout in (COMPACT, CONTIGUOUS):
        return np.asarray(dataset[()])
    if layout != CHUNKED:
        raise ValueError(layout)
    if not dataset.id.index:  # nothing was ever written into it
        return np.full(dataset.shape, dataset.fillvalue, dataset.dtype)
    return _from_chunks(dataset)


def chunk_bytes(dataset: Any) -> int:
    """Bytes of one chunk of an array, unpacked; 0 where it is not stored in chunks."""
    return prod(int(side) for side in dataset.chunks) * dataset.dtype.itemsize if dataset.chunks else 0


def _from_chunks(dataset: Any) -> NDArray[Any]:
    values = np.empty(dataset.shape, dataset.dtype)
    sides = [int(side) for side in dataset.chunks]
    counts = [-(-length // side) for length, side in zip(values.shape, sides, strict=True)]
    for number in np.ndindex(*counts):
        corner = tuple(at * side for at, side in zip(number, sides, strict=True))
        mask, packed = dataset.id.read_direct_chunk(corner)
        chunk = np.frombuffer(_unpacked(packed, mask, dataset), dataset.dtype).reshape(sides)
        target = values[tuple(slice(start, start + side) for start, side in zip(corner, sides, strict=True))]
        target[...] = chunk[tuple(slice(length) for length in target.shape)]
    return values


def _unpacked(chunk: bytes, mask: int, dataset: Any) -> bytes:
    """A chunk without its filters.

    Args:
        chunk: As it lies in the file.
        mask: A bit for each filter, set where this chunk was stored without it.
        dataset: The array that it is of.
    """
    for position, applied in reversed([*enumerate(dataset.id.filter_pipeline or ())]):
        kind = applied["filter_id"]
        if mask >> position & 1:
            continue
        if kind == DEFLATE:
            chunk = inflate(chunk, chunk_bytes(dataset) + CHECKSUM)
        elif kind == SHUFFLE:
            chunk = unshuffle(chunk, dataset.dtype.itemsize)
        elif kind == FLETCHER32:
            chunk = without_checksum(chunk)
        else:
            name = OTHER_FILTERS.get(kind, f"number {kind}")
            what = f"The weights {dataset.name!r} are packed by a method that is not read here ({name})."
            raise Refused(RefusalCode.DAMAGED, what, dataset.name, "Save the model again without that compression.")
    return chunk


def inflate(packed: bytes, limit: int) -> bytes:
    """The bytes that a deflated chunk holds.

    Args:
        packed: The chunk, in the zlib format.
        limit: How many bytes it may hold; no more than one further is unpacked.

    Raises:
        ValueError: It holds more.
        zlib.error: It is damaged.
    """
    chunk = zlib.decompressobj().decompress(packed, limit + 1)
    if len(chunk) > limit:
        raise ValueError("a chunk unfolds to more than its size")
    return chunk


def unshuffle(chunk: bytes, size: int) -> bytes:
    """Numbers whose bytes were sorted: all first bytes, then all second ones, and so on.

    Args:
        chunk: The sorted bytes; what is left over behind the last whole number was left as it was.
        size: Bytes of a number.
    """
    count = len(chunk) // size
    columns = np.frombuffer(chunk, np.uint8, count * size).reshape(size, count)
    return columns.T.tobytes() + chunk[count * size :]


def without_checksum(chunk: bytes) -> bytes:
    """A chunk without the Fletcher checksum of 32 bits at its end.

    Raises:
        ValueError: The checksum is another.
    """
    content, stored = chunk[:-CHECKSUM], chunk[-CHECKSUM:]
    words = np.frombuffer(content + b"\0" * (len(content) % 2), ">u2").astype(np.uint64)
    weights = np.arange(len(words), 0, -1, dtype=np.uint64) % 65535
    sums = [int(words.sum()) % 65535, int((words * weights).sum()) % 65535]
    found = int.from_bytes(stored, "little")
    # Both 0 and 65535 stand for no remainder.
    if len(stored) < CHECKSUM or [found % 65536 % 65535, (found >> 16) % 65535] != sums:
        raise ValueError("a chunk does not have its checksum")
    return content
