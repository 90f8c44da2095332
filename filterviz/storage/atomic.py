"""Writing files that other processes may be reading."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def atomic_write(path: Path, data: bytes, prefix: str) -> None:
    """Write a file so that nobody ever sees a part of it: under another name first, then renamed.

    Args:
        path: Path of the file. Its folder must exist.
        data: Its content.
        prefix: The beginning of its temporary name in the same folder. A crash may leave that file behind.

    Raises:
        OSError: The file cannot be written.
    """
    descriptor, unfinished = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(unfinished).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()
        raise
