"""Files that keep ending the processes that open them."""

from __future__ import annotations

import threading
from collections import Counter

from filterviz.errors import RefusalCode, Refused

DEATHS = 2
"""One death may be an accident of the machine."""


class Quarantine:
    """Counts violent deaths by file; from the second on the file is refused. Kept as long as the program runs."""

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, sha256: str) -> None:
        """A process died by a signal, or by the tripwire, over this file."""
        with self._lock:
            self._deaths[sha256] += 1

    def check(self, sha256: str) -> None:
        """Let a file pass.

        Raises:
            Refused: it has ended two processes.
        """
        with self._lock:
            deaths = self._deaths.get(sha256, 0)
        if deaths >= DEATHS:
            raise Refused(
                RefusalCode.DAMAGED,
                f"This file has ended the process that worked on it {DEATHS} times, so it is not opened again.",
                hint="Save the model again from Keras and try that file, or restart filterviz to try this one again.",
            )
