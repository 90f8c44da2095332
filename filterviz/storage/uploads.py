"""Uploaded files, kept privately for a while so that a reload finds them. Never parsed here.

The bytes lie under their hash, once, however many visitors upload them. Each upload has a random token of its own, with
the name that its owner gave the file: ``TOKEN.SHA256.json``. So nobody learns from the bytes of a file what somebody
else calls it, or reaches the page of another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filterviz.errors import BadRequest, RefusalCode, Refused
from filterviz.settings import Settings
from filterviz.storage.atomic import atomic_write

log = logging.getLogger(__name__)

CHUNK = 1 << 20
"""Bytes that are copied at a time."""

TOKEN_BYTES = 12
"""Random bytes in the token of an upload: too many to guess."""

LONGEST_NAME = 200
"""Characters of a file name that are kept."""

_INCOMING = ".incoming-"


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file.

    Attributes:
        path: Path of the kept copy.
        sha256: The sha256 of its bytes in hexadecimal.
        name: The name that its owner gave it. It must be escaped wherever it is shown.
        token: What stands for this upload in the address of the page.
    """

    path: Path
    sha256: str
    name: str
    token: str


class Uploads:
    """The uploads in a private folder, limited in age and total size. Safe to use from several threads.

    Args:
        settings: The folder and the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self.root = settings.cache_dir / "uploads"
        self._settings = settings
        self._lock = threading.Lock()

    def keep(self, name: str, stream: BinaryIO) -> Upload:
        """Copy a file to the disk and hash it on the way.

        Args:
            name: The name that its owner gave it.
            stream: Its bytes, which are read to the end.

        Raises:
            Refused: The file is larger than uploads may be.
            BadRequest: The file cannot be written.
        """
        name = name[:LONGEST_NAME]
        digest = hashlib.sha256()
        size = 0
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
            descriptor, incoming = tempfile.mkstemp(prefix=_INCOMING, dir=self.root)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    while chunk := stream.read(CHUNK):
                        size += len(chunk)
                        if size > self._settings.upload_bytes:
                            raise self._too_large()
                        digest.update(chunk)
                        file.write(chunk)
                sha256, token = digest.hexdigest(), secrets.token_hex(TOKEN_BYTES)
                upload = Upload(self._file_of(sha256), sha256, name, token)
                with self._lock:  # otherwise the file could be tidied away before its name is written
                    if self._is_kept(upload.path, size):
                        # A worker process that has this file open may read no other, so the file is not replaced.
                        Path(incoming).unlink()
                        os.utime(upload.path)
                    else:
                        Path(incoming).replace(upload.path)
                    record = self.root / f"{token}.{sha256}.json"
                    atomic_write(record, json.dumps({"name": name}).encode(), _INCOMING)
            except BaseException:
                Path(incoming).unlink(missing_ok=True)
                raise
        except OSError as error:
            log.warning("An upload could not be kept in %s: %s.", self.root, error)
            message = f"The file could not be kept on the server: {error.strerror or error}. Try again later."
            raise BadRequest(message) from None
        self.tidy(keep=upload.path)
        return upload

    def find(self, token: str) -> Upload | None:
        """The file of a token if it is still kept. It is then kept for longer."""
        if not re.fullmatch(rf"[0-9a-f]{{{2 * TOKEN_BYTES}}}", token):
            return None
        record = next(self.root.glob(f"{token}.*.json"), None)
        if record is None:
            return None
        sha256 = _sha256_of(record)
        path = self._file_of(sha256)
        if not path.is_file():
            return None
        name = "model.h5"
        with contextlib.suppress(OSError, ValueError, KeyError):
            name = str(json.loads(record.read_text())["name"])
        for used in (record, path):
            with contextlib.suppress(OSError):
                os.utime(used)
        return Upload(path, sha256, name, token)

    def _file_of(self, sha256: str) -> Path:
        return self.root / f"{sha256}.model"

    @staticmethod
    def _is_kept(path: Path, size: int) -> bool:
        """Whether a complete copy of the upload is kept already."""
        try:
            return path.stat().st_size == size
        except FileNotFoundError:
            return False

    def _too_large(self) -> Refused:
        return Refused(
            RefusalCode.TOO_LARGE,
            f"The file is larger than {self._settings.upload_bytes / 1e6:.0f} MB, the most this page takes.",
            hint="Save it without the optimizer's state, model.save('model.h5', include_optimizer=False), which makes "
            "it about a third as large, or use the command line.",
        )

    def tidy(self, keep: Path | None = None) -> None:
        """Remove uploads that are too old, then the least recently used while the total size is too large.

        Args:
            keep: A file that is not removed.
        """
        with self._lock:
            oldest = time.time() - self._settings.kept_upload_seconds
            for record in self.root.glob("*.json"):
                with contextlib.suppress(OSError):
                    if record.stat().st_mtime < oldest:
                        record.unlink()
            wanted = set(map(_sha256_of, self.root.glob("*.json")))
            found: list[tuple[float, int, Path]] = []
            for path in self.root.glob("*"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if path.suffix == ".model" or path.name.startswith(_INCOMING):
                        found.append((status.st_mtime, status.st_size, path))
            total = sum(size for _, size, _ in found)
            for modified, size, path in sorted(found):
                unwanted = path.suffix == ".model" and path.stem not in wanted
                if path != keep and (unwanted or modified < oldest or total > self._settings.kept_upload_bytes):
                    path.unlink(missing_ok=True)
                    total -= size
            for record in self.root.glob("*.json"):
                if not self._file_of(_sha256_of(record)).is_file():
                    record.unlink(missing_ok=True)


def _sha256_of(record: Path) -> str:
    """The hash in the name of a record; something that is no hash for those of earlier versions, ``SHA256.json``."""
    return record.name.split(".")[1]
