"""The Keras file inside a zip archive that holds other files too, and the list of class names beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import mistaken, zipped
from filterviz.reader.damage import DAMAGED, DAMAGED_HINT
from filterviz.reader.hdf5 import MAGIC
from filterviz.reader.signatures import SAVE_WHOLE, UNPACK, Mistaken

CONFIG, METADATA, WEIGHTS, ARRAYS = "config.json", "metadata.json", "model.weights.h5", "model.weights.npz"
"""The members of a ``.keras`` archive; Keras writes ``ARRAYS`` in place of ``WEIGHTS`` where h5py is not installed."""

LABELS = "labels.txt"
"""Name under which Teachable Machine exports the names of the classes."""

MOST_MEMBERS = 2000
"""The most files in an archive: unpacking is begun for each of them."""

MOST_SEARCHED = 64 << 20
"""The most bytes, unpacked, that are searched to find the network among several HDF5 files."""

MOST_LISTED = 4
LONGEST_LISTED = 40

HEAD = 512
"""How many bytes of each file are looked at."""

_JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Found:
    """Where in an archive the Keras file is.

    Attributes:
        member: The file; ``None`` where the members of an unpacked ``.keras`` archive lie in a folder.
        folder: The folder of the file, or of those members: empty, or with a slash at its end.
    """

    member: zipfile.ZipInfo | None
    folder: str


def is_keras(names: Mapping[str, object], folder: str = "") -> bool:
    """Whether the members of a ``.keras`` archive lie in a folder.

    Args:
        names: Names of all members.
        folder: The folder: empty, or with a slash at its end.
    """
    return f"{folder}{CONFIG}" in names and any(f"{folder}{name}" in names for name in (METADATA, WEIGHTS, ARRAYS))


def find(archive: zipfile.ZipFile) -> Found:
    """The one Keras file in an archive, known by its first bytes and not by its name.

    Raises:
        Refused: There is none, there are several, or the archive has far too many files.
    """
    if len(archive.filelist) > MOST_MEMBERS:
        raise zipped.too_many()
    names = members(archive)
    folders = [folder for folder in sorted({_folder(name) for name in names}) if is_keras(names, folder)]
    begun = {name: zipped.head(archive, member, HEAD) for name, member in names.items()}
    heads = {name: head for name, head in begun.items() if head is not None}
    parts = {f"{folder}{WEIGHTS}" for folder in folders}
    files = [name for name, head in heads.items() if name not in parts and _is_model(head)]
    # Keras 3 requires this ending for weights without a network, so they do not compete with a network beside them.
    whole = [name for name in files if not name.lower().endswith(".weights.h5")]
    called, hint = "Keras files", "Unpack it, and choose one of them."
    if len(whole) > 1 and not folders:
        networks = _with_networks(archive, {name: names[name] for name in whole}, heads)
        whole = networks or whole
        if networks == []:
            called, hint = "HDF5 files, none of them with a network", SAVE_WHOLE
    candidates = [*folders, *whole] or files
    if len(candidates) > 1:
        listed = ", ".join(f"{name[-LONGEST_LISTED:]!r}" for name in candidates[:MOST_LISTED])
        rest = len(candidates) - MOST_LISTED
        more = f" and {rest} more" if rest > 0 else ""
        what = f"This zip archive holds several {called}: {listed}{more}."
        raise Refused(RefusalCode.NOT_A_MODEL, what, "", hint)
    if not candidates:
        raise _nothing(names, heads)
    found = candidates[0]
    return Found(None, found) if found in folders else Found(names[found], _folder(found))


def _with_networks(
    archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], heads: Mapping[str, bytes]
) -> list[str] | None:
    """Those of several files that may hold a network and not only data; ``None`` where searching takes too long.

    An ``.h5`` file with a network has an attribute ``model_config``; HDF5 does not compress the names of attributes.
    """
    if sum(member.file_size for member in files.values()) > MOST_SEARCHED:
        return None
    return [
        name
        for name, member in files.items()
        if not heads[name].startswith(MAGIC) or zipped.holds(archive, member, b"model_config")
    ]


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files in an archive by their names, with slashes, without those that operating systems add."""
    return {
        name: member
        for member in archive.filelist
        for name in (zipped.plain(member.filename),)
        if name and not name.endswith("/") and not _is_junk(name)
    }


