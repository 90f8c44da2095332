"""Tiles that were left before their last step, kept until their owner's next turn: few in memory, many on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Self

from filterviz.settings import MIB
from filterviz.spec import Unfinished
from filterviz.workers.wire.codec import Malformed
from filterviz.workers.wire.protocol import read_answer, write_message

MEMORY_BYTES = 4 * MIB
"""What a run may keep in memory; most runs are never left and need no file."""


class LeftTiles:
    """The unfinished tiles of one run. Many bytes go into a file in ``folder``, without a name, that goes on closing.

    A context manager. A tile of 512 pixels has 10 MB, and many runs may be waiting: memory is for those that compute.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 - closed by __exit__
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return self._count > 0

    def put(self, tile: Unfinished) -> None:
        """Keep a tile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_message(self._file, tile)
        self._count += 1

    def take(self) -> tuple[Unfinished, ...]:
        """The tiles that were kept, which are then no longer."""
        self._file.seek(0)
        tiles = []
        for _ in range(self._count):
            tile = read_answer(self._file)
            if not isinstance(tile, Unfinished):
                raise Malformed("the file of unfinished tiles was changed")
            tiles.append(tile)
        self._file.seek(0)
        self._file.truncate()
        self._count = 0
        return tuple(tiles)
