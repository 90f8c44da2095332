"""Uploaded files, kept privately for a while so that a reload finds them. Never parsed here.

The bytes lie under their hash, once, however many visitors upload them. Each upload has a random token of its own, with
the name that its owner gave the file: ``TOKEN.SHA256.json``. So nobody learns from the bytes of a file what somebody
else calls it, or reaches the page of another.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filterviz.errors import BadRequest, RefusalCode, Refused
from filterviz.settings import Settings
from filterviz.storage.atomic import atomic_write
from filterviz.storage.incoming import PREFIX, Received, TooLarge, Writer

log = logging.getLogger(__name__)

CHUNK = 1 << 20
"""Bytes that are copied at a time."""

TOKEN_BYTES = 12
"""Random bytes in the token of an upload: too many to guess."""

ABANDONED_SECONDS = 3600.0
"""Unfinished files that nobody has written to for so long were left behind by a crash, or nobody took them."""

LONGEST_NAME = 200
"""Characters of a file name that are kept."""


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


def folder_of(settings: Settings) -> Path:
    """The folder of uploads."""
    return settings.cache_dir / "uploads"


class Uploads:
    """The uploads in a private folder, limited in age and total size. Safe to use from several threads.

    Args:
        settings: The folder and the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self.root = folder_of(settings)
        self._settings = settings
        self._lock = threading.Lock()

    def keep(self, name: str, stream: BinaryIO, person: str = "") -> Upload:
        """Copy a file to the disk and hash it on the way.

        Args:
            name: The name that its owner gave it.
            stream: Its bytes, which are read to the end.
            person: Its owner, who may have it deleted.

        Raises:
            Refused: The file is larger than uploads may be.
            BadRequest: The file cannot be written.
        """
        try:
            with Writer(self.root, self._settings.upload_bytes) as writer:
                while chunk := stream.read(CHUNK):
                    writer.write(chunk)
                sha256 = writer.finish()
        except TooLarge:
            raise self._too_large() from None
        except OSError as error:
            raise self._not_kept(error) from None
        return self.adopt(name, Received(writer.path, sha256, writer.size, "", 0.0), person)

    def adopt(self, name: str, received: Received, person: str = "") -> Upload:
        """Keep a file that has come in.

        Args:
            name: The name that its owner gave it.
            received: The file, which is moved.
            person: Its owner, who may have it deleted.

        Raises:
            BadRequest: The file cannot be kept.
        """
        name, token = name[:LONGEST_NAME], secrets.token_hex(TOKEN_BYTES)
        upload = Upload(self._file_of(received.sha256), received.sha256, name, token)
        try:
            with self._lock:  # otherwise the file could be tidied away before its name is written
                if self._is_kept(upload.path, received.size):
                    # A worker process that has this file open may read no other, so the file is not replaced.
                    received.path.unlink()
                    os.utime(upload.path)
                else:
                    received.path.replace(upload.path)
                record = self.root / f"{token}.{received.sha256}.json"
                atomic_write(record, json.dumps({"name": name, "person": person}).encode(), PREFIX)
        except OSError as error:
            received.path.unlink(missing_ok=True)
            raise self._not_kept(error) from None
        self.tidy(keep=upload.path)
        return upload

    def delete_of(self, person: str) -> set[str]:
        """Delete the files of a person; returns the hashes of those that nobody else has uploaded."""
        with self._lock:
            mine, of_others = set(), set()
            for record in self.root.glob("*.json"):
                if person and _read(record).get("person") == person:
                    mine.add(_sha256_of(record))
                    record.unlink(missing_ok=True)
                else:
                    of_others.add(_sha256_of(record))
            gone = mine - of_others
            for sha256 in gone:
                self._file_of(sha256).unlink(missing_ok=True)
            return gone

    def count_of(self, person: str) -> int:
        """How many files of a person are kept."""
        return sum(1 for record in self.root.glob("*.json") if person and _read(record).get("person") == person)

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
        name = str(_read(record).get("name", "model.h5"))
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

    def _not_kept(self, error: OSError) -> BadRequest:
        log.warning("An upload could not be kept in %s: %s.", self.root, error)
        return BadRequest(f"The file could not be kept on the server: {error.strerror or error}. Try again later.")

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
                    if path.suffix == ".model" or path.name.startswith(PREFIX):
                        found.append((status.st_mtime, status.st_size, path))
            total = sum(size for _, size, _ in found)
            for modified, size, path in sorted(found):
                if path.suffix == ".model":
                    unwanted = path.stem not in wanted or modified < oldest
                else:
                    unwanted = modified < time.time() - ABANDONED_SECONDS
                if path != keep and (unwanted or total > self._settings.kept_upload_bytes):
                    path.unlink(missing_ok=True)
                    total -= size
            for record in self.root.glob("*.json"):
                if not self._file_of(_sha256_of(record)).is_file():
                    record.unlink(missing_ok=True)


def _sha256_of(record: Path) -> str:
    """The hash in the name of a record; something that is no hash for those of earlier versions, ``SHA256.json``."""
    return record.name.split(".")[1]


def _read(record: Path) -> dict[str, object]:
    """What a record says; nothing where it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(record.read_text())
        return found if isinstance(found, dict) else {}
    return {}
