"""Files that repeatedly end the worker processes that open them."""

from __future__ import annotations

import threading
from collections import Counter

from filterviz.errors import RefusalCode, Refused

MAX_DEATHS = 2
"""A single death may be an accident of the machine."""


class Quarantine:
    """Counts the violent deaths of worker processes by file, and refuses a file from the second one on.

    Files are known by their sha256. The counts are kept as long as the program runs. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()
        self._lock = threading.Lock()

    def record_death(self, sha256: str) -> None:
        """A signal or the tripwire has ended a process that worked on this file."""
        with self._lock:
            self._deaths[sha256] += 1

    def check(self, sha256: str) -> None:
        """Allow or refuse a file.

        Raises:
            Refused: The file has ended two processes.
        """
        with self._lock:
            deaths = self._deaths.get(sha256, 0)
        if deaths >= MAX_DEATHS:
            raise Refused(
                RefusalCode.DAMAGED,
                f"This file has ended the process that worked on it {MAX_DEATHS} times, so it is not opened again.",
                hint="Save the model again from Keras and try that file, or restart filterviz to try this one again.",
            )
