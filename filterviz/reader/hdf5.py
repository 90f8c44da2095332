"""HDF5 as far as Keras files need it: named attributes, named arrays, nothing else.

The bytes are read by pyfive, which is Python all through: a damaged or hostile file ends in an exception, never in
foreign memory. Whatever it raises becomes a refusal here, so the rest of the reader knows no HDF5 errors. Nothing is
walked: only paths that are asked for are looked up, and an array's declared shape and type are known before any of its
bytes are read.
"""

from __future__ import annotations

import functools
import posixpath
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyfive
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.small_floats import SMALL_FLOATS

# For a line in a log pyfive looks up its own version whenever it reads an array stored in chunks. That searches folders
# of installed packages, which a child that has opened a file must not do: it gets the answer that it got here.
pyfive.h5d.version = functools.cache(pyfive.h5d.version)
pyfive.h5d.version("pyfive")

MAGIC = b"\x89HDF\r\n\x1a\n"

DATATYPE, EXTERNAL_FILES = 0x0003, 0x0007
FLOATING_POINT = 1
VIRTUAL_LAYOUT = 3
EXTERNAL_LINK = 64
"""HDF5 specification 3.0, sections IV.A.2.d (Datatype, class), IV.A.2.g (Link), IV.A.2.h (External Data Files),
IV.A.2.i (Data Layout, class)."""

Layout = tuple[int, int, int, int, int, int]

FLOATS: dict[Layout, str | None] = {
    (16, 10, 5, 0, 10, 15): None,
    (32, 23, 8, 0, 23, 127): None,
    (64, 52, 11, 0, 52, 1023): None,
    (16, 7, 8, 0, 7, 127): "bfloat16",
}
"""The layouts of floating-point numbers that are understood: precision, place and size of the exponent, place and size
of the mantissa, bias; ``None`` for those of NumPy. pyfive takes all others for the one of the same size."""

CHECKSUM = 4
"""Bytes that a checksum adds to a chunk."""

MOST_NAMES = 20_000
LONGEST_NAME = 1024
EXPANSION = 200
"""How many times larger than the file an array may be; trained weights hardly compress at all."""

DAMAGED = "The file is damaged or was cut short."
DAMAGED_HINT = "Download or copy it again, or save the model once more."
NO_ROOM = "Reading this file takes more memory than it may."
NO_ROOM_HINT = "If it is not damaged, save the model without its optimizer: include_optimizer=False."


@contextmanager
def guarded(where: str = "") -> Iterator[None]:
    """Turn whatever reading may raise into a refusal."""
    try:
        yield
    except Refused:
        raise
    except MemoryError as error:
        raise Refused(RefusalCode.TOO_LARGE, NO_ROOM, where, NO_ROOM_HINT) from error
    except Exception as error:  # pyfive raises whatever its parsing ran into
        if _met_external_link(error):
            raise outside(where) from error
        raise Refused(RefusalCode.DAMAGED, DAMAGED, where, DAMAGED_HINT) from error


def _met_external_link(error: Exception) -> bool:
    """Whether pyfive gave up because of a link into another file, which it asserts that there are none of."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_locals.get("link_type") == EXTERNAL_LINK


class _Inflater:
    """What pyfive unpacks chunks with, in place of :mod:`zlib`: it stops where a chunk is full.

    Attributes:
        limit: bytes that a chunk of the array at hand may have.
    """

    limit = 0

    def decompress(self, packed: bytes) -> bytes:
        chunk = zlib.decompressobj().decompress(packed, self.limit + 1)
        if len(chunk) > self.limit:
            message = "a chunk unfolds to more than its size"
            raise ValueError(message)
        return chunk


inflater = _Inflater()
pyfive.btree.zlib = inflater


_attribute_value = pyfive.dataobjects.DataObjects._attr_value


def _bounded_attribute_value(objects: Any, kind: Any, content: bytes | None, count: int, offset: int) -> Any:
    """What pyfive reads an attribute's values with, in front of which their number is checked.

    Of texts pyfive makes an array as long as the file says before it reads the first; but every value has a byte.
    """
    if count > len(content or b""):
        message = "an attribute claims more values than there are bytes"
        raise ValueError(message)
    return _attribute_value(objects, kind, content, count, offset)


pyfive.dataobjects.DataObjects._attr_value = _bounded_attribute_value


@dataclass(frozen=True, slots=True)
class Array:
    """An array in the file that has not been read.

    Attributes:
        path: in the file.
        shape: as declared.
        dtype: as declared; a number type, or bytes that ``small`` gives a meaning.
        small: the name of a type of :data:`~filterviz.reader.small_floats.SMALL_FLOATS`, where it is one.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    _dataset: Any
    small: str | None = None

    def read(self) -> NDArray[np.float32]:
        """The numbers, as float32.

        Raises:
            Refused: they cannot be read.
        """
        with guarded(self.path):
            inflater.limit = _chunk_size(self._dataset) + CHECKSUM
            values = np.asarray(self._dataset[()])
            if values.shape != self.shape:
                raise ValueError(values.shape)
            if self.small is None:
                return values.astype(np.float32)
            known = SMALL_FLOATS[self.small]
            # pyfive has taken the bytes for a half where HDF5 itself calls them a number, and turned them if need be.
            whole = values.astype(values.dtype.newbyteorder("<")).view(f"<u{known.size}")
            return known.decode(whole.reshape(self.shape))


