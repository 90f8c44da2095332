"""One file from the internet: whole and checked, or not there at all; a try that broke off is gone on with.

What has been received lies beside the target as ``<target>.part``. While one process downloads, others that want the
same file wait for it: they queue up at ``<target>.lock``, which the system frees should the holder die.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Reporter = Callable[[int, int], None]
"""Is told the bytes received and the bytes in all; 0 where the server does not say."""

BLOCK = 1 << 18

TRIES = 5
"""Connections that may break off before a download is given up; one that brought nothing new ends it at once."""

STALL_SECONDS = 20.0
"""Silence of the server that is put up with."""

WAIT_SECONDS = 0.2
"""Between two looks at a download that another process is making."""

BROKE_OFF = "the connection broke off"


class DownloadFailed(Exception):
    """Why a download came to nothing, in words that go on a sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """What to download.

    Attributes:
        url: where it is.
        md5: of its bytes, in hexadecimal, as its publisher gives it.
        largest: bytes after which it cannot be the right file.
    """

    url: str
    md5: str
    largest: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


def fetch(
    source: Source, target: Path, progress: Reporter | None = None, *, stall_seconds: float = STALL_SECONDS
) -> Path:
    """Download a file, unless it is there already; where another process is downloading it, wait for that.

    Args:
        source: what.
        target: where to; the folder is made.
        progress: told about every block; an exception it raises ends the download, which can be gone on with later.
        stall_seconds: silence of the server that is put up with.

    Returns:
        The target.

    Raises:
        DownloadFailed: the server cannot be reached, breaks off again and again or sends something else, or the file
            cannot be written.
    """
    report = progress or (lambda _received, _total: None)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _turn(target.with_name(target.name + ".lock"), lambda: report(_size(part), 0)):
            if not target.exists() or _md5(target) != source.md5:
                _receive(source, part, report, stall_seconds)
                part.replace(target)
        return target
    except OSError as error:
        message = f"the file cannot be written to {str(target.parent)!r} ({error.strerror or error})"
        raise DownloadFailed(message) from None


def _receive(source: Source, part: Path, report: Reporter, stall_seconds: float) -> None:
    """Complete the partial file, over several connections if need be, and check it."""
    reason = BROKE_OFF
    for _ in range(TRIES):
        already = _size(part)
        try:
            with part.open("ab") as file:
                _continue(source, file, report, stall_seconds)
        except _Interrupted as interruption:
            reason = str(interruption)
            if _size(part) == already:
                break
            continue
        if _md5(part) == source.md5:
            return
        part.unlink()
        reason = "the server sent another file than the one that was published"
        if already == 0:
            break
        # Otherwise what lay there may have been of another file; once more, from the start.
    raise DownloadFailed(reason)


class _Interrupted(Exception):
    """A connection that ended before the file did; another may bring the rest."""


def _continue(source: Source, file: BinaryIO, report: Reporter, stall_seconds: float) -> None:
    """Append what is missing of a file, over one connection."""
    received = file.tell()
    headers = {"User-Agent": "filterviz", "Accept-Encoding": "identity"}
    if received:
        headers["Range"] = f"bytes={received}-"
    with _connect(urllib.request.Request(source.url, headers=headers), file, stall_seconds) as response:
        if not _goes_on_at(received, response):
            file.truncate(0)
            received = 0
        total = received + (response.length or 0)
        while True:
            if max(received, total) > source.largest:
                message = f"the server sends more than the {source.largest / 1e6:.0f} MB that the file may have"
                raise DownloadFailed(message)
            try:
                block = response.read1(BLOCK)
            except TimeoutError:
                message = f"the server sent nothing for {stall_seconds:g} seconds"
                raise _Interrupted(message) from None
            except (OSError, http.client.HTTPException):
                raise _Interrupted(BROKE_OFF) from None
            if not block:
                break
            file.write(block)
            received += len(block)
            report(received, total)
    if received < total:
        raise _Interrupted(BROKE_OFF)


def _connect(request: urllib.request.Request, file: BinaryIO, stall_seconds: float) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=stall_seconds)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            # What lies there is longer than the file.
            file.truncate(0)
        message = f"the server answered {error.code} {error.reason}"
        raise _Interrupted(message) from None
    except urllib.error.URLError as error:
        cause = error.reason
        said = cause.strerror or str(cause) if isinstance(cause, OSError) else str(cause)
        message = f"the server cannot be reached ({said})"
        raise _Interrupted(message) from None
    except TimeoutError:
        message = f"the server sent nothing for {stall_seconds:g} seconds"
        raise _Interrupted(message) from None
    except (OSError, http.client.HTTPException):
        raise _Interrupted(BROKE_OFF) from None


def _goes_on_at(received: int, response: http.client.HTTPResponse) -> bool:
    """Whether a response begins where the partial file ends; not every server can do that."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return received == 0
    start = re.match(r"bytes (\d+)-", response.getheader("Content-Range", ""))
    if start is None or int(start[1]) != received:
        message = "the server sent another part of the file than the one asked for"
        raise DownloadFailed(message)
    return True


@contextmanager
def _turn(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file, once nobody else does.

    Args:
        lock: the file.
        waiting: called now and then until it is free.
    """
    while True:
        with lock.open("ab") as file:
            while not _lock(file):
                waiting()
                time.sleep(WAIT_SECONDS)
            # Its last holder may have removed it meanwhile, and somebody else hold a new one.
            if _is_at(file, lock):
                try:
                    yield
                finally:
                    # Windows keeps a file that is open.
                    with suppress(OSError):
                        lock.unlink()
                return


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is the one that a path leads to."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: BinaryIO) -> bool:
    """Lock an open file until it is closed; whether that was possible now."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
