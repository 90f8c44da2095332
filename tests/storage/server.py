"""A real server on the loopback interface that serves one file, well or badly."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4096
"""1 MiB, the file."""


class Server(ThreadingHTTPServer):
    """Its manner is a list of what to do with one request after the other; the last goes on for ever.

    ``good``; ``no-ranges``: answer from the start whatever was asked for; ``break``: half of it, then hang up;
    ``stall``: half of it, then silence; ``mute``: no answer at all; ``wrong``: other bytes; ``wrong-range``;
    ``huge``: claim a terabyte; ``endless``: no length, bytes without end; ``404``, ``503``.
    """

    daemon_threads = True

    def __init__(self, manner: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner = manner
        self.asked: list[str] = []
        """The ``Range`` header of each request."""
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.h5"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        manner = self.server.manner[min(len(self.server.asked), len(self.server.manner) - 1)]
        self.server.asked.append(wanted)
        self.close_connection = True
        if manner.isdigit():
            self.send_error(int(manner))
        elif manner == "mute":
            self.server.over.wait()
        elif manner == "endless":
            self.head(200, None)
            self.pour()
        elif manner == "huge":
            self.head(200, 1 << 40)
            self.wfile.write(CONTENT)
        else:
            self.part(manner, int(re.sub(r"\D", "", wanted) or 0))

    def part(self, manner: str, start: int) -> None:
        if manner == "no-ranges":
            start = 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        content = (CONTENT if manner != "wrong" else CONTENT[::-1])[start:]
        claimed = start + 7 if manner == "wrong-range" else start
        self.head(206 if start else 200, len(content), f"bytes {claimed}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if manner in ("break", "stall"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if manner == "stall":
                self.server.over.wait()
        else:
            self.wfile.write(content)

    def head(self, status: int, length: int | None, content_range: str = "") -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if status == 206:
            self.send_header("Content-Range", content_range)
        self.end_headers()

    def pour(self) -> None:
        try:
            while not self.server.over.is_set():
                self.wfile.write(CONTENT)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(*manner: str) -> Iterator[Server]:
    server = Server(list(manner))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
