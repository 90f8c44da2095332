"""How long a visitor waits, how much memory the server takes, and how five visitors share it, in a real browser.

    python -m benchmarks.page MODEL.h5

Prints one line for each figure. Each server has its own empty cache in a temporary folder. Figures are medians of five
unless stated otherwise.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.ui.layer_choice import sensible_layers
from tests.browser.browsing import CHROMIUM

ROOT = Path(__file__).parents[1]

DONE = ".tile[data-state=done]"
OWN = ".st-key-pair-0 .tile[data-state=done]"
BEGUN = ".st-key-pair-0 .tile:is([data-state=done], [data-state=begun])"
"""Of the visitor's own network: for a moment the tiles of the opening page are still there."""
TRIES = 5
VISITORS = 5
UPLOADS, UPLOAD_BYTES = 20, 50_000_000
WARM_SECONDS = 15.0
"""What the children that are kept ready need to start, with time to spare."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--only", choices=("cold", "one", "five"), help="the figures of one of the parts")
    options = parser.parse_args()
    if options.only in (None, "cold"):
        with sync_playwright() as playwright:
            cold_server(playwright)
    if options.only in (None, "one"):
        with sync_playwright() as playwright:
            one_visitor(playwright, options.model)
    if options.only in (None, "five"):
        with fresh_server() as (address, _process):
            five_at_once(address, options.model)


def one_visitor(playwright: Playwright, model: Path) -> None:
    """Measure everything that one person does, on one server."""
    with fresh_server() as (address, process), browser_of(playwright) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(600_000)
        page.goto(address)
        time.sleep(WARM_SECONDS)
        upload_to_first_tile(page, address, model)
        clicks(page)
        stored_view(page)
        uploads(page, address, process, model)


def cold_server(playwright: Playwright) -> None:
    """Measure from start to the opening page with all its images, in turn with an app of one line of text."""
    from_start, from_request, title, bare = [], [], [], []
    with browser_of(playwright) as browser, tempfile.TemporaryDirectory() as folder:
        one_line = Path(folder) / "bare.py"
        one_line.write_text('import streamlit as st\nst.html("<p class=bare>here</p>")\n', encoding="utf-8")
        for _ in range(TRIES):
            began = time.monotonic()
            with fresh_server() as (address, _process):
                asked = time.monotonic()
                page = browser.new_page()
                page.goto(address)
                page.locator(".fv-title").wait_for()
                title.append(time.monotonic() - asked)
                page.locator(DONE).first.wait_for()
                from_start.append(time.monotonic() - began)
                from_request.append(time.monotonic() - asked)
                page.close()
            with fresh_server(one_line) as (address, _process):
                asked = time.monotonic()
                page = browser.new_page()
                page.goto(address)
                page.locator(".bare").wait_for()
                bare.append(time.monotonic() - asked)
                page.close()
    report("`streamlit run` to the first image of the opening page", from_start)
    report("first request of a cold server to the first image", from_request)
    report("  of which to the name of the page", title)
    report("  the same for a Streamlit app of one line of text", bare)


def upload_to_first_tile(page: Page, address: str, model: Path) -> None:
    """Upload a different file each time, so that nothing comes from the store."""
    shape, finished = [], []
    content = model.read_bytes()
    for number in range(TRIES):
        page.goto(address)
        page.locator(DONE).first.wait_for()
        began = time.monotonic()
        # Bytes after the end make it another file of the same network.
        name = f"{number}-{model.name}"
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content + bytes([number + 1])}
        page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
        page.locator(".fv-model", has_text=name).wait_for()
        page.locator(BEGUN).first.wait_for()
        shape.append(time.monotonic() - began)
        page.locator(OWN).first.wait_for()
        finished.append(time.monotonic() - began)
        page.locator(".st-key-stop button").click()
        page.locator(".st-key-resume button").wait_for()
        time.sleep(WARM_SECONDS)  # until the next child is ready
    report("upload to the first tile taking shape, warm child", shape)
    report("upload to the first finished tiles, warm child", finished)


def clicks(page: Page) -> None:
    """Touch a widget while a wall is being made."""
    plain = page.url
    page.goto(f"{plain}&size=256&steps=2000")
    page.locator(BEGUN).first.wait_for()
    page.get_by_role("button", name="Settings", exact=True).click()
    taken = []
    for name in ("strongest first", "number") * TRIES:
        began = time.monotonic()
        page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_url(lambda url, name=name: ("sort=response" in url) == (name != "number"))
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        taken.append(time.monotonic() - began)
        time.sleep(1)
    report("a click to the page settled, while a wall is made", taken)
    page.locator(".st-key-stop button").click()
    page.locator(".st-key-resume button").wait_for()
    page.goto(plain)
    page.locator(OWN).first.wait_for()


def stored_view(page: Page) -> None:
    page.locator(".st-key-stop").wait_for(state="detached")
    tiles = page.locator(DONE).count()
    taken = []
    for _ in range(TRIES):
        began = time.monotonic()
        page.reload()
        page.wait_for_function(
            "n => [...document.querySelectorAll('*')].flatMap(e => e.shadowRoot ? "
            "[...e.shadowRoot.querySelectorAll('.tile[data-state=done]')] : []).length >= n",
            arg=tiles,
        )
        taken.append(time.monotonic() - began)
    report(f"reload to the same view of {tiles} tiles from the store", taken)


def uploads(page: Page, address: str, process: psutil.Process, model: Path) -> None:
    """Open twenty large files one after the other, and see how much memory the web process keeps."""
    page.goto(address)
    page.locator(DONE).first.wait_for()
    before = process.memory_info().rss
    with tempfile.TemporaryDirectory() as folder:
        for number in range(UPLOADS):
            file = Path(folder) / f"{number}.h5"
            file.write_bytes(model.read_bytes())
            with file.open("r+b") as stream:
                stream.truncate(UPLOAD_BYTES + number)
            page.goto(address)
            page.locator("input[type=file]").first.set_input_files(file)
            page.locator(".fv-model", has_text=file.name).wait_for()
            page.locator(".st-key-stop button").click()
            page.locator(".st-key-resume button").wait_for()
            file.unlink()
    grown = (process.memory_info().rss - before) / 1e6
    print(
        f"{grown:8.0f} MB  more in the web process after {UPLOADS} uploads of {UPLOAD_BYTES / 1e6:.0f} MB", flush=True
    )


def five_at_once(address: str, model: Path) -> None:
    """Let each of several visitors open a network of their own and make one wall of it."""
    content = model.read_bytes()
    with open_model(model, Settings()) as opened:
        layer = sensible_layers(opened.spec)[0]
    alone = visit(address, model.name, content + b"alone", layer, threading.Barrier(1))
    barrier = threading.Barrier(VISITORS)
    with ThreadPoolExecutor(VISITORS) as visitors:
        visits = [
            visitors.submit(visit, address, model.name, content + bytes([number]), layer, barrier)
            for number in range(1, VISITORS + 1)
        ]
    together = [one.result() for one in visits]
    fair = alone * VISITORS
    print(f"{alone:8.2f} s   one visitor, one wall of at most 25", flush=True)
    print(f"{min(together):8.2f} s   {VISITORS} visitors at once, a wall each: the fastest", flush=True)
    print(f"{max(together):8.2f} s   the slowest: {max(together) / fair:.2f} times its fair share", flush=True)


def visit(address: str, name: str, content: bytes, layer: int, barrier: threading.Barrier) -> float:
    """Upload, choose a layer, wait for its wall; seconds from the choice on.

    Nobody waits for a visitor to whom something went wrong.
    """
    try:
        with sync_playwright() as playwright, browser_of(playwright) as browser:
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(address)
            page.locator(DONE).first.wait_for()
            file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
            page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
            page.locator(".st-key-stop button").click()
            page.locator(".st-key-resume button").wait_for()
            token = page.url.partition("m=")[2][:24]
            barrier.wait()
            began = time.monotonic()
            page.goto(f"{address}/?m={token}&layers={layer}&with={'0' * 24}&seed=7")
            page.locator(OWN).first.wait_for()
            page.locator(".st-key-stop").wait_for(state="detached")
            return time.monotonic() - began
    except BaseException:
        barrier.abort()
        raise


def report(what: str, taken: list[float]) -> None:
    print(f"{statistics.median(taken):8.2f} s   {what} ({min(taken):.2f} to {max(taken):.2f})", flush=True)


@contextmanager
def browser_of(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@contextmanager
def fresh_server(app: Path = ROOT / "app.py") -> Iterator[tuple[str, psutil.Process]]:
    """A server of its own for an app; the page's by default."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless=true"]
        command += [f"--server.port={port}", "--server.address=127.0.0.1"]
        environment = {
            **os.environ,
            "FILTERVIZ_CACHE_DIR": str(Path(folder) / "cache"),
            "KERAS_HOME": folder,
            "FILTERVIZ_ASK_SECONDS": "0",  # a wall is asked for that takes long
            "FILTERVIZ_REQUEST_SECONDS": "0",
        }
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: connects(port))
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


if __name__ == "__main__":
    main()
