"""The store of finished patterns on disk, each under the hash of everything that determines it.

The same question is never computed twice, an interrupted run continues where it was, and a restart loses nothing. An
entry consists of two files: ``ab/abcdef....png`` is the tile, lossless, and ``ab/abcdef....json`` holds its numbers and
the checksum of the PNG. The JSON is written last and removed first, so that an entry is complete or absent. Several
processes may share a store. A damaged entry is removed by the process that finds it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Container, Iterator
from pathlib import Path

from filterviz._version import ENGINE_VERSION, READER_VERSION
from filterviz.imaging import png
from filterviz.spec import Pattern, Request
from filterviz.storage.atomic import atomic_write

log = logging.getLogger(__name__)

FALSE_COLOURS = 1
"""Part of the keys of tiles in false colours only. Raise it when only those tiles change."""

RESCAN_SHARE = 0.05
"""After this share of its limit has been written, the store is measured again: other processes write to it too."""

KEEP_SHARE = 0.9
"""A store that exceeds its limit is reduced to this share of it."""

ABANDONED_SECONDS = 3600.0
"""Unfinished files older than this were left behind by a crash."""

_UNFINISHED = ".unfinished-"


def pattern_key(
    identity: str, request: Request, channel: int, start_digest: str | None = None, *, false_colours: bool = False
) -> str:
    """The key of one tile: a hash over everything that determines its pixels and numbers, and nothing else.

    Args:
        identity: The network, as ``LoadOptions.identity`` gives it.
        request: Its layer, recipe, pixel range and precision are part of the key; the other filters in it are not.
        channel: The index of the tile's filter.
        start_digest: The sha256 of the start image, if it was given and not drawn from the seed.
        false_colours: Whether the network's tiles are in false colours; see ``ModelSpec.false_colours``.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> one, two = Request("conv", (0, 1)), Request("conv", (1, 2))
        >>> pattern_key("f00d", one, 1) == pattern_key("f00d", two, 1) != pattern_key("f00d", one, 0)
        True
    """
    recipe = request.recipe.to_json()
    if request.recipe.pictures == 1:
        del recipe["pictures"]  # Keys from before this field existed remain valid.
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
    """Finished patterns in a folder. When they exceed the limit, the least recently used are removed. Safe in threads.

    If the disk is full or cannot be written, a warning goes to the log and the patterns are computed again.

    Args:
        root: Path of the folder, which is made when it is first needed, for its owner only.
        limit_bytes: The largest size of all entries together.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None
        self._written: int | None = None
        self._warned = False

    def get(self, key: str) -> Pattern | None:
        """The pattern kept under a key, or ``None``. A damaged entry is removed and counts as absent."""
        tile, numbers = self._paths(key)
        try:
            entry = json.loads(numbers.read_bytes())
            data = tile.read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["png_sha256"]:
                raise ValueError(key)
            pattern = Pattern.from_numbers(entry["pattern"], png.decode(data))
        except FileNotFoundError:
            # A JSON file without its PNG is of no use. A PNG without its JSON may be an entry that another process is
            # just writing.
            if numbers.exists() and not tile.exists():
                self._remove(key)
            return None
        except OSError as error:
            self._warn("read", error)
            return None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log.warning("The kept pattern %s is damaged; it will be computed again.", numbers)
            self._remove(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(numbers)
        return pattern

    def put(self, key: str, pattern: Pattern, model: str = "") -> None:
        """Keep a pattern. If that fails, nothing is kept and the log says why.

        Args:
            key: Its key.
            pattern: The pattern.
            model: The sha256 of its network's file, for :meth:`delete_of`.
        """
        tile, numbers = self._paths(key)
        data = png.encode(pattern.tile)
        entry = {"png_sha256": hashlib.sha256(data).hexdigest(), "model": model, "pattern": pattern.numbers()}
        text = json.dumps(entry, allow_nan=False).encode()
        try:
            # What networks look like is their owners' alone; with "parents", only the last folder would get the mode.
            for folder in (self.root, tile.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            atomic_write(tile, data, _UNFINISHED)
            atomic_write(numbers, text, _UNFINISHED)
        except OSError as error:
            self._warn("written", error)
            return
        self._warned = False
        self._count(len(data) + len(text))

    def delete_of(self, models: Container[str]) -> int:
        """Remove all patterns of some networks; returns how many they were.

        Args:
            models: The sha256 of the networks' files.
        """
        count = 0
        for path, _ in _files(self.root):
            if path.suffix == ".json":
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    if json.loads(path.read_bytes()).get("model") in models:
                        self._remove(path.stem)
                        count += 1
        return count

    def sweep(self) -> int:
        """Remove the least recently used entries if the limit is exceeded, and files that were never finished.

        Returns:
            The size of the remaining entries in bytes.
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
        """Count what was written, and from time to time have the store measured in the background."""
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
            self._warn("removed", error)

    def _paths(self, key: str) -> tuple[Path, Path]:
        stem = self.root / key[:2] / key
        return stem.with_suffix(".png"), stem.with_suffix(".json")

    def _remove(self, key: str) -> None:
        tile, numbers = self._paths(key)
        _unlink(numbers)
        _unlink(tile)

    def _warn(self, verb: str, error: OSError) -> None:
        """Warn once, not for every tile, that the disk cannot be used."""
        if not self._warned:
            self._warned = True
            log.warning("Finished patterns cannot be %s in %s: %s.", verb, self.root, error.strerror or error)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All files beneath a folder with their status, apart from those that vanish meanwhile."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                yield path, path.stat()
