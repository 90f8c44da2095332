"""Where the patterns of a job come from: the store, the bundled patterns, or a worker process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.service.budget import Budget
from filterviz.service.model import Model
from filterviz.spec import Pattern, PixelRange, Progress, Request
from filterviz.storage.bundled import BundledPatterns
from filterviz.storage.pattern_store import Store, pattern_key
from filterviz.workers.parent.pool import Pool


@dataclass(frozen=True, slots=True)
class PatternSource:
    """What a job needs to answer requests.

    Attributes:
        store: Keeps every finished pattern on disk.
        bundled: Gives the patterns that come with the program.
        pool: Computes what neither of them has.
        locate: Finds the file of a model, or downloads it.
        budget: Learns what tiles cost, and counts who has had how much.
    """

    store: Store
    bundled: Callable[[], BundledPatterns]
    pool: Pool
    locate: Callable[[Model], Path]
    budget: Budget

    def key(self, model: Model, request: Request, channel: int, start: NDArray[np.float32] | None = None) -> str:
        """The name under which the store keeps a pattern."""
        digest = None if start is None else hashlib.sha256(np.ascontiguousarray(start).tobytes()).hexdigest()
        return pattern_key(model.identity, request, channel, digest, false_colours=model.spec.false_colours)

    def cached(self, model: Model, request: Request, channel: int, key: str) -> Pattern | None:
        """A pattern that need not be computed: from the store, or one of the bundled ones.

        Args:
            model: The network.
            request: How the pattern is wanted.
            channel: Which filter.
            key: The name of the pattern in the store, from :meth:`key`.
        """
        found = self.store.get(key)
        if found is not None and not _of_this_guess(found, model, request):
            found = None
        if found is None and key == self.key(model, request, channel):
            found = self.bundled().find(model.identity, request, channel)
        return found

    def keep(self, model: Model, key: str, pattern: Pattern) -> None:
        """Put a finished pattern of a model into the store."""
        self.store.put(key, pattern, model.sha256)

    def compute(
        self,
        model: Model,
        request: Request,
        *,
        owner: str = "",
        start: NDArray[np.float32] | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Progress | Pattern]:
        """Have patterns computed in a worker process; see :meth:`filterviz.workers.parent.pool.Pool.run`."""
        return self.pool.run(
            self.locate(model),
            model.sha256,
            request,
            load_options=model.load_options,
            owner=owner,
            start=start,
            stop=stop,
        )


def _of_this_guess(found: Pattern, model: Model, request: Request) -> bool:
    """Whether a kept pattern was made for the pixel range that is the guess now; an earlier version guessed others."""
    left_open = request.pixel_range is PixelRange.AUTO and found.pixel_range is not None
    return not left_open or found.pixel_range is model.spec.pixel_range
