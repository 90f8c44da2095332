"""Answers what pages ask for beside Streamlit: the images of their tiles, and what has changed on them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from filterviz.ui.feed import FEEDS
from filterviz.ui.feed import PATH as FEED_PATH
from filterviz.ui.images import IMAGES
from filterviz.ui.images import PATH as IMAGE_PATH
from filterviz.ui.intake import Message

_ASKED = re.compile(rf"/(?:({FEED_PATH})([0-9a-f]{{32}})|({IMAGE_PATH})([0-9a-f]{{32}})\.webp)$", re.ASCII)

Send = Callable[[Message], Awaitable[None]]


def is_asked(path: str) -> bool:
    """Return whether a path, which may begin with one of a proxy's, is one of those that are answered here."""
    return _ASKED.search(path) is not None


async def answer(scope: Message, send: Send) -> None:
    """Answer one request.

    Args:
        scope: The request, of which :func:`is_asked` is true.
        send: Takes the answer, as ASGI has it.
    """
    found = _ASKED.search(scope["path"])
    status, kind, keeping, content = 404, b"text/plain; charset=utf-8", b"no-store", b"It is no longer here."
    if found is not None and scope["method"] == "GET":
        if found[1]:
            number = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("since", ["0"])[0]
            since = int(number) if re.fullmatch("[0-9]{1,15}", number) else 0
            news = await asyncio.to_thread(FEEDS.answer, found[2], since)
            if news is not None:
                status, kind, content = 200, b"application/json", news
        else:
            image = IMAGES.find(found[4])
            if image is not None:
                # Its name is the hash of its bytes, so nothing else will ever be there.
                status, kind, keeping, content = 200, b"image/webp", b"private, max-age=31536000, immutable", image
    headers = [(b"content-type", kind), (b"cache-control", keeping), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
