"""Download a file: it arrives whole and checked or not at all, and an interrupted download is resumed.

What has been received lies beside the target as ``<target>.part``. Other processes that want the same file wait at
``<target>.lock``, which the operating system releases if the downloading process ends.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

Reporter = Callable[[int, int], None]
"""Called with the bytes received and the total in bytes, which is 0 where the server does not tell."""

BLOCK = 1 << 18
"""Bytes that are read at a time."""

TRIES = 5
"""Connections that may break off before a download fails. One that brought nothing new ends it at once."""

STALL_SECONDS = 20.0
"""How long the server may send nothing before the connection counts as broken."""

WAIT_SECONDS = 0.2
"""How often progress is reported while another process downloads the file."""

BROKE_OFF = "the connection broke off"


class DownloadFailed(Exception):
    """A download failed. The message is a clause that completes a sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be downloaded.

    Attributes:
        url: Its address.
        md5: The MD5 sum of its bytes in hexadecimal, as its publisher gives it.
        largest: A size in bytes. Anything larger cannot be the right file.
    """

    url: str
    md5: str
    largest: int

    @property
    def name(self) -> str:
        """The name of the file, from its address."""
        return self.url.rpartition("/")[2]


def fetch(
    source: Source, target: Path, progress: Reporter | None = None, *, stall_seconds: float = STALL_SECONDS
) -> Path:
    """Download a file unless it is there already. If another process is downloading it, wait for that.

    Args:
        source: The file.
        target: The path to write it to. Its folder is made if need be.
        progress: Called for every block. An exception that it raises ends the download, which can be resumed later.
        stall_seconds: How long the server may send nothing.

    Returns:
        The target.

    Raises:
        DownloadFailed: The server cannot be reached, breaks off repeatedly or sends another file, or the file cannot
            be written.
    """
    report = progress or (lambda _received, _total: None)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(target.name + ".lock"), lambda: report(_size(part), 0)):
            if not target.exists() or _md5(target) != source.md5:
                _receive(source, part, report, stall_seconds)
                part.replace(target)
        return target
    except OSError as error:
        message = f"the file cannot be written to {str(target.parent)!r} ({error.strerror or error})"
        raise DownloadFailed(message) from None


def _receive(source: Source, part: Path, report: Reporter, stall_seconds: float) -> None:
    """Complete the partial file, over several connections if necessary, and check it."""
    reason = BROKE_OFF
    for _ in range(TRIES):
        already = _size(part)
        try:
            with part.open("ab") as file:
                _append_rest(source, file, report, stall_seconds)
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
        # Otherwise the partial file may have belonged to another file. Try again from the start.
    raise DownloadFailed(reason)


class _Interrupted(Exception):
    """The connection ended before the file was complete. Another one may bring the rest."""


def _append_rest(source: Source, file: BinaryIO, report: Reporter, stall_seconds: float) -> None:
    """Append the missing part of a file, over one connection."""
    received = file.tell()
    headers = {"User-Agent": "filterviz", "Accept-Encoding": "identity"}
    if received:
        headers["Range"] = f"bytes={received}-"
    with _connect(urllib.request.Request(source.url, headers=headers), file, stall_seconds) as response:
        if not _resumes_at(received, response):
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
                raise _Interrupted(f"the server sent nothing for {stall_seconds:g} seconds") from None
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
            # The partial file is longer than the file.
            file.truncate(0)
        raise _Interrupted(f"the server answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        cause = error.reason
        said = cause.strerror or str(cause) if isinstance(cause, OSError) else str(cause)
        raise _Interrupted(f"the server cannot be reached ({said})") from None
    except TimeoutError:
        raise _Interrupted(f"the server sent nothing for {stall_seconds:g} seconds") from None
    except (OSError, http.client.HTTPException):
        raise _Interrupted(BROKE_OFF) from None


def _resumes_at(received: int, response: http.client.HTTPResponse) -> bool:
    """Whether a response begins where the partial file ends. Some servers always begin at the start."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return received == 0
    start = re.match(r"bytes (\d+)-", response.getheader("Content-Range", ""))
    if start is None or int(start[1]) != received:
        raise DownloadFailed("the server sent another part of the file than the one asked for")
    return True


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file for the length of a ``with`` block.

    Args:
        path: Path of the lock file.
        waiting: Called every ``WAIT_SECONDS`` until the lock is free; an exception that it raises ends the wait.
    """
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=WAIT_SECONDS)
        except Timeout:
            waiting()
        else:
            break
    try:
        yield
    finally:
        # Removing it while it is held is safe: whoever locks the removed file notices and makes a new one. On Windows
        # an open file cannot be removed, and filelock does it itself.
        with suppress(OSError):
            path.unlink()
        lock.release()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
