"""How long a visitor waits: the real page on a real server, driven by a real browser.

    python -m benchmarks.page MODEL.h5 [--vgg16 WEIGHTS.h5] [--recipe natural|classic]

Prints one line for each figure. Nothing is kept: the server has an empty cache of its own, in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]

DONE = "[class*='st-key-tile-'] img:is([alt^='Pattern of'], [alt^='No pattern'])"
BEGUN = "[class*='st-key-tile-'] img:not([alt^='No picture'])"
TILE = "[class*='st-key-tile-']"
PATIENCE = 600_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--vgg16", type=Path, help="VGG16's weights; without them the page stands alone")
    parser.add_argument("--recipe", default="natural", choices=["natural", "classic"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        began = time.monotonic()
        with serving(Path(folder), options.vgg16) as (address, process):
            measure(page, address, process, options, began)
        with serving(Path(folder), options.vgg16) as (address, _):
            began = time.monotonic()
            page.goto(page.url.replace(page.url.split("/?")[0], address))
            wait_for_count(page.locator(DONE), page.locator(TILE))
            report("the same view from the store, on a restarted server", began)
        browser.close()


def measure(page: Page, address: str, process: psutil.Process, options: argparse.Namespace, began: float) -> None:
    page.goto(address)
    page.locator("input[type=file]").wait_for(state="attached")
    report("streamlit run to a usable page", began)
    memory("the web process, page open", process)

    began = time.monotonic()
    page.locator("input[type=file]").set_input_files(options.model)
    show = page.get_by_role("button", name="Show patterns")
    show.wait_for()
    report("upload to the list of layers", began)
    settings = "" if options.recipe == "natural" else f"&recipe={options.recipe}"
    page.goto(page.url + settings)
    show.wait_for()

    began = time.monotonic()
    show.click()
    page.locator(BEGUN).first.wait_for()
    report("press to the first tile taking shape, first time (cold child)", began)
    page.locator(DONE).first.wait_for()
    report("press to the first finished tile, first time (cold child)", began)
    walls = page.locator("[class*='st-key-wall-r']")
    seen: set[str] = set()
    while len(seen) < walls.count() or page.get_by_test_id("stProgress").count():
        for at in range(walls.count()):
            wall = walls.nth(at)
            tiles = wall.locator(TILE).count()
            name = f"wall {at // 2 + 1}, {'VGG16' if at % 2 and options.vgg16 else 'your network'}"
            if name not in seen and tiles and wall.locator(DONE).count() == tiles:
                seen.add(name)
                report(f"press to all {tiles} tiles of {name}", began)
        time.sleep(0.1)
    report("press to everything finished", began)
    memory("the web process, walls shown", process)

    began = time.monotonic()
    page.reload()
    wait_for_count(page.locator(DONE), page.locator(TILE))
    report("the same view after a reload", began)

    more = page.url + f"&seed=1{settings if settings not in page.url else ''}"
    began = time.monotonic()
    page.goto(more)
    page.locator(BEGUN).first.wait_for()
    report("asking with another seed, to the first tile taking shape (warm child; page load included)", began)
    page.locator(DONE).first.wait_for()
    report("asking with another seed, to the first finished tile (warm child; page load included)", began)
    wait_for_count(page.locator(DONE), page.locator(TILE))
    memory("the web process at the end", process)


def wait_for_count(done: Locator, all_: Locator) -> None:
    while not all_.count() or done.count() < all_.count():
        time.sleep(0.05)


def report(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:8.2f} s   {what}", flush=True)


def memory(what: str, process: psutil.Process) -> None:
    print(f"{process.memory_info().rss / 1e6:8.0f} MB  {what}", flush=True)


@contextmanager
def serving(folder: Path, vgg16: Path | None) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = {
        **os.environ,
        "FILTERVIZ_CACHE_DIR": str(folder / "cache"),
        "FILTERVIZ_VGG16_WEIGHTS": str(vgg16.resolve() if vgg16 else folder / "none.h5"),
    }
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
