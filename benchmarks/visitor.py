"""A visitor without a browser: speaks the page's own protocol, so that thirty of them leave the server its processor.

It connects as the page's program does, with a cookie of its own, sends files as the upload field does, asks the page's
feed for news as often as that says, has the page drawn again when the feed says so, and reads which tiles there are.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self
from urllib.parse import parse_qs, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

POLL = 0.05
XSRF = "_streamlit_xsrf"


class Visitor:
    """Somebody who looks at a page; see :meth:`at`.

    Attributes:
        address: Address of the server.
        walls: Of each wall on the page, by its key: on which side it is, and the state of each tile by the name that
            it has in the page's feed, ``done``, ``begun`` or ``empty``.
        query: The address of the page behind the question mark, as the server has set it.
        lines: The small lines of text that came last, such as how far the work is.
    """

    def __init__(self, address: str, connection: ClientConnection, cookie: str) -> None:
        self.address = address
        self.walls: dict[str, tuple[int, dict[str, str]]] = {}
        self.query = ""
        self.lines: list[str] = []
        self._connection = connection
        self._cookie = cookie
        self._session = ""
        self._script = ""
        self._finished = 0
        self._feed = ""
        self._drawn = ""  # what the page depends on, as it was drawn
        self._number = 0
        self._due = 0.0
        host = urlsplit(address)
        self._asking = http.client.HTTPConnection(host.hostname or "", host.port, timeout=60)
        self._uploader = ""
        self._urls: list[str] = []
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)

    @classmethod
    @contextmanager
    def at(cls, address: str) -> Iterator[Self]:
        """Somebody who opens a page, and has closed it at the end of the block."""
        cookies: list[str] = []
        for path in ("/", "/_stcore/health"):
            with urllib.request.urlopen(address + path, timeout=60) as answer:
                cookies += answer.headers.get_all("set-cookie") or []
        cookie = "; ".join(cookie.partition(";")[0] for cookie in cookies)
        with connect(
            address.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": cookie},
            origin=Origin(address),
            max_size=None,
            open_timeout=60,
        ) as connection:
            visitor = cls(address, connection, cookie)
            visitor._reader.start()
            yield visitor
        visitor._reader.join(10)
        visitor._asking.close()

    def ask(self, query: str = "", file: object = None) -> None:
        """Have the page drawn."""
        message = BackMsg()
        message.rerun_script.query_string = query or self.query
        message.rerun_script.page_script_hash = self._script
        if file is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self._uploader
            state.file_uploader_state_value.uploaded_file_info.append(file)
        self._send(message)

    def look(self, query: str, seconds: float = 120.0) -> None:
        """Go to an address of the page, and wait until it is drawn."""
        self.walls.clear()
        before = self._finished
        self.query = query
        self.ask(query)
        self.wait(lambda: self._finished > before, seconds)

    def upload(self, name: str, content: bytes, seconds: float = 180.0) -> None:
        """Drop a file on the page, and wait until the page has gone on to it."""
        self.wait(lambda: bool(self._uploader and self._session), seconds)
        self._urls.clear()
        message = BackMsg()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.session_id = self._session
        message.file_urls_request.file_names.append(name)
        self._send(message)
        self.wait(lambda: bool(self._urls), seconds)
        (url,) = self._urls
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        token = dict(part.split("=", 1) for part in self._cookie.split("; ") if "=" in part).get(XSRF, "")
        request = urllib.request.Request(self.address + url, body, method="PUT")
        request.add_header("Content-Type", f"multipart/form-data; boundary={boundary}")
        request.add_header("Cookie", self._cookie)
        request.add_header("X-Xsrftoken", token.strip('"'))
        urllib.request.urlopen(request, timeout=seconds).close()
        info = BackMsg().rerun_script.widget_states.widgets.add().file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), url.rsplit("/", 1)[1]
        info.file_urls.file_id, info.file_urls.upload_url, info.file_urls.delete_url = info.file_id, url, url
        self.walls.clear()
        self.ask(file=info)
        self.wait(lambda: "m" in parse_qs(self.query), seconds)

    @property
    def token(self) -> str:
        """What stands for the file in the address."""
        return parse_qs(self.query).get("m", [""])[0]

    def tiles(self, side: int = 0) -> tuple[int, int]:
        """How many tiles are done on a side of the page, and how many there are.

        Args:
            side: 0 for the visitor's own network, 1 for the one beside it.
        """
        with self._lock:
            states = [state for at, wall in self.walls.values() if at == side for state in wall.values()]
        return states.count("done"), len(states)

    def has_wall(self) -> bool:
        """Whether all tiles of one layer of the visitor's own network are done."""
        with self._lock:
            return any(at == 0 and wall and set(wall.values()) == {"done"} for at, wall in self.walls.values())

    def wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for something, and ask for news when they are due.

        Raises:
            TimeoutError: It has not come in time.
            ConnectionError: The server has closed the page.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(f"nothing after {seconds:.0f} s; the page says: {self.lines[-3:]}")
            if not self._reader.is_alive():
                raise ConnectionError("the server has closed the page")
            if self._feed and now >= self._due:
                self._hear()
            time.sleep(POLL)

    def idle(self, seconds: float) -> None:
        """Look at the page for a while."""
        until = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= until, seconds + 60)

    def _hear(self) -> None:
        """Ask the feed for news, and have the page drawn again where it depends on something else by now."""
        feed, drawn = self._feed, self._drawn
        self._asking.request("GET", f"/filterviz/feed/{feed}?since={self._number}", headers={"Cookie": self._cookie})
        answer = self._asking.getresponse()
        body = answer.read()
        self._due = time.monotonic() + 5
        if answer.status != 200:
            return
        news = json.loads(body)
        self._number = news["number"]
        self._due = time.monotonic() + news["seconds"]
        items = news["items"]
        with self._lock:
            for _side, wall in self.walls.values():
                wall.update({name: items[name]["state"] for name in wall if name in items})
            if "bar" in items:
                self.lines = [*self.lines[-20:], items["bar"]["line"]]
            again = self._drawn == drawn and items.get("page", drawn) != drawn
            if again:
                self._drawn = items["page"]
        if again:
            self.ask()

    def _send(self, message: BackMsg) -> None:
        self._connection.send(message.SerializeToString())

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for data in self._connection:
                message = ForwardMsg()
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                with self._lock:
                    self._take(message)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._session = message.new_session.initialize.session_id
            self._script = message.new_session.page_script_hash
            self._feed = ""
            self.walls.clear()
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string.lstrip("?")
        elif kind == "file_urls_response":
            self._urls.extend(url.upload_url for url in message.file_urls_response.file_urls)
        elif kind == "script_finished":
            self._finished += 1
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            shape = element.WhichOneof("type")
            if shape == "bidi_component" and element.bidi_component.component_name == "filterviz_tiles":
                data = json.loads(element.bidi_component.json)
                states = {f"{data['feed']}{tile['filter']}": tile["state"] for tile in data["tiles"]}
                self.walls[element.bidi_component.id] = data["side"], states
            elif shape == "bidi_component" and element.bidi_component.component_name == "filterviz_progress":
                data = json.loads(element.bidi_component.json)
                self._feed, self._drawn, self._number = data["feed"], data["drawn"], 0
                self._due = time.monotonic() + 0.3
            elif shape == "file_uploader":
                self._uploader = element.file_uploader.id
            elif shape == "html":
                self.lines = [*self.lines[-20:], re.sub("<[^>]*>", " ", element.html.body).strip()]
