"""What stands between the network and the page: names, headers and the address that the server listens on."""

from __future__ import annotations

import asyncio
import base64
import http
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.settings import Settings
from filterviz.storage.incoming import Incoming
from filterviz.ui import web
from filterviz.ui.intake import Message, Receive
from tests.browser.browsing import Server, serving
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8501", "localhost"),
        ("Example.ORG", "example.org"),
        ("example.org.:80", "example.org"),
        ("[::1]:8501", "::1"),
        ("[::1", "::1"),
        ("127.0.0.1:1:2", "127.0.0.1"),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert web.host_of(header) == name


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "192.168.1.7", "::1", socket.gethostname().lower(), "a.school.example"]
)
def test_names_that_the_server_answers_to(name: str) -> None:
    assert web.is_known(name, ["*.school.example"])


@pytest.mark.parametrize(
    "name", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "school.example", "0x7f000001"]
)
def test_names_that_the_server_does_not_answer_to(name: str) -> None:
    assert not web.is_known(name, ["*.school.example"])


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    assert web.is_known(web.host_of(header), ["a?[", "b"]) in (True, False)


def test_the_names_are_a_setting() -> None:
    given_names = Settings.from_environment({"FILTERVIZ_ALLOWED_HOSTS": "viz.school.example, *.lab"}).allowed_hosts
    assert given_names == ("viz.school.example", "*.lab")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("server"), address=None, FILTERVIZ_ALLOWED_HOSTS="viz.school.example"
    ) as server:
        yield server


def asked(server: Server, host: str, path: str = "/", **more: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.address).port, timeout=20)
    connection.request("GET", path, headers={"Host": host, **more})
    answer = connection.getresponse()
    # What follows the head of a websocket never ends.
    said = "" if answer.status == http.HTTPStatus.SWITCHING_PROTOCOLS else answer.read().decode()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, said
    connection.close()
    return found


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/static/nothing.js", "/_stcore/upload_file/a/b"])
def test_every_answer_binds_the_browser(server: Server, path: str) -> None:
    _, headers, _ = asked(server, "localhost", path)
    assert {name: headers.get(name) for name in ("x-content-type-options", "x-frame-options", "referrer-policy")} == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
    }
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "*" not in policy


def test_a_name_that_somebody_else_had_resolve_to_us_gets_no_page(server: Server) -> None:
    """DNS rebinding: the page of somebody else speaks to us under its own name, as host and as origin."""
    for name in ("localhost", "viz.school.example", "127.0.0.1"):
        assert asked(server, name)[0] == 200
    status, _, said = asked(server, "evil.example")
    assert status == 421
    assert "FILTERVIZ_ALLOWED_HOSTS=evil.example" in said
    _, headers, _ = asked(server, "<script>alert(1)</script>")
    assert headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("name", "status"), [("localhost", 101), ("viz.school.example", 101), ("evil.example", 403)])
def test_it_gets_no_websocket_either(server: Server, name: str, status: int) -> None:
    host = f"{name}:{urlsplit(server.address).port}"
    handshake = {
        "Origin": f"http://{host}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    }
    assert asked(server, host, "/_stcore/stream", **handshake)[0] == status


@pytest.mark.parametrize(
    ("length", "status"), [(None, 411), ("9" * 15, 413), ("9" * 16, 411), ("9" * 5000, 411), ("-1", 411), ("1e3", 411)]
)
def test_a_file_says_how_large_it_is_before_it_comes(length: str | None, status: int) -> None:
    """Asked of the layer itself, as the web server in front of it turns some of these away, too."""
    said: list[Message] = []

    async def inside(_scope: Message, _receive: Receive, _send: web.Send) -> None:
        raise AssertionError("it came in")

    async def receive() -> Message:
        raise AssertionError("it was read")

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"host", b"localhost")] + ([] if length is None else [(b"content-length", length.encode())])
    scope = {"type": "http", "method": "PUT", "path": f"{web.UPLOAD}session/file", "headers": headers}
    guard = web.Guard(inside, (), (), Incoming(Path("nowhere"), 10**6, 10**7))
    asyncio.run(guard(scope, receive, send))
    assert said[0]["status"] == status
    assert said[-1]["body"]


def test_only_this_machine_reaches_it_unless_told_otherwise(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    listening = [one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


@pytest.mark.skipif(sys.platform == "win32", reason="the browser of this test is a shell script")
@pytest.mark.parametrize("headless", [False, True])
def test_a_browser_opens_the_page_as_the_server_starts(headless: bool, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o700)
    with serving(tmp_path, address=None, headless=headless, BROWSER=str(browser)) as server:
        if headless:
            time.sleep(1)
            assert not opened.exists()
        else:
            wait_for(lambda: opened.exists() and opened.read_text().strip() != "")
            assert opened.read_text().strip() == server.address.replace("127.0.0.1", "localhost")


def test_a_wrong_setting_is_a_sentence_and_no_server() -> None:
    started = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "FILTERVIZ_MAX_SIZE": "huge"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode != 0
    assert "FILTERVIZ_MAX_SIZE is 'huge', which is not a whole number" in started.stderr
    assert "Traceback" not in started.stderr


def test_the_script_of_the_page_lies_beside_the_application() -> None:
    assert web.SCRIPT.is_file()
    assert (Path(__file__).parents[2] / "app.py").read_text().count("st.App(web.SCRIPT") == 1
