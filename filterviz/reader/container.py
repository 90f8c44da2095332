"""The file itself: which kind it is, the description in it, and where its arrays lie. Nothing is unpacked to disk."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import DAMAGED, DAMAGED_HINT, MAGIC, Hdf5, guarded
from filterviz.settings import Settings

ZIP_MAGIC = b"PK\x03\x04"
SAVE_WHOLE = 'Save the whole network with model.save("model.keras") or model.save("model.h5"), and choose that file.'
CHUNK = 1 << 20

LOOKS_LIKE: tuple[tuple[bytes, int, str], ...] = (
    (b"version https://git-lfs", 0, "a pointer that Git LFS left in place of the real file"),
    (b"<!DOCTYPE", 0, "a web page"),
    (b"<html", 0, "a web page"),
    (b"\x80", 0, "a Python pickle, perhaps a PyTorch model, which is program code"),
    (b"TFL3", 4, "a TensorFlow Lite model"),
    (b"\x89PNG", 0, "a picture"),
    (b"\xff\xd8\xff", 0, "a picture"),
    (b"%PDF", 0, "a PDF document"),
    (b"\x1f\x8b", 0, "a compressed archive"),
    (b"Rar!", 0, "a compressed archive"),
)


@dataclass(frozen=True, slots=True)
class Container:
    """An opened file.

    Attributes:
        weights: the HDF5 with the arrays.
        root: the group in it that they lie under.
        description: JSON text; ``None`` where there is none.
        keras_version: as stated; empty where it is not.
        backend: as stated; empty where it is not.
        archive: whether the file is a ``.keras`` archive, whose arrays have paths of their own kind.
    """

    weights: Hdf5
    root: str
    description: str | None
    keras_version: str
    backend: str
    archive: bool


def open_container(path: Path, settings: Settings) -> Container:
    """Open a file by its first bytes, whatever it is called.

    Raises:
        Refused: it is no Keras file, or too large, or damaged.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > settings.file_bytes:
        message = f"The file has {size / 1e9:.1f} GB; the limit is {settings.file_bytes / 1e9:.1f} GB."
        raise Refused(
            RefusalCode.TOO_LARGE, message, "", "Save the model without its optimizer: include_optimizer=False."
        )
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(MAGIC):
        return _open_hdf5(path, size, settings)
    if head.startswith(ZIP_MAGIC):
        return _open_archive(path, settings)
    for magic, offset, what in LOOKS_LIKE:
        if head[offset:].startswith(magic):
            raise Refused(RefusalCode.NOT_A_MODEL, f"This is no Keras model but {what}.", "", SAVE_WHOLE)
    what = "The file is empty." if not head else "This is no Keras model."
    raise Refused(RefusalCode.NOT_A_MODEL, what, "", SAVE_WHOLE)


def _open_hdf5(path: Path, size: int, settings: Settings) -> Container:
    weights = Hdf5(path, size)
    description = weights.text("/", "model_config", settings.config_bytes)
    root = "model_weights" if "model_weights" in weights else "/"
    version = weights.text("/", "keras_version", 64) or weights.text(root, "keras_version", 64) or ""
    backend = weights.text("/", "backend", 64) or weights.text(root, "backend", 64) or ""
    return Container(weights, root, description, version, backend, archive=False)


def _open_archive(path: Path, settings: Settings) -> Container:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {member.filename: member for member in members}
            if len(names) < len(members):
                raise Refused(RefusalCode.DAMAGED, "The archive holds two files of one name.", "", DAMAGED_HINT)
            _explain_other_archives(names)
            description = _read(archive, names["config.json"], settings.config_bytes)
            metadata = _read(archive, names["metadata.json"], 1 << 16) if "metadata.json" in names else b"{}"
            member = names.get("model.weights.h5")
            if member is None:
                raise Refused(RefusalCode.MISMATCHED_WEIGHTS, "The archive holds no weights.", "", SAVE_WHOLE)
            content = _read(archive, member, settings.weight_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise Refused(RefusalCode.DAMAGED, DAMAGED, "", DAMAGED_HINT) from error
    weights = Hdf5(io.BytesIO(content), len(content))
    return Container(weights, "/", description.decode("utf-8", "replace"), _version(metadata), "", archive=True)


def _explain_other_archives(names: dict[str, Any]) -> None:
    if "config.json" in names:
        return
    if any(name.endswith("data.pkl") for name in names):
        what = "This is a PyTorch model, not a Keras one."
    elif any(name.endswith("saved_model.pb") for name in names):
        what = "This is a zipped SavedModel folder, not a Keras file."
    else:
        what = "This is a zip archive, but no Keras model is in it."
    raise Refused(RefusalCode.NOT_A_MODEL, what, "", SAVE_WHOLE)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """A member's bytes. What it declares is not believed: reading stops at the limit.

    Raises:
        Refused: it is larger, or unfolds further than honest data does.
    """
    too_large = Refused(
        RefusalCode.TOO_LARGE, f"The part {member.filename!r} of the archive is too large.", member.filename, SAVE_WHOLE
    )
    if member.file_size > limit or member.file_size > 100 * max(member.compress_size, 1 << 14):
        raise too_large
    chunks: list[bytes] = []
    left = limit
    with archive.open(member) as stream:
        while chunk := stream.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise too_large
            chunks.append(chunk)
    return b"".join(chunks)


def _version(metadata: bytes) -> str:
    with guarded("metadata.json"):
        value = json.loads(metadata)
        version = value.get("keras_version") if isinstance(value, dict) else None
        return version[:64] if isinstance(version, str) else ""
