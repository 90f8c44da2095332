"""Limits that pyfive does not set itself, put into it, and the proof that they hold.

pyfive has no setting for them, so two of its functions are wrapped. A later version may move or bypass these functions,
and nothing would tell that a limit is gone. So :func:`require_guard` gives pyfive two small hostile files before any
other file is read: unless the wrappers stop both, no HDF5 file is opened at all.

Two further dangers need no wrapper. pyfive never unpacks a compressed chunk here, because
:mod:`~filterviz.reader.hdf5_chunks` does that itself, under a limit. And :class:`~filterviz.reader.hdf5.Hdf5` follows
only links to an address in the same file.
"""

from __future__ import annotations

import functools
import io
import struct
from typing import Any

import pyfive

from filterviz.errors import EngineFailed, Refused
from filterviz.reader.damage import outside

ATTRIBUTE, LINK = 0x0C, 0x06
LINK_TYPE_PRESENT = 0x08
EXTERNAL_LINK = 64
"""Types of messages, a flag and a type of links (HDF5 specification 3.0, sections IV.A.2.m and IV.A.2.g)."""

UNGUARDED = (
    "Files cannot be read safely with the installed version of pyfive ({version}). "
    'Install another one: pip install "pyfive>=1.3,<1.4".'
)

# pyfive looks up its own version for a line in a log whenever it reads the index of a chunked array. That searches the
# folders of installed packages, which a child that has opened a file must not do: it gets the answer found here.
pyfive.h5d.version = functools.cache(pyfive.h5d.version)
pyfive.h5d.version("pyfive")


class TooManyValues(ValueError):
    """An attribute claims more values than it has bytes."""


# None where pyfive has them no longer: require_guard then finds that the wrappers are never called.
_attribute_value = getattr(pyfive.dataobjects.DataObjects, "_attr_value", None)
_decoded_link = getattr(pyfive.dataobjects.DataObjects, "_decode_link_msg", None)


def _bounded_attribute_value(objects: Any, kind: Any, content: bytes | None, count: int, offset: int) -> Any:
    """Read the values of an attribute, after a check of their number.

    pyfive allocates an array as long as the file claims before it reads the first text; but every value has a byte.
    """
    if count > len(content or b""):
        raise TooManyValues
    return _attribute_value(objects, kind, content, count, offset)  # type: ignore[misc]


def _inner_link(content: bytes, offset: int) -> Any:
    """Decode a link, unless it leads into another file."""
    if content[offset + 1] & LINK_TYPE_PRESENT and content[offset + 2] == EXTERNAL_LINK:
        raise outside()
    return _decoded_link(content, offset)  # type: ignore[misc]


pyfive.dataobjects.DataObjects._attr_value = _bounded_attribute_value
pyfive.dataobjects.DataObjects._decode_link_msg = staticmethod(_inner_link)


def require_guard() -> None:
    """Make sure that the limits are in force; it takes about a tenth of a millisecond.

    Raises:
        EngineFailed: They are not, because this version of pyfive works differently inside. Nothing may be read.
    """
    if not (_stopped(file_with_texts(1000), TooManyValues) and _stopped(file_with_link_outside(), Refused)):
        raise EngineFailed(UNGUARDED.format(version=pyfive.__version__))


def _stopped(content: bytes, error: type[Exception]) -> bool:
    """Whether reading the outermost group of a file ends in this error and in no other way."""
    try:
        _ = pyfive.File(io.BytesIO(content)).attrs
    except error:
        return True
    except Exception:  # pyfive raises whatever its parsing runs into
        return False
    return False


def file_with_texts(count: int) -> bytes:
    """An HDF5 file whose outermost group has one attribute, ``a``: a list of texts, of which one is stored.

    Args:
        count: How many texts the attribute claims to have.
    """
    text_type = struct.pack("<4BI4BI", 0x19, 1, 0, 0, 16, 0x13, 0, 0, 0, 1)
    space = struct.pack("<4BQ", 2, 1, 0, 1, count)
    head = struct.pack("<BBHHHB", 3, 0, 2, len(text_type), len(space), 0)
    return _file(ATTRIBUTE, head + b"a\0" + text_type + space + bytes(16))


def file_with_link_outside() -> bytes:
    """An HDF5 file whose outermost group has one member, ``w``: a link to ``/w`` in the file ``x.h5``."""
    target = b"\0x.h5\0/w\0"
    return _file(
        LINK, struct.pack("<4B", 1, LINK_TYPE_PRESENT, EXTERNAL_LINK, 1) + b"w" + struct.pack("<H", 9) + target
    )


def _file(kind: int, content: bytes) -> bytes:
    """The smallest HDF5 file (superblock of version 2) whose outermost group has one header message."""
    nowhere = 2**64 - 1
    message = struct.pack("<BHB", kind, len(content), 0) + content
    header = b"OHDR" + struct.pack("<BBH", 2, 1, len(message)) + message + bytes(4)
    start = 48
    superblock = struct.pack("<8s4B4QI", b"\x89HDF\r\n\x1a\n", 2, 8, 8, 0, 0, nowhere, start + len(header), start, 0)
    return superblock + header
