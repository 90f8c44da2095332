"""A file that comes in while the page is asked for again: somebody clicks, or a part of the page got lost."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from filterviz.ui.person import COOKIE
from tests.browser.browsing import Server, settled, upload

pytestmark = [
    # Playwright's own event loop is still open when its fixtures end.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(180),
]

LARGE = 200_000_000
"""Bytes that take a server long enough to copy that something can come in between."""


def large_file(folder: Path, families: dict[str, Path], last: bytes = b"\0") -> Path:
    """A network in a file of :data:`LARGE` bytes, which end with ``last``."""
    large = folder / "large.h5"
    with large.open("wb") as file:
        file.write(families["keras_2_1.h5"].read_bytes())
        file.truncate(LARGE)
        file.seek(LARGE - len(last))
        file.write(last)
    return large


def test_clicks_while_a_file_is_being_kept_do_not_lose_it(
    page: Page, story_server: Server, family_files: dict[str, Path], tmp_path: Path
) -> None:
    large = large_file(tmp_path, family_files)
    uploads = story_server.log.parent / "cache" / "uploads"
    earlier = set(uploads.glob("*.json"))
    page.goto(story_server.address)
    expect(page.get_by_role("radio", name="1", exact=True)).to_be_visible()
    settled(page)
    page.locator("input[type=file]").set_input_files(large)
    deadline = time.monotonic() + 60
    while not list(uploads.glob(".incoming-*")):
        assert time.monotonic() < deadline, "the file never came in"
        time.sleep(0.005)
    clicks = 0
    while set(uploads.glob("*.json")) == earlier:
        with suppress(TookTooLong):  # the page has gone on
            page.get_by_role("radio", name=str(1 + clicks % 2), exact=True).click(timeout=2_000)
            clicks += 1
        assert time.monotonic() < deadline, "the file was never kept"
    assert clicks
    expect(page.get_by_text("large.h5 · 2 conv layers")).to_be_visible()


def test_back_in_the_browser_is_back_however_soon(
    page: Page, story_server: Server, family_files: dict[str, Path]
) -> None:
    upload(page, story_server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name="1", exact=True)).to_be_visible()
    expect(page.get_by_text("keras_2_1.h5")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()


def test_the_server_holds_no_file_in_memory(
    page: Page, story_server: Server, family_files: dict[str, Path], tmp_path: Path
) -> None:
    """Streamlit alone holds each file until a page takes it, and once more while it comes."""
    large = large_file(tmp_path, family_files, last=b"\1")  # other bytes than those of the other test
    page.goto(story_server.address)
    settled(page)
    web_process = psutil.Process(story_server.process.pid)
    before = most = web_process.memory_info().rss
    page.locator("input[type=file]").set_input_files(large)
    deadline = time.monotonic() + 60
    while page.get_by_text("large.h5 · 2 conv layers").count() == 0:
        assert time.monotonic() < deadline, "the file never came in"
        most = max(most, web_process.memory_info().rss)
        page.wait_for_timeout(5)
    assert most - before < LARGE / 2


def test_two_pages_of_one_browser_are_one_person(
    page: Page, story_server: Server, family_files: dict[str, Path]
) -> None:
    """What came in on one page is deleted on another; a second browser is somebody else."""
    upload(page, story_server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE]
    assert cookie["httpOnly"]
    assert cookie["expires"] == -1
    browser = page.context.browser
    assert browser is not None
    stranger = browser.new_page()
    stranger.goto(story_server.address)
    expect(stranger.get_by_text("Your file stays on the machine")).to_be_visible()
    expect(stranger.get_by_role("button", name="Delete my files now")).to_have_count(0)
    stranger.close()
    other = page.context.new_page()
    other.goto(story_server.address)
    other.get_by_role("button", name="Delete my files now").click()
    expect(other.get_by_text("have been deleted")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The file of this address is no longer here")).to_be_visible()
    other.close()