class Hdf5:
    """One HDF5 file.

    Args:
        source: a path, or a file object that can seek.
        size: of the file in bytes.
    """

    def __init__(self, source: Path | IO[bytes], size: int) -> None:
        self._size = size
        self._groups: dict[str, Any] = {}
        with guarded():
            self._file = pyfive.File(str(source) if isinstance(source, Path) else source)
            # On Windows some versions of Keras joined the names of groups with backslashes into the name of one group.
            self._joined = {name.replace("\\", "/"): name for name in self._file if "\\" in name}

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __contains__(self, path: str) -> bool:
        return self._find(path) is not None or bool(self._joined and self.members(path))

    def members(self, path: str) -> tuple[str, ...]:
        """The names in a group; none if there is no such group."""
        found = self._find(path)
        names: tuple[str, ...] = ()
        if isinstance(found, pyfive.Group):
            with guarded(path):
                names = tuple(found)
        if self._joined:
            start = path.strip("/") + "/" if path.strip("/") else ""
            below = (name[len(start) :].split("/")[0] for name in self._joined if name.startswith(start))
            names = tuple(dict.fromkeys((*(name for name in names if "\\" not in name), *below)))
        if len(names) > MOST_NAMES:
            raise Refused(RefusalCode.TOO_LARGE, f"The group {path!r} has far too many members.", path, DAMAGED_HINT)
        return names

    def is_array(self, path: str) -> bool:
        """Whether there is an array at a path, whatever it holds and wherever it says that lies."""
        return isinstance(self._find(path), pyfive.Dataset)

    def text(self, path: str, attribute: str, limit: int) -> str | None:
        """A text attribute; ``None`` if there is none.

        Raises:
            Refused: it is larger than ``limit`` bytes, or no text.
        """
        value = self._attribute(path, attribute)
        if value is None:
            return None
        with guarded(attribute):
            if isinstance(value, np.ndarray):
                value = value.reshape(-1)[0] if value.size == 1 else b"".join(value.reshape(-1).tolist())
            if len(value) > limit:
                message = f"The description {attribute!r} in the file is larger than any network's."
                raise Refused(RefusalCode.TOO_LARGE, message, attribute, "Save the model again.")
            return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")

    def names(self, path: str, attribute: str) -> tuple[str, ...]:
        """A list of names; Keras splits long ones over ``attribute0``, ``attribute1`` and so on."""
        value = self._attribute(path, attribute)
        parts = [value] if value is not None else []
        while not parts or value is None:
            part = self._attribute(path, f"{attribute}{len(parts)}")
            if part is None:
                break
            parts.append(part)
        found: list[str] = []
        with guarded(attribute):
            for part in parts:
                entries = np.asarray(part).reshape(-1)
                if len(found) + len(entries) > MOST_NAMES:
                    message = f"The list {attribute!r} in the file is far too long."
                    raise Refused(RefusalCode.TOO_LARGE, message, path, DAMAGED_HINT)
                for entry in entries:
                    if not isinstance(entry, bytes | str) or len(entry) > LONGEST_NAME:
                        raise TypeError(attribute)
                    found.append(entry.decode("utf-8", "replace") if isinstance(entry, bytes) else str(entry))
        return tuple(found)

    def array(self, path: str) -> Array | None:
        """An array, by its path; ``None`` if there is none.

        Raises:
            Refused: it is no plain array of numbers inside this file.
        """
        found = self._find(path)
        if not isinstance(found, pyfive.Dataset):
            return None
        with guarded(path):
            header = self._file._get_dataobjects(found._dataobjects.offset)
            if found.id.layout_class == VIRTUAL_LAYOUT or header.find_msg_type(EXTERNAL_FILES):
                raise outside(path)
            shape, dtype = tuple(int(side) for side in found.shape), np.dtype(found.dtype)
            known, small = _number(dtype, header, found)
            if not known or dtype.itemsize > 8 or len(shape) > 6 or min(shape, default=1) < 0:
                message = f"The weights {path!r} are not numbers."
                raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, path, "Save the model again.")
            if max(prod(shape) * dtype.itemsize, _chunk_size(found)) > EXPANSION * self._size:
                message = f"The weights {path!r} claim to be far larger than the whole file."
                raise Refused(RefusalCode.TOO_LARGE, message, path, DAMAGED_HINT)
            return Array(path, shape, dtype, found, small)

    def _find(self, path: str) -> Any:
        """The object at a path, or ``None``. Links out of the file, and soft links, are refused and not followed."""
        if len(path) > 4 * LONGEST_NAME:
            return None
        here: Any = self._file
        walked = ""
        with guarded(path):
            for part in self._parts(path):
                if part == ".." or not isinstance(here, pyfive.Group) or part not in here._links:
                    return None
                if not isinstance(here._links[part], int | np.integer):
                    raise outside(path)
                walked += f"/{part}"
                # A group lists all its members when it is made, and one may hold hundreds of layers.
                if walked not in self._groups:
                    found = here.get_lazy_view(part)
                    if not isinstance(found, pyfive.Group):
                        here = found
                        continue
                    self._groups[walked] = found
                here = self._groups[walked]
            return here

    def _parts(self, path: str) -> Iterator[str]:
        """The names of the groups on the way."""
        parts = [part for part in posixpath.normpath(path).split("/") if part not in ("", ".")]
        for count in range(len(parts), 0, -1) if self._joined else ():
            joined = self._joined.get("/".join(parts[:count]))
            if joined is not None:
                parts = [joined, *parts[count:]]
                break
        yield from parts

    def _attribute(self, path: str, attribute: str) -> Any:
        found = self._find(path)
        if found is None:
            return None
        with guarded(attribute):
            return found.attrs.get(attribute)


