"""The file itself: its format, the description in it, and where its arrays lie. Nothing is unpacked to disk."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import bundle, mistaken, zipped
from filterviz.reader.damage import damage_refused
from filterviz.reader.hdf5 import MAGIC, Hdf5
from filterviz.reader.labels import MOST_BYTES
from filterviz.reader.signatures import SAVE_WHOLE
from filterviz.settings import Settings

METADATA_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Container:
    """An opened file.

    Attributes:
        weights: The HDF5 file with the arrays.
        root: The group in it under which the arrays lie.
        description: The network's description, a JSON text; ``None`` where there is none.
        keras_version: Version of Keras that the file states; empty where it states none.
        backend: Backend that the file states; empty where it states none.
        archive: Whether the arrays lie as in a ``.keras`` archive, by class and number, and not by the layer's name.
        labels: The first bytes of the ``labels.txt`` beside the model; ``None`` where there was none.
    """

    weights: Hdf5
    root: str
    description: str | None
    keras_version: str
    backend: str
    archive: bool
    labels: bytes | None = None


def open_container(path: Path, settings: Settings) -> Container:
    """Open a file; its first bytes tell its format, whatever it is called.

    Args:
        path: Path of the file.
        settings: The limits.

    Raises:
        Refused: It is no Keras file, too large, or damaged.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    if size > settings.file_bytes:
        message = f"The file has {size / 1e9:.1f} GB; the limit is {settings.file_bytes / 1e9:.1f} GB."
        raise Refused(
            RefusalCode.TOO_LARGE, message, "", "Save the model without its optimizer: include_optimizer=False."
        )
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        if not head.startswith((MAGIC, zipped.MAGIC, zipped.EMPTY_MAGIC)):
            raise mistaken.refusal(file, size)
    if head.startswith(MAGIC):
        return _open_hdf5(path, size, settings)
    with zipped.opened(path) as archive:
        return _open_archive(archive, settings)


def _open_hdf5(source: Path | IO[bytes], size: int, settings: Settings) -> Container:
    weights = Hdf5(source, size)
    description = weights.text("/", "model_config", settings.config_bytes)
    root = "model_weights" if "model_weights" in weights else "/"
    version = weights.text("/", "keras_version", 64) or weights.text(root, "keras_version", 64) or ""
    backend = weights.text("/", "backend", 64) or weights.text(root, "backend", 64) or ""
    return Container(weights, root, description, version, backend, archive=False)


def _open_archive(archive: zipfile.ZipFile, settings: Settings) -> Container:
    """Open a ``.keras`` archive, or the one Keras file in any other archive, with the labels beside it."""
    where = bundle.Found(None, "") if bundle.is_keras(archive.NameToInfo) else bundle.find(archive)
    if where.member is None:
        container = _open_keras(archive, where.folder, settings)
    else:
        container = _open_member(archive, where.member, settings)
    labels = bundle.labels(archive, where.folder)
    # With one byte more than is allowed, a list that is too long is recognised.
    return container if labels is None else replace(container, labels=zipped.head(archive, labels, MOST_BYTES + 1))


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, settings: Settings) -> Container:
    """Open a Keras file that is a member of an archive."""
    content = zipped.read(archive, member, settings.weight_bytes)
    if content.getbuffer()[: len(MAGIC)] == MAGIC:
        return _open_hdf5(content, content.getbuffer().nbytes, settings)
    with zipped.opened(content) as inner:
        if not bundle.is_keras(inner.NameToInfo):
            raise bundle.inside_another(member.filename)
        return _open_keras(inner, "", settings)


def _open_keras(archive: zipfile.ZipFile, folder: str, settings: Settings) -> Container:
    """Open what Keras 3 writes: the description, the version, and an HDF5 file with the arrays, as members.

    Args:
        archive: The archive that holds them.
        folder: The folder in which they lie: empty, or with a slash at its end.
        settings: The limits.
    """
    names = bundle.members(archive)
    description = zipped.read(archive, names[f"{folder}{bundle.CONFIG}"], settings.config_bytes).getvalue()
    about = names.get(f"{folder}{bundle.METADATA}")
    metadata = b"{}" if about is None else zipped.read(archive, about, METADATA_BYTES).getvalue()
    member = names.get(f"{folder}{bundle.WEIGHTS}")
    if member is None:
        raise _without_weights(f"{folder}{bundle.ARRAYS}" in names)
    content = zipped.read(archive, member, settings.weight_bytes)
    weights = Hdf5(content, content.getbuffer().nbytes)
    return Container(weights, "/", description.decode("utf-8", "replace"), _version(metadata), "", archive=True)


def _without_weights(numpy: bool) -> Refused:
    if not numpy:
        return Refused(RefusalCode.MISMATCHED_WEIGHTS, "The archive holds no weights.", "", SAVE_WHOLE)
    what = "The archive holds its weights as NumPy arrays (.npz), which may carry program code and are not read."
    hint = "Install h5py where the network was trained (pip install h5py), and save it once more."
    return Refused(RefusalCode.MISMATCHED_WEIGHTS, what, bundle.ARRAYS, hint)


def _version(metadata: bytes) -> str:
    with damage_refused("metadata.json"):
        value = json.loads(metadata)
        version = value.get("keras_version") if isinstance(value, dict) else None
        return version[:64] if isinstance(version, str) else ""
