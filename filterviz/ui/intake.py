"""Takes a file out of the request that brings it, so that Streamlit, which holds files in memory, gets a receipt.

The page's upload field sends a file as one part of a ``multipart/form-data`` request (RFC 7578). The part's bytes go to
the disk as they come, and the request goes on with the receipt in their place; the page takes the file with it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from filterviz.settings import Settings
from filterviz.storage.incoming import Incoming, TooLarge, Writer
from filterviz.storage.uploads import folder_of

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

CHUNK = 1 << 20
"""Bytes that are handed to the disk at a time."""

RECEIPT = re.compile(rb"filterviz-receipt ([0-9a-f]{32})")


@cache
def incoming() -> Incoming:
    """The files on their way to this process: the guard leaves them, the page takes them.

    Raises:
        ValueError: A setting is wrong; the sentence names it.
    """
    settings = Settings.from_environment()
    return Incoming(folder_of(settings), settings.upload_bytes, settings.incoming_bytes)


def receipt_in(content: bytes) -> str:
    """The receipt that stands in place of a file; empty where the file itself is there."""
    found = RECEIPT.fullmatch(content)
    return found[1].decode() if found else ""


class Intake:
    """The body of one request, of which the application gets :meth:`receive` in place of the server's.

    The file is not read before the application asks for it: by then it has checked whose the request is.

    Args:
        receive: Gives the body as it comes.
        content_type: The request's ``Content-Type``.
        session: Whose file it is.
        files: Where it is left.
    """

    def __init__(self, receive: Receive, content_type: str, session: str, files: Incoming) -> None:
        self._receive = receive
        self._content_type = content_type
        self._session = session
        self._files = files
        self._receipt = ""
        self._done = False

    async def receive(self) -> Message:
        """The rest of the request as the application sees it."""
        if self._done:
            return await self._receive()
        self._done = True
        try:
            body = await self._exchange()
        except (FormParserError, TooLarge, ValueError):
            body = b""  # The application says that there is no file.
        except OSError as error:
            log.warning("An upload could not be written: %s.", error)
            body = b""
        return {"type": "http.request", "body": body, "more_body": False}

    def withdraw(self) -> None:
        """Delete the file: the application did not accept the request."""
        file = self._files.take(self._receipt)
        if file is not None:
            file.path.unlink(missing_ok=True)

    async def _exchange(self) -> bytes:
        """Write the file, and return the request with the receipt in its place."""
        kind, options = parse_options_header(self._content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise ValueError("not a form with a file")
        with self._files.writer() as writer:
            form = _Form(boundary, writer)
            waiting = bytearray()
            more = True
            while more:
                message = await self._receive()
                if message["type"] != "http.request":  # the visitor has gone
                    raise ValueError("the request was broken off")
                waiting += message.get("body", b"")
                more = message.get("more_body", False)
                if len(waiting) >= CHUNK or not more:
                    await asyncio.to_thread(form.feed, bytes(waiting))
                    waiting.clear()
            form.close()
            self._receipt = await asyncio.to_thread(self._files.leave, writer, self._session)
        return form.with_content(f"filterviz-receipt {self._receipt}".encode())


class _Form:
    """A form with one file, whose bytes go to ``writer`` while its other lines are kept."""

    def __init__(self, boundary: bytes, writer: Writer) -> None:
        self._boundary = boundary
        self._head = bytearray()
        self._parts = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_to_head,
                "on_header_value": self._add_value,
                "on_header_end": lambda: self._head.extend(b"\r\n"),
                "on_end": self._end,
                "on_part_data": lambda data, start, end: writer.write(data[start:end]),
            },
        )
        self._in_field = False
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the form."""
        self._parser.write(data)

    def close(self) -> None:
        """Say that the form has ended.

        Raises:
            FormParserError, ValueError: It has not, or it has no file.
        """
        self._parser.finalize()
        if self._parts != 1 or not self._ended:
            raise ValueError("not one whole file")

    def with_content(self, content: bytes) -> bytes:
        """The form with something else in place of the file."""
        lines = (b"--" + self._boundary, bytes(self._head), content, b"--" + self._boundary + b"--", b"")
        return b"\r\n".join(lines)

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise ValueError("more than one file")

    def _end(self) -> None:
        self._ended = True

    def _add_to_head(self, data: bytes, start: int, end: int) -> None:
        self._head += data[start:end]
        self._in_field = True

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        if self._in_field:
            self._head += b": "
            self._in_field = False
        self._head += data[start:end]
