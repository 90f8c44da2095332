"""What a page hears while its walls are made: what has changed, in one small request, twice a second.

Streamlit would draw each part of the page anew for that. With thirty people at one server its messages to their
browsers then waited for minutes in the web process, and so did every click.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from filterviz.spec.terms import Json

PATH = "filterviz/feed/"
"""Where feeds are, below the address of the page."""

POLL_SECONDS = 0.5
"""How often a page asks, while few do."""

POLL_SHARE = 0.02
"""With more pages, each waits so many seconds for every other one that asks: thirty of them ask 50 times a second."""

FORGOTTEN_SECONDS = 120.0
"""A feed that nobody has asked for so long is dropped when another is opened. Its page opens it again if need be."""

Items = Mapping[str, Json]
"""What is on a page, by names that its parts know."""


class Feed:
    """What one page hears.

    Args:
        look: Tells what is on the page now; called in any thread, by one at a time.
    """

    def __init__(self, look: Callable[[], Items]) -> None:
        self.look = look
        self.asked = time.monotonic()
        self._lock = threading.Lock()
        self._number = 0
        self._last: Items = {}

    def answer(self, number: int) -> tuple[int, Items]:
        """What has changed since an answer.

        Args:
            number: The number of that answer; with any but the last one's, everything is new.

        Returns:
            The number of this answer, and the items that are new or have changed.
        """
        with self._lock:
            self.asked = time.monotonic()
            now = self.look()
            known = self._last if number == self._number else {}
            changed = {name: item for name, item in now.items() if _differs(known.get(name), item)}
            self._number += 1
            self._last = now
            return self._number, changed


def _differs(one: Json, other: Json) -> bool:
    return one is not other and one != other


class Feeds:
    """The feeds of a process, each under a secret name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: OrderedDict[str, Feed] = OrderedDict()

    def open(self, look: Callable[[], Items], name: str = "") -> str:
        """Open a feed, or have the feed of a page that is drawn anew tell something else.

        Args:
            look: See :class:`Feed`.
            name: Name of the page's feed, if it has one.

        Returns:
            The name of the feed.
        """
        name = name or secrets.token_hex(16)
        recent = time.monotonic() - FORGOTTEN_SECONDS
        with self._lock:
            for old in [key for key, feed in self._feeds.items() if feed.asked < recent]:
                del self._feeds[old]
            self._feeds[name] = Feed(look)
        return name

    def answer(self, name: str, number: int) -> bytes | None:
        """The answer to a page that asks, as JSON: ``{number, items, seconds}``.

        ``seconds`` says when to ask again.

        Args:
            name: Name of the feed.
            number: See :meth:`Feed.answer`.

        Returns:
            The JSON; ``None`` where there is no such feed.
        """
        with self._lock:
            feed = self._feeds.get(name)
            recent = time.monotonic() - 5
            pages = sum(other.asked > recent for other in self._feeds.values())
        if feed is None:
            return None
        number, items = feed.answer(number)
        answer = {"number": number, "items": items, "seconds": max(POLL_SECONDS, POLL_SHARE * pages)}
        return json.dumps(answer, separators=(",", ":")).encode()


FEEDS = Feeds()
"""The feeds of this process."""
