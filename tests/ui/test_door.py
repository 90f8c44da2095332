"""What pages ask for beside Streamlit."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from filterviz.ui import door
from filterviz.ui.feed import FEEDS
from filterviz.ui.images import IMAGES

IMAGE = IMAGES.keep(b"webp")


def asked(path: str, query: str = "", method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    asyncio.run(door.answer(scope, send))
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize("before", ["/", "/base/", "/two/folders/"])
def test_an_image_is_kept_by_the_browser(before: str) -> None:
    path = f"{before}{IMAGES.link(IMAGE)}"
    assert door.is_asked(path)
    status, headers, body = asked(path)
    assert (status, headers[b"content-type"], body) == (200, b"image/webp", b"webp")
    assert b"immutable" in headers[b"cache-control"]


def test_a_feed_is_kept_by_nobody() -> None:
    name = FEEDS.open(lambda: {"bar": 1})
    path = f"/filterviz/feed/{name}"
    status, headers, body = asked(path, "since=0")
    assert (status, headers[b"cache-control"]) == (200, b"no-store")
    number = json.loads(body)["number"]
    assert json.loads(asked(path, f"since={number}")[2])["items"] == {}
    for query in ("", "since=", "since=-1", "since=%00", "since=9" * 9, f"since={'9' * 99}"):
        assert json.loads(asked(path, query)[2])["items"] == {"bar": 1}


def test_what_is_not_here() -> None:
    for path in (f"/filterviz/feed/{'0' * 32}", f"/filterviz/image/{'f' * 32}.webp"):
        assert door.is_asked(path)
        assert asked(path)[0] == 404
    assert asked(f"/{IMAGES.link(IMAGE)}", method="POST")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/filterviz/feed/",
        "/filterviz/feed/../image",
        f"/filterviz/image/{'g' * 32}.webp",
        f"/filterviz/image/{'0' * 32}",
        f"/filterviz/image/{'0' * 32}.webp/more",
        f"/xfilterviz/image/{'0' * 32}.webp",
        "/_stcore/stream",
    ],
)
def test_everything_else_is_streamlits(path: str) -> None:
    assert not door.is_asked(path)
