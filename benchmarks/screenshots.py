"""Images of every state of the page, in both themes at three widths, to be looked at.

    python -m benchmarks.screenshots FOLDER [--documents]

With ``--documents`` the README's images are written to ``docs/`` as well. The server listens on loopback. Most
patterns come with the program; those of a small network, and of untrained copies, are made.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.browsing import CHROMIUM, DONE, SLOW, acquainted, serving, settled
from tests.workers.conftest import write_model

DOCS = Path(__file__).parents[1] / "docs"
DEMO = "?m=cats_and_dogs"
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "laptop": {"viewport": {"width": 1280, "height": 900}},
    "wide": {"viewport": {"width": 1920, "height": 1080}},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class State:
    """A state of the page.

    Attributes:
        name: Name of its images.
        address: What stands behind the server's address.
        tiles: How many finished tiles to wait for.
        then: What else to do.
        new: Whether the visitor has not seen the page before.
    """

    name: str
    address: str = ""
    tiles: int = 0
    then: Callable[[Page], None] = settled
    new: bool = False


def pressed(name: str) -> Callable[[Page], None]:
    """Press a button."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def untrained(page: Page) -> None:
    """Choose the first stage of the training."""
    page.get_by_role("radio", name="untrained").click()
    page.get_by_text("untrained", exact=True).wait_for()


def refused(page: Page) -> None:
    """Drop a photo."""
    photo = {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff" + bytes(1000)}
    page.locator("input[type=file]").first.set_input_files(photo)  # type: ignore[arg-type]
    page.locator(".fv-box[role=alert]").wait_for()
    page.locator(DONE).nth(49).wait_for()


def uploaded(file: Path, conditions: str, after: Callable[[Page], None]) -> Callable[[Page], None]:
    """Drop a file, and look at its patterns while they are made."""

    def drop(page: Page) -> None:
        page.locator("input[type=file]").first.set_input_files(file)
        page.wait_for_url("**/?m=*")
        page.goto(f"{page.url}&{conditions}")
        page.locator("img[alt^='Unfinished']").first.wait_for()
        after(page)

    return drop


def dropped_together(file: Path) -> Callable[[Page], None]:
    """Drop a file under three names, as if it were three checkpoints."""

    def drop(page: Page) -> None:
        files = [
            {"name": f"my_training_epoch-{epoch}.h5", "mimeType": "application/x-hdf5", "buffer": file.read_bytes()}
            for epoch in (5, 10, 20)
        ]
        page.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]
        page.get_by_role("slider").wait_for()
        page.locator(DONE).nth(11).wait_for()

    return drop


def states(file: Path) -> list[State]:
    """Every state. ``file`` is a small network."""
    slow = f"{SLOW}&with=untrained&layers=1"
    return [
        State("opening", "", 50),
        State("opening-untrained", "", 50, untrained),
        State("guide", "?help=1"),
        State("network", DEMO, 50),
        State("first-layer", f"{DEMO}&at=1", 50),
        State("overview", f"{DEMO}&overview=1", 200),
        State("all-filters", f"{DEMO}&count=all", 150),
        State("untrained", f"{DEMO}&with=untrained", 50),
        State("three", f"{DEMO}&with=untrained&third=1", 75),
        State("tile", f"{DEMO}&tile=5-0-5", 0, lambda page: page.get_by_text("All numbers").wait_for()),
        State("settings", DEMO, 50, pressed("Settings")),
        State("layers", DEMO, 50, pressed("Choose layers")),
        State("tour", DEMO, 50, new=True),
        State("map", DEMO, 50, pressed("Map")),
        State("save", DEMO, 50, pressed("Save")),
        State("shared", DEMO, 50, pressed("Share")),
        State("refused", "", 0, refused),
        State("chinese", f"{DEMO}&lang=zh", 50),
        State("chinese-opening", "?lang=zh", 50),
        State("checkpoints", "", 0, dropped_together(file)),
        State("digits", "?m=digits", 50),
        State("digits-classes", "?m=digits&layers=1.3.5.9&at=9", 10),
        State("shapes", "?m=shapes", 50),
        State("running", "", 0, uploaded(file, slow, settled)),
        State("stopped", "", 0, uploaded(file, f"{slow}&seed=1", pressed("Stop"))),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", action="store_true", help="write the README's images too")
    parser.add_argument("--state", action="append", help="only this state; may be given several times")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        file = write_model(Path(place) / "small.h5", channels=6)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with serving(Path(place), KERAS_HOME=place) as server:
            for state in states(file):
                if options.state and state.name not in options.state:
                    continue
                for screen in SCREENS:
                    for scheme in SCHEMES:
                        picture = taken(browser, server.address, state, screen, scheme)
                        (options.folder / f"{state.name}-{screen}-{scheme}.png").write_bytes(picture)
                print(state.name, flush=True)
            if options.documents:
                documents(browser, server.address)
        browser.close()


def taken(browser: Browser, address: str, state: State, screen: str, scheme: Literal["light", "dark"]) -> bytes:
    """An image of a state, as PNG."""
    context = browser.new_context(color_scheme=scheme, **SCREENS[screen])
    if not state.new:
        acquainted(context)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{address}/{state.address}")
    if state.tiles:
        page.locator(DONE).nth(state.tiles - 1).wait_for()
    state.then(page)
    settled(page)
    page.wait_for_timeout(700)  # what moves has come to rest
    while not page.locator("img").evaluate_all("images => images.every((image) => image.complete)"):
        page.wait_for_timeout(100)
    picture = page.screenshot()
    context.close()
    return picture


def documents(browser: Browser, address: str) -> None:
    """The README's images."""
    shown = {
        "page": State("", "", 50),
        "digits": State("", "?m=digits&layers=1.3.5.9&at=9", 35),
        "training": State("", f"{DEMO}&with=untrained", 50),
    }
    for name, state in shown.items():
        with Image.open(io.BytesIO(taken(browser, address, state, "laptop", "light"))) as picture:
            picture.save(DOCS / f"{name}.webp", quality=88, method=6)


if __name__ == "__main__":
    main()
