"""A real server, a real browser, and what a person does with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
expect.set_options(timeout=60_000)

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Commands of the system's Chromium; the first is the one without windows, which takes a fifth less computing."""

CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
"""The system's; without one, Playwright's own is tried."""

QUICK = "recipe=classic&size=16&steps=3"
"""Conditions under which a wall is there at once."""

SLOW = "recipe=classic&size=256&steps=4000"
"""Conditions under which a wall takes for ever."""


@dataclass
class Server:
    """A running ``streamlit run app.py``."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def serving(
    folder: Path,
    *,
    address: str | None = "127.0.0.1",
    headless: bool = True,
    script: str = "app.py",
    **environment: str,
) -> Iterator[Server]:
    """A server on a free port; ``address`` is ``None`` for the one that ``.streamlit/config.toml`` says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.headless={str(headless).lower()}"]
    command += [f"--server.port={port}", *([] if address is None else [f"--server.address={address}"])]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Walls that take for ever are begun without a question.
            env={
                **os.environ,
                "FILTERVIZ_CACHE_DIR": str(folder / "cache"),
                "FILTERVIZ_ASK_SECONDS": "0",
                "FILTERVIZ_REQUEST_SECONDS": "0",
                **environment,
            },
        )
    try:
        found = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{found}/_stcore/health", timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield Server(process, found, log)
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(timeout=20)
        _, left = psutil.wait_procs(children, timeout=10)
        for child in left:
            child.kill()
    assert not left, "the server leaves no process behind"


@dataclass
class Complaints:
    """What a browser had to say against a page."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        page.on("requestfailed", self._request)

    def _request(self, request: Request) -> None:
        # A page that is left for another drops what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.heard.append(f"{request.failure}: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"{message.text} ({message.location.get('url', '')})")


def acquainted(context: BrowserContext) -> BrowserContext:
    """A context that has seen the tour, which lies above a corner of the page."""
    context.add_init_script("localStorage.setItem('filterviz-tour', '1')")
    return context


def upload(page: Page, server: Server, *files: Path | dict[str, object], conditions: str = "") -> None:
    page.goto(f"{server.address}/?{conditions}")
    page.locator("input[type=file]").first.set_input_files(*files)  # type: ignore[arg-type]


DONE = ".tile[data-state=done]"


def finished(page: Page, count: int) -> None:
    """Wait for so many finished tiles, and for the page to say that there is nothing more to come."""
    expect(page.locator(DONE)).to_have_count(count, timeout=120_000)
    expect(page.locator(".st-key-stop")).to_have_count(0)


def settled(page: Page) -> None:
    """Wait until the page has drawn what it was told to."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).first.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()
