"""Opened models: each file is read once, however many visitors ask for it at the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from filterviz.errors import EngineFailed, FiltervizError, Refused
from filterviz.service.job_state import UNEXPECTED
from filterviz.service.model import Model

log = logging.getLogger(__name__)

KEPT_MODELS = 64

RETRY_SECONDS = 5.0
"""In the background a failed attempt is repeated when somebody asks so much later. If it were repeated at once, a page
that is drawn again when an attempt ends would start the next attempt, again and again."""

Key = tuple[str, str]
"""What identifies a network: the hash of a file, and how the file is opened."""


@dataclass(slots=True)
class _Entry:
    """One model, being opened or opened.

    Attributes:
        future: The model, or why it could not be opened.
        ended: When the attempt ended, in seconds on the monotonic clock; 0 while it goes on.
    """

    future: Future[Model] = field(default_factory=Future)
    ended: float = 0.0

    def failed_before(self, seconds: float, *, refused_too: bool) -> bool:
        """Whether opening failed at least so many seconds ago, for a reason that may have passed.

        Args:
            seconds: How long ago.
            refused_too: Whether a refusal counts. Of known bytes it is final.
        """
        error = self.future.exception() if self.future.done() else None
        if error is None or (isinstance(error, Refused) and not refused_too):
            return False
        return time.monotonic() - self.ended >= seconds

    def fulfil(self, work: Callable[[], Model]) -> None:
        """Open the model, and end the future with it or with an error whose sentence can be shown."""
        try:
            result, error = work(), None
        except FiltervizError as failure:
            result, error = None, failure
        except Exception:
            log.exception("A model could not be opened.")
            result, error = None, EngineFailed(UNEXPECTED)
        self.ended = time.monotonic()
        if result is not None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class ModelCache:
    """The most recently used models. Safe to use from several threads.

    A model is kept under the hash of its bytes, but each caller gets it under the name that they gave the file: whoever
    uploaded the same bytes first may have called it something else.

    Args:
        limit: How many models are kept.
    """

    def __init__(self, limit: int = KEPT_MODELS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, key: Key, name: str, work: Callable[[], Model]) -> Model:
        """Open a model in this thread, or wait until another thread has opened it.

        Args:
            key: What identifies the network.
            name: What the caller calls it.
            work: Opens it.

        Raises:
            Refused: The file cannot be opened; it is not tried again.
            FiltervizError: The attempt failed for another reason; the next call tries again.
        """
        entry, is_new = self._entry(key, 0.0, retry_refused=False)
        if is_new:
            entry.fulfil(work)
        return replace(entry.future.result(), name=name)

    def open_in_background(
        self,
        key: Key,
        name: str,
        work: Callable[[], Model],
        *,
        retry_after: float = RETRY_SECONDS,
        retry_refused: bool = False,
    ) -> Future[Model]:
        """Open a model in a thread of its own; returns at once.

        Args:
            key: What identifies the network.
            name: What the caller calls it.
            work: Opens it.
            retry_after: Seconds after which a failed attempt is repeated.
            retry_refused: Whether that also holds for a refusal, because the key stands for a path and not for bytes.
        """
        entry, is_new = self._entry(key, retry_after, retry_refused=retry_refused)
        if is_new:
            threading.Thread(target=entry.fulfil, args=(work,), name="filterviz-open", daemon=True).start()
        renamed: Future[Model] = Future()
        entry.future.add_done_callback(lambda opened: _hand_on(opened, name, renamed))
        return renamed

    def forget(self, sha256s: Container[str]) -> None:
        """Forget the models of some files."""
        with self._lock:
            for key in [key for key in self._entries if key[0].partition(":")[0] in sha256s]:
                del self._entries[key]

    def _entry(self, key: Key, retry_after: float, *, retry_refused: bool) -> tuple[_Entry, bool]:
        """The entry of a key, and whether it is new, so that the caller has to fulfil it."""
        with self._lock:
            entry = self._entries.get(key)
            is_new = entry is None or entry.failed_before(retry_after, refused_too=retry_refused)
            if entry is None or is_new:
                entry = self._entries[key] = _Entry()
            self._entries.move_to_end(key)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)
            return entry, is_new


def _hand_on(opened: Future[Model], name: str, renamed: Future[Model]) -> None:
    error = opened.exception()
    if error is None:
        renamed.set_result(replace(opened.result(), name=name))
    else:
        renamed.set_exception(error)
