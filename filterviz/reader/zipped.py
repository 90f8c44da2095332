"""Members of zip archives, read into memory under limits: nothing is unpacked to disk, nothing declared is believed."""

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
"""What an archive without any member begins with, as it consists of its end alone."""

CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""

LONGEST_READ = 3 << 20
"""The most bytes of an archive that are taken at a time. :mod:`zipfile` reads the directory in one piece, and makes an
object of half a kilobyte of every 50 bytes of it."""

EXPANSION, EXPANSION_OF_LARGE, LARGE = 100, 10, 96 << 20
"""How many times larger than its packed form a member may be, and how many times what lies beyond the size ``LARGE``:
trained weights hardly shrink at all, and pruned ones by less than ten times."""

LEAST_PACKED = 1 << 14
"""Bytes that every member counts as having, packed: a short text may shrink a lot."""

LOCKED = 1
"""The bit of a member's flags that says that it is encrypted (APPNOTE 4.4.4)."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What is unpacked: what Keras, operating systems and browsers write. The others give no hold on how much memory
unpacking a single piece takes."""

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
"""What reading a damaged archive raises."""

OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
"""Names of methods of packing (APPNOTE 4.4.5), for a sentence."""

SMALLER = "Choose the Keras file (.h5 or .keras) in it by itself."
SAVE_AGAIN = "Unpack the archive, and choose the Keras file (.h5 or .keras) in it."


class _Source(io.RawIOBase):
    """An archive that hands out no more than :data:`LONGEST_READ` bytes at a time.

    Attributes:
        file: the archive's bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and 0 <= size <= LONGEST_READ:
            return self.file.read(size)
        content = self.file.read(LONGEST_READ + 1)
        if len(content) > LONGEST_READ:
            raise too_many()
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True


@contextmanager
def opened(source: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """An archive whose directory was read; what goes wrong in reading it becomes a refusal.

    Args:
        source: a path, or the archive in memory.

    Raises:
        Refused: it is damaged, or has more members than are looked at, or two of one name.
        OSError: the file cannot be opened.
    """
    file: IO[bytes] = source.open("rb") if isinstance(source, Path) else source
    with file, damage_refused(errors=_DAMAGE), zipfile.ZipFile(_Source(file)) as archive:
        # zipfile and other programs would take different ones of them for the real one.
        if len({plain(member.filename) for member in archive.filelist}) < len(archive.filelist):
            what = "The archive holds two files of one name."
            raise Refused(RefusalCode.DAMAGED, what, "", "Pack it again, or save the model once more.")
        yield archive


def plain(name: str) -> str:
    """A member's name with slashes, which some programs for Windows write as backslashes."""
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
    """A member's bytes, as a stream at its beginning. Reading stops at the limit, whatever the directory declares.

    Args:
        archive: of :func:`opened`.
        member: of it.
        limit: in bytes.

    Raises:
        Refused: it is larger, or unfolds further than honest data does, or cannot be unpacked here.
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
    # A stream grows in place, where pieces that are joined would for a moment be there twice.
    content = io.BytesIO()
    with archive.open(member) as stream:
        while piece := stream.read(min(CHUNK, limit + 1 - content.tell())):
            content.write(piece)
            if content.tell() > limit:
                raise too_large
    content.seek(0)
    return content


def holds(archive: zipfile.ZipFile, member: zipfile.ZipInfo, words: bytes) -> bool:
    """Whether a member holds these bytes somewhere; not where it is damaged or unfolds as no honest data does."""
    if member.file_size > EXPANSION * max(member.compress_size, LEAST_PACKED):
        return False
    try:
        with archive.open(member) as stream:
            end = b""
            while piece := stream.read(CHUNK):
                if words in end + piece:
                    return True
                end = piece[-len(words) :]
    except _DAMAGE:
        pass
    return False


def head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes | None:
    """The first bytes of a member, or all if there are fewer.

    Returns:
        Nothing at all where it cannot be unpacked here, and ``None`` where it is damaged.
    """
    if unreadable(member) is not None:
        return b""
    try:
        with archive.open(member) as stream:
            return stream.read(size)
    except _DAMAGE:  # in one member among others, which may be sound
        return None
