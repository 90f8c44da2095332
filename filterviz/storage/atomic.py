"""Writing files that others may be reading."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def atomic_write(path: Path, data: bytes, prefix: str) -> None:
    """Put a whole file in place at once: nobody ever sees half of it.

    Args:
        path: where; its folder is there.
        data: what is in it.
        prefix: of the name it has in the same folder until it is whole; a crash leaves it behind.

    Raises:
        OSError: it cannot be written.
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
