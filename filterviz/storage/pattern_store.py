"""The store: finished pictures on disk, each under the hash of everything that determines it.

The same question is never computed twice, a run that was cut off goes on where it was, and a restart loses nothing.
An entry is two files, ``ab/abcdef....png`` (the tile, lossless) and ``ab/abcdef....json`` (its numbers and the PNG's
checksum). The JSON is written last and removed first, so an entry is whole or absent. Several processes may share a
store; what one of them finds damaged it removes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from filterviz._version import ENGINE_VERSION, READER_VERSION
from filterviz.imaging import png
from filterviz.spec import Pattern, Request
from filterviz.storage.atomic import atomic_write

log = logging.getLogger(__name__)

FALSE_COLOURS = 1
"""Part of the keys of tiles in false colours, and of no others: raise it when only those change."""

RESCAN_SHARE = 0.05
"""The store is measured again after writing this share of its limit, as other processes write to it too."""

KEEP_SHARE = 0.9
"""A store that has outgrown its limit is cut down to this share of it."""

ABANDONED_SECONDS = 3600.0
"""Unfinished files older than this belong to nobody any more."""

_UNFINISHED = ".unfinished-"


def pattern_key(
    identity: str, request: Request, channel: int, start_digest: str | None = None, *, false_colours: bool = False
) -> str:
    """The name of one tile: a hash over everything that determines the picture, and nothing else.

    Args:
        identity: of the network, as ``Opening.identity`` gives it.
        request: layer, recipe, pixel range and precision count; which other filters share the request does not.
        channel: index of the tile's filter.
        start_digest: sha256 of the start picture, where it did not come from the seed.
        false_colours: whether the network's tiles come in such, as ``ModelSpec.false_colours`` says.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> one, two = Request("conv", (0, 1)), Request("conv", (1, 2))
        >>> pattern_key("f00d", one, 1) == pattern_key("f00d", two, 1) != pattern_key("f00d", one, 0)
        True
    """
    recipe = request.recipe.to_json()
    if request.recipe.pictures == 1:
        del recipe["pictures"]  # it came later: what was kept before it still answers the same question
    question = {
        "engine": ENGINE_VERSION,
        "reader": READER_VERSION,
        "model": identity,
        "layer": request.layer,
        "filter": channel,
        "recipe": recipe,
        "pixel_range": request.pixel_range.value,
        "precision": request.precision.value,
        "start": start_digest,
    }
    if false_colours:
        question["false_colours"] = FALSE_COLOURS
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class Store:
    """Finished pictures in a folder, the longest unused going first when there are too many. Safe in threads.

    A disk that is full or cannot be written costs nothing but a warning in the log: pictures are then made anew.

    Args:
        root: the folder; made when first needed, for its owner only.
        limit_bytes: what all entries together may occupy.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None
        self._written: int | None = None
        self._warned = False

    def get(self, key: str) -> Pattern | None:
        """The picture kept under a key, or ``None``. A damaged entry is removed and counts as absent."""
        picture, numbers = self._paths(key)
        try:
            entry = json.loads(numbers.read_bytes())
            data = picture.read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["png_sha256"]:
                raise ValueError(key)
            pattern = Pattern.from_numbers(entry["pattern"], png.decode(data))
        except FileNotFoundError:
            # Only the JSON makes an entry; one without its picture is of no use. A picture without its JSON may be
            # another process's entry in the making.
            if numbers.exists() and not picture.exists():
                self._remove(key)
            return None
        except OSError as error:
            self._warn("read", error)
            return None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log.warning("The kept picture %s is damaged; it will be made anew.", numbers)
            self._remove(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(numbers)
        return pattern

    def contains(self, key: str) -> bool:
        """Whether there is an entry, without reading it."""
        return all(path.is_file() for path in self._paths(key))

    def put(self, key: str, pattern: Pattern) -> None:
        """Keep a picture; at worst nothing is kept and the log says why."""
        picture, numbers = self._paths(key)
        data = png.encode(pattern.tile)
        entry = {"png_sha256": hashlib.sha256(data).hexdigest(), "pattern": pattern.numbers()}
        text = json.dumps(entry, allow_nan=False).encode()
        try:
            picture.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_write(picture, data, _UNFINISHED)
            atomic_write(numbers, text, _UNFINISHED)
        except OSError as error:
            self._warn("written", error)
            return
        self._warned = False
        self._count(len(data) + len(text))

    def sweep(self) -> int:
        """Remove the longest unused entries if there are too many, and what was never finished.

        Returns:
            The bytes that the entries occupy now.
        """
        entries: list[tuple[float, int, str]] = []
        for path, status in _files(self.root):
            if _UNFINISHED in path.name:
                if status.st_mtime < time.time() - ABANDONED_SECONDS:
                    _unlink(path)
            elif path.suffix == ".json":
                try:
                    size = status.st_size + path.with_suffix(".png").stat().st_size
                except OSError:
                    size = status.st_size
                entries.append((status.st_mtime, size, path.stem))
            elif status.st_mtime < time.time() - ABANDONED_SECONDS and not path.with_suffix(".json").exists():
                _unlink(path)
        total = sum(size for _, size, _ in entries)
        if total > self.limit_bytes:
            entries.sort()
            for _, size, key in entries:
                if total <= self.limit_bytes * KEEP_SHARE:
                    break
                self._remove(key)
                total -= size
        return total

    def _count(self, size: int) -> None:
        """Note what was written; every now and then have the store measured, in the background."""
        with self._lock:
            first = self._written is None
            self._written = (self._written or 0) + size
            due = first or self._written > self.limit_bytes * RESCAN_SHARE
            if not due or (self._sweeper is not None and self._sweeper.is_alive()):
                return
            self._written = 0
            self._sweeper = threading.Thread(target=self._sweep_quietly, name="filterviz-store", daemon=True)
            self._sweeper.start()

    def _sweep_quietly(self) -> None:
        try:
            self.sweep()
        except OSError as error:
            self._warn("tidied up", error)

    def _paths(self, key: str) -> tuple[Path, Path]:
        stem = self.root / key[:2] / key
        return stem.with_suffix(".png"), stem.with_suffix(".json")

    def _remove(self, key: str) -> None:
        picture, numbers = self._paths(key)
        _unlink(numbers)
        _unlink(picture)

    def _warn(self, verb: str, error: OSError) -> None:
        """Say once, not for every tile, that the disk does not play along."""
        if not self._warned:
            self._warned = True
            log.warning("Finished pictures cannot be %s in %s: %s.", verb, self.root, error.strerror or error)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All files two levels down, with their status; those that vanish meanwhile are left out."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                yield path, path.stat()