def _number(dtype: np.dtype[Any], header: Any, dataset: Any) -> tuple[bool, str | None]:
    """Whether a type is one of numbers, and which of those that NumPy does not have."""
    if dtype.kind in "iu":
        return True, None
    if dtype.kind == "f":
        layout = _float_layout(header)
        return layout in FLOATS, None if layout is None else FLOATS.get(layout)
    if dtype.kind != "V" or dtype.names is not None:
        return False, None
    # NumPy's types of other packages are written as bytes without a meaning; archives say it beside them. Of two bytes
    # Keras has only one such type, as float16 is NumPy's own.
    name = dataset.attrs.get("dtype", "bfloat16")
    name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    known = SMALL_FLOATS.get(name) if isinstance(name, str) else None
    return known is not None and known.size == dtype.itemsize, name if known is not None else None


def _float_layout(header: Any) -> Layout | None:
    """How the bits of a floating-point number are used, as :data:`FLOATS` lists it."""
    message = header.find_msg_type(DATATYPE)[0]
    start = message["offset_to_message"]
    kind, first_bit = header.msg_data[start], struct.unpack_from("<H", header.msg_data, start + 8)[0]
    if kind & 15 != FLOATING_POINT or first_bit:
        return None
    precision, exponent, exponent_bits, mantissa, mantissa_bits, bias = struct.unpack_from(
        "<HBBBBI", header.msg_data, start + 10
    )
    return precision, exponent, exponent_bits, mantissa, mantissa_bits, bias


def _chunk_size(dataset: Any) -> int:
    """Bytes of one chunk of an array, unpacked; 0 where it is not stored in chunks."""
    return prod(int(side) for side in dataset.chunks) * dataset.dtype.itemsize if dataset.chunks else 0


def outside(path: str) -> Refused:
    """The refusal of anything that lies, or says it lies, in another file."""
    message = f"The weights {path!r} are not in this file: it points to another place for them."
    return Refused(RefusalCode.OUTSIDE_DATA, message, path, 'Save the model again with model.save("file.h5").')
