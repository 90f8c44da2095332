"""HDF5 as far as Keras files need it: named attributes and named arrays.

The bytes are read by pyfive, which is written in Python: a damaged or hostile file ends in an exception, never in
memory that belongs to something else. Whatever it raises becomes a refusal here. Only paths that are asked for are
looked up, and the declared shape and type of an array are known before any of its bytes are read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyfive
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import hdf5_chunks
from filterviz.reader.damage import DAMAGED_HINT, damage_refused, outside
from filterviz.reader.hdf5_guard import require_guard
from filterviz.reader.hdf5_numbers import number_type
from filterviz.reader.small_floats import SMALL_FLOATS

MAGIC = b"\x89HDF\r\n\x1a\n"

EXTERNAL_FILES = 0x0007
"""The header message that lists files with an array's data (HDF5 specification 3.0, section IV.A.2.h)."""

MOST_NAMES = 20_000
LONGEST_NAME = 1024
EXPANSION = 200
"""How many times larger than the file an array may be; trained weights hardly compress at all."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array in the file that has not been read.

    Attributes:
        path: Path of the array in the file.
        shape: Shape as declared.
        dtype: Type as declared: a number, or bytes that ``small`` gives a meaning.
        small: Name of the type in :data:`~filterviz.reader.small_floats.SMALL_FLOATS`, where it is one of those.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    _dataset: Any
    small: str | None = None

    def read(self) -> NDArray[np.float32]:
        """The numbers, as float32.

        Raises:
            Refused: They cannot be read.
        """
        with damage_refused(self.path):
            values = hdf5_chunks.read(self._dataset)
            if values.shape != self.shape:
                raise ValueError(values.shape)
            if self.small is None:
                return values.astype(np.float32)
            known = SMALL_FLOATS[self.small]
            # Where HDF5 itself calls the bytes a number, pyfive has read a half, perhaps with its bytes swapped.
            whole = values.astype(values.dtype.newbyteorder("<")).view(f"<u{known.size}")
            return known.decode(whole.reshape(self.shape))


class Hdf5:
    """One HDF5 file.

    Args:
        source: Path of the file, or a file object that can seek.
        size: Size of the file in bytes.

    Raises:
        Refused: The file is damaged.
        EngineFailed: The installed pyfive cannot be kept within limits.
    """

    def __init__(self, source: Path | IO[bytes], size: int) -> None:
        require_guard()
        self._size = size
        self._groups: dict[str, Any] = {}
        with damage_refused():
            self._file = pyfive.File(str(source) if isinstance(source, Path) else source)
            # On Windows some versions of Keras joined the names of groups with backslashes into the name of one group.
            self._joined = {name.replace("\\", "/"): name for name in self._file if "\\" in name}

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __contains__(self, path: str) -> bool:
        return self._find(path) is not None or bool(self._joined and self.members(path))

    def members(self, path: str) -> tuple[str, ...]:
        """The names in a group; empty where there is no such group."""
        found = self._find(path)
        names: tuple[str, ...] = ()
        if isinstance(found, pyfive.Group):
            with damage_refused(path):
                names = tuple(found)
        if self._joined:
            start = path.strip("/") + "/" if path.strip("/") else ""
            below = (name[len(start) :].split("/")[0] for name in self._joined if name.startswith(start))
            names = tuple(dict.fromkeys((*(name for name in names if "\\" not in name), *below)))
        if len(names) > MOST_NAMES:
            raise Refused(RefusalCode.TOO_LARGE, f"The group {path!r} has far too many members.", path, DAMAGED_HINT)
        return names

    def is_array(self, path: str) -> bool:
        """Whether there is an array at a path, whatever it holds and wherever its data lies."""
        return isinstance(self._find(path), pyfive.Dataset)

    def text(self, path: str, attribute: str, limit: int) -> str | None:
        """The text of an attribute; ``None`` where there is no such attribute.

        Args:
            path: Path of a group or an array.
            attribute: Name of the attribute.
            limit: The most bytes that the text may have.

        Raises:
            Refused: It has more, or is no text.
        """
        value = self._attribute(path, attribute)
        if value is None:
            return None
        with damage_refused(attribute):
            if isinstance(value, np.ndarray):
                value = value.reshape(-1)[0] if value.size == 1 else b"".join(value.reshape(-1).tolist())
            if len(value) > limit:
                message = f"The description {attribute!r} in the file is larger than any network's."
                raise Refused(RefusalCode.TOO_LARGE, message, attribute, "Save the model again.")
            return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")

    def names(self, path: str, attribute: str) -> tuple[str, ...]:
        """A list of names; Keras splits long lists into ``attribute0``, ``attribute1`` and so on.

        Raises:
            Refused: It is far too long, or no list of names.
        """
        value = self._attribute(path, attribute)
        parts = [value] if value is not None else []
        while not parts or value is None:
            part = self._attribute(path, f"{attribute}{len(parts)}")
            if part is None:
                break
            parts.append(part)
        found: list[str] = []
        with damage_refused(attribute):
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
        """The array at a path; ``None`` where there is none.

        Raises:
            Refused: It is not one of numbers, its data lies in another file, or it claims to be far too large.
        """
        found = self._find(path)
        if not isinstance(found, pyfive.Dataset):
            return None
        with damage_refused(path):
            header = self._file._get_dataobjects(found._dataobjects.offset)
            if found.id.layout_class == hdf5_chunks.VIRTUAL or header.find_msg_type(EXTERNAL_FILES):
                raise outside(path)
            shape, dtype = tuple(int(side) for side in found.shape), np.dtype(found.dtype)
            known, small = number_type(found, header)
            if not known or dtype.itemsize > 8 or len(shape) > 6 or min(shape, default=1) < 0:
                message = f"The weights {path!r} are not numbers."
                raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, path, "Save the model again.")
            if max(prod(shape) * dtype.itemsize, hdf5_chunks.chunk_bytes(found)) > EXPANSION * self._size:
                message = f"The weights {path!r} claim to be far larger than the whole file."
                raise Refused(RefusalCode.TOO_LARGE, message, path, DAMAGED_HINT)
            return Array(path, shape, dtype, found, small)

    def _find(self, path: str) -> Any:
        """The object at a path, or ``None``. Soft links and links out of the file are refused, never followed."""
        if len(path) > 4 * LONGEST_NAME:
            return None
        here: Any = self._file
        walked = ""
        with damage_refused(path):
            for part in self._parts(path):
                if part == ".." or not isinstance(here, pyfive.Group) or part not in here._links:
                    return None
                if not isinstance(here._links[part], int | np.integer):
                    raise outside(path)
                walked += f"/{part}"
                # pyfive lists all members of a group when it makes it, and one may hold hundreds of layers.
                if walked not in self._groups:
                    found = here.get_lazy_view(part)
                    if not isinstance(found, pyfive.Group):
                        here = found
                        continue
                    self._groups[walked] = found
                here = self._groups[walked]
            return here

    def _parts(self, path: str) -> Iterator[str]:
        """The names of the groups on the way to an object, and its own."""
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
        with damage_refused(attribute):
            return found.attrs.get(attribute)
