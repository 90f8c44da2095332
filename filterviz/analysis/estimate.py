"""How long work will still take, from how far it was when."""

from __future__ import annotations

import threading
from collections import deque

LEAST_SECONDS = 3.0
"""Nothing is promised before work has been watched for so long."""

LEAST_SHARE = 0.02
"""Nothing is promised before so much of the work has been watched."""

RECENT_SHARE = 0.5
"""The rate is that of the last half of the time watched: early on, programs are compiled and layers are cheap, and
somebody else may have come meanwhile."""

SPREAD = 1.25
"""The range that is promised reaches from the estimate divided by this to the estimate times this."""


class Estimator:
    """Watches work of one kind. Safe to use from several threads.

    Work is measured in any unit in which equal amounts take equally long, such as multiplications.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[tuple[float, float]] = deque(maxlen=2000)

    def left(self, seconds: float, done: float, total: float) -> tuple[float, float] | None:
        """Note how far the work is, and estimate how long it will still take.

        Args:
            seconds: What a clock says.
            done: Work that is done.
            total: All work.

        Returns:
            The least and the most seconds, a factor of ``SPREAD ** 2`` apart; ``None`` before there is a rate.

        Example:
            >>> watched = Estimator()
            >>> [watched.left(float(second), second, 100) for second in range(5)][-1]
            (76.8, 120.0)
        """
        with self._lock:
            if self._seen and done < self._seen[-1][1]:  # other work
                self._seen.clear()
            # What comes before the first step is no rate: models are opened and programs compiled then.
            if len(self._seen) == 1 and done == self._seen[0][1]:
                self._seen.clear()
            self._seen.append((seconds, done))
            began, already = self._seen[0]
            if seconds - began < LEAST_SECONDS or done - already < LEAST_SHARE * total:
                return None
            middle = seconds - RECENT_SHARE * (seconds - began)
            since, then = max((seen for seen in self._seen if seen[0] <= middle), default=self._seen[0])
        if done <= then:
            return None
        left = max(0.0, total - done) * (seconds - since) / (done - then)
        return left / SPREAD, left * SPREAD
