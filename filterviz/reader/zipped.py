"""Members of zip archives, read into memory under limits: nothing is unpacked to disk, no declared size is trusted."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.damage import damage_refused

MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
"""First bytes of an archive without any member, which consists of its end alone."""

CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""

LONGEST_READ = 3 << 20
"""The most bytes of an archive that are read at a time. :mod:`zipfile` reads the directory in one piece, and makes an
object of half a kilobyte of every 50 bytes of it."""

EXPANSION, EXPANSION_OF_LARGE, LARGE = 100, 10, 96 << 20
"""How many times larger than its packed form a member may be, and how many times the part of it beyond ``LARGE`` bytes.
Trained weights hardly shrink at all, and pruned ones by less than ten times."""

LEAST_PACKED = 1 << 14
"""The packed size that is assumed at least, in bytes, as a short text may shrink a lot."""

LOCKED = 1
"""The bit of a member's flags that is set where it is encrypted (APPNOTE 4.4.4)."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods that are unpacked: those that Keras, operating systems and browsers write. With the others nothing bounds the
memory that unpacking a single piece takes."""

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""Errors that :mod:`zipfile` raises at a damaged archive."""

OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
"""Names of other methods (APPNOTE 4.4.5), for a refusal."""

SMALLER = "Choose the Keras file (.h5 or .keras) in it by itself."
SAVE_AGAIN = "Unpack the archive, and choose the Keras file (.h5 or .keras) in it."


class _Source(io.RawIOBase):
    """An archive that hands out no more than :data:`LONGEST_READ` bytes at a time.

    Args:
        file: The bytes of the archive.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and 0 <= size <= LONGEST_READ:
            return self._file.read(size)
        content = self._file.read(LONGEST_READ + 1)
        if len(content) > LONGEST_READ:
            raise too_many()
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


@contextmanager
def opened(source: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open an archive and read its directory; errors in it, and inside the ``with`` block, become refusals.

    Args:
        source: Path of the archive, or the archive in memory.

    Raises:
        Refused: It is damaged, has more members than are looked at, or two of the same name.
        OSError: The file cannot be opened.
    """
    file: IO[bytes] = source.open("rb") if isinstance(source, Path) else source
    with file, damage_refused(errors=_DAMAGE), zipfile.ZipFile(_Source(file)) as archive:
        # Of two members of one name, zipfile takes one and other programs the other.
        if len({plain(member.filename) for member in archive.filelist}) < len(archive.filelist):
            what = "The archive holds two files of the same name."
            raise Refused(RefusalCode.DAMAGED, what, "", "Pack it again, or save the model once more.")
        yield archive


def plain(name: str) -> str:
    """A member's name with slashes, where some programs for Windows write backslashes."""
    return name.replace("\\", "/")


def too_many() -> Refused:
    """The refusal of an archive with more members than are looked at."""
    return Refused(RefusalCode.TOO_LARGE, "The archive holds far more files than a model needs.", "", SMALLER)


def unreadable(member: zipfile.ZipInfo) -> str | None:
    """Why a member cannot be unpacked here, as the end of a sentence about it; ``None`` where it can."""
    if member.flag_bits & LOCKED:
        return "is locked with a password"
    if member.compress_type not in METHODS:
        name = OTHER_METHODS.get(member.compress_type, f"number {member.compress_type}")
        return f"is packed by a method that is not read here ({name})"
    return None


def read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> io.BytesIO:
    """The bytes of a member, as a stream at its beginning. Reading stops at the limit, whatever the directory declares.

    Args:
        archive: An archive from :func:`opened`.
        member: One of its members.
        limit: The most bytes that it may have, unpacked.

    Raises:
        Refused: It is larger, expands further than trained weights do, or cannot be unpacked here.
    """
    reason = unreadable(member)
    if reason is not None:
        what = f"The part {member.filename[:60]!a} of the archive {reason}."
        raise Refused(RefusalCode.DAMAGED, what, member.filename, SAVE_AGAIN)
    packed = max(member.compress_size, LEAST_PACKED)
    too_large = Refused(
        RefusalCode.TOO_LARGE,
        f"The part {member.filename[:60]!a} of the archive is too large.",
        member.filename,
        "Save the model without its optimizer: include_optimizer=False.",
    )
    if member.file_size > min(limit, EXPANSION * packed, LARGE + EXPANSION_OF_LARGE * packed):
        raise too_large
    # A stream grows in place; pieces that are joined at the end would be in memory twice for a moment.
    content = io.BytesIO()
    with archive.open(member) as stream:
        while piece := stream.read(min(CHUNK, limit + 1 - content.tell())):
            content.write(piece)
            if content.tell() > limit:
                raise too_large
    content.seek(0)
    return content


def holds(archive: zipfile.ZipFile, member: zipfile.ZipInfo, words: bytes) -> bool:
    """Whether a member holds these bytes somewhere; false where it is damaged or expands further than weights do."""
    if member.file_size > EXPANSION * max(member.compress_size, LEAST_PACKED):
        return False
    try:
        with archive.open(member) as stream:
            end = b""
            while piece := stream.read(CHUNK):
                searched = end + piece
                if words in searched:
                    return True
                end = searched[-len(words) :]
    except _DAMAGE:
        pass
    return False


def head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes | None:
    """The first bytes of a member, or all of them if it has fewer.

    Args:
        archive: An archive from :func:`opened`.
        member: One of its members.
        size: How many bytes.

    Returns:
        Empty where the member cannot be unpacked here, and ``None`` where it is damaged.
    """
    if unreadable(member) is not None:
        return b""
    try:
        with archive.open(member) as stream:
            return stream.read(size)
    except _DAMAGE:  # the other members may be sound
        return None