def labels(archive: zipfile.ZipFile, folder: str) -> zipfile.ZipInfo | None:
    """The list of class names that belongs to a model: the one in its folder, or else the only one in the archive.

    Args:
        archive: The archive that holds both.
        folder: The folder of the model: empty, or with a slash at its end.
    """
    lists = {name: member for name, member in members(archive).items() if _base(name).lower() == LABELS}
    near = [member for name, member in lists.items() if _folder(name) == folder] or list(lists.values())
    return near[0] if len(near) == 1 else None


def _is_model(head: bytes) -> bool:
    """Whether a file begins as HDF5 does, or as a zip archive whose first member is one of a ``.keras`` archive's."""
    return head.startswith(MAGIC) or first_member(head) in (CONFIG, METADATA, WEIGHTS, ARRAYS)


def first_member(head: bytes) -> str | None:
    """The name of the first member of a zip archive; ``None`` where the bytes are not the beginning of one.

    Args:
        head: The first bytes of the archive, which are a local file header (APPNOTE 4.3.7).
    """
    if not head.startswith(zipped.MAGIC) or len(head) < 30:
        return None
    length = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + length].decode("utf-8", "replace")


def _nothing(names: Mapping[str, zipfile.ZipInfo], heads: Mapping[str, bytes]) -> Refused:
    """The refusal of an archive without a Keras file; it says what is in the archive."""
    if not names:
        return Refused(RefusalCode.NOT_A_MODEL, "This is a zip archive with nothing in it.", "", "Pack it again.")
    kind = mistaken.archive(names)
    if kind is not None:
        return Refused(RefusalCode.NOT_A_MODEL, f"This is no Keras model but {kind.what}.", "", kind.hint)
    for name, member in names.items():
        reason = zipped.unreadable(member)
        if name not in heads:
            return Refused(RefusalCode.DAMAGED, DAMAGED, name, DAMAGED_HINT)
        if reason is not None:
            what = f"The file {name[-LONGEST_LISTED:]!r} in this zip archive {reason}."
            return Refused(RefusalCode.DAMAGED, what, "", zipped.SAVE_AGAIN)
    for kind in _kinds(names, heads):
        if kind.model:
            what = f"This zip archive holds no Keras file but {kind.what}."
            return Refused(RefusalCode.NOT_A_MODEL, what, "", kind.hint)
    nested = next((name for name, head in heads.items() if first_member(head) is not None), None)
    if nested is not None:
        return inside_another(nested)
    return Refused(RefusalCode.NOT_A_MODEL, "This is a zip archive, but no Keras model is in it.", "", SAVE_WHOLE)


def _kinds(names: Mapping[str, zipfile.ZipInfo], heads: Mapping[str, bytes]) -> Iterator[Mistaken]:
    for name, head in heads.items():
        first = first_member(head)
        kind = mistaken.recognise(head, names[name].file_size) if first is None else mistaken.archive([first])
        if kind is not None:
            yield kind


def inside_another(name: str) -> Refused:
    """The refusal of a zip archive within a zip archive."""
    what = f"This zip archive holds another archive, {name[-LONGEST_LISTED:]!r}, which is not searched."
    return Refused(RefusalCode.NOT_A_MODEL, what, "", UNPACK)


def _folder(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _base(name: str) -> str:
    return name[name.rfind("/") + 1 :]


def _is_junk(name: str) -> bool:
    parts: Sequence[str] = name.split("/")
    return any(part in _JUNK or (part.startswith(".") and part not in (".", "..")) for part in parts)
