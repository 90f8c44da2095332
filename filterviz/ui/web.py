"""What stands between the network and the page: which names the server answers to, and headers that bind the browser.

A page elsewhere can have its own name resolve to this machine (DNS rebinding) and then speak to the server as if it
were its own. Such requests carry that name, so the server answers only to names that it knows. An address in numbers
cannot be rebound and is always answered.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from filterviz.settings import Settings
from filterviz.spec.names import plain
from filterviz.storage.incoming import Incoming
from filterviz.ui import door, person, streamlit_private
from filterviz.ui.intake import Intake, Message, Receive, incoming

SCRIPT = Path(__file__).parent / "entry" / "page.py"
"""The script that draws the page for one visitor."""

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's program compiles parts of itself and loads components from strings.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
"""What the page may load: nothing from elsewhere, so that no name from a file can make a browser fetch an address."""

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    # The address of the page holds the token of the visitor's file.
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)

UPLOAD = "/_stcore/upload_file/"
"""Where Streamlit's page sends files, followed by the numbers of the session and of the file."""

UNKNOWN_NAME = (
    "filterviz does not answer to the name {name}. Whoever runs it can allow that: FILTERVIZ_ALLOWED_HOSTS={name}"
)

Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def host_of(header: str) -> str:
    """Return the name in a ``Host`` header, in small letters, without the port.

    Example:
        >>> host_of("Example.org:8501"), host_of("[::1]:8501"), host_of("127.0.0.1")
        ('example.org', '::1', '127.0.0.1')
    """
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].rstrip(".")


def is_known(name: str, allowed: Iterable[str]) -> bool:
    """Return whether the server answers to a name.

    Args:
        name: The name, as :func:`host_of` gives it.
        allowed: Further names that it answers to; ``*`` stands for any letters.
    """
    own = socket.gethostname().lower()
    if name in ("localhost", own, f"{own}.local") or any(fnmatchcase(name, pattern.lower()) for pattern in allowed):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """An ASGI application around another.

    It turns unknown names and files without room away, and adds :data:`HEADERS` to every answer.

    Args:
        app: The application inside.
        allowed: See :func:`is_known`.
        proxies: See :func:`filterviz.ui.person.from_request`.
        uploads: Where files on their way in are left.
    """

    def __init__(self, app: App, allowed: Iterable[str], proxies: Iterable[person.Network], uploads: Incoming):
        self._app = app
        self._allowed = tuple(allowed)
        self._proxies = tuple(proxies)
        self._uploads = uploads

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        name = host_of(_header(scope, b"host"))
        scope = self._introduce(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {header for header, _ in HEADERS}
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in own]
                message["headers"] = [*kept, *HEADERS, *_cookie(scope, kept)]
            await send(message)

        if not is_known(name, self._allowed):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            else:
                await _say(send_with_headers, 421, UNKNOWN_NAME.format(name=plain(name)))
        elif scope["type"] == "http" and door.is_asked(scope["path"]):
            await door.answer(scope, send_with_headers)
        elif scope["type"] == "http" and scope["method"] in ("PUT", "POST") and UPLOAD in scope["path"]:
            await self._upload(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _introduce(self, scope: Message) -> Message:
        """The request with the name of whoever has sent it, in place of one that they may have given themselves."""
        peer, port = scope.get("client") or ("", 0)
        if port == 0:
            # uvicorn has put an address from the headers here, as it does for whoever asks from this machine.
            peer = "127.0.0.1"
        forwarded, cookies = _headers(scope, b"x-forwarded-for"), _headers(scope, b"cookie")
        who = person.from_request(peer, forwarded, cookies, self._proxies)
        others = [pair for pair in scope["headers"] if pair[0] != person.HEADER.encode()]
        return {**scope, "headers": [*others, (person.HEADER.encode(), who.encode())]}

    async def _upload(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a file in if there is room for it, which must be known before its first byte; see :class:`Intake`."""
        session, length = scope["path"].partition(UPLOAD)[2].partition("/")[0], _header(scope, b"content-length")
        if not re.fullmatch("[0-9]{1,15}", length):
            await _say(send, 411, "Say how large the file is.")
            return
        size = int(length)
        self._uploads.tidy(streamlit_private.is_active)
        if refused := self._uploads.begin(session, size):
            await _say(send, refused, "There is no room for this file.")
            return
        intake = Intake(receive, _header(scope, b"content-type"), session, self._uploads)
        accepted = False

        async def send_and_look(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or 200 <= message.get("status", 0) < 300
            await send(message)

        try:
            await self._app(scope, intake.receive, send_and_look)
        finally:
            self._uploads.end(session, size)
            if not accepted:
                intake.withdraw()


def _headers(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for given, value in scope["headers"] if given == name]


def _header(scope: Message, name: bytes) -> str:
    return next(iter(_headers(scope, name)), "")


def _cookie(scope: Message, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A cookie with the page, for a browser that has none."""
    # A page that the browser has kept is answered by 304, which has no type; the request says what is wanted.
    is_page = b"text/html" in dict(headers).get(b"content-type", b"") or "text/html" in _header(scope, b"accept")
    if not is_page or person.cookie_of(_headers(scope, b"cookie")):
        return []
    secure = scope["scheme"] == "https" or _header(scope, b"x-forwarded-proto") == "https"
    return [(b"set-cookie", person.new_cookie(secure=secure).encode())]


async def _say(send: Send, status: int, sentence: str) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [kind, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": sentence.encode()})


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Have a browser open the page as the server starts, unless it was started without one or there is no screen.

    Streamlit does that for scripts alone. Its socket takes connections by now, and the port is settled.
    """
    if not st.get_option("server.headless"):
        address = st.get_option("server.address")
        host = address if address not in (None, "", "0.0.0.0", "::") else "localhost"
        url = f"http://{f'[{host}]' if ':' in host else host}:{st.get_option('server.port')}"
        # Some browsers run in the terminal, and would keep the server waiting.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    yield


def middleware() -> list[Middleware]:
    """Return what ``st.App`` puts around the page, with the settings of the environment.

    Raises:
        SystemExit: A setting is wrong; the sentence names it.
    """
    try:
        settings = Settings.from_environment()
        proxies = person.networks(settings.trusted_proxies)
    except ValueError as error:
        sys.exit(str(error))
    return [Middleware(Guard, allowed=settings.allowed_hosts, proxies=proxies, uploads=incoming())]
