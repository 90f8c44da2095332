"""A file that comes in while the page is asked for again: somebody clicks, or a part of the page got lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from playwright.sync_api import TimeoutError as TookTooLong
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.browsing import SLOW, Server, serving, settled, upload

pytestmark = [
    # Playwright's own event loop is still open when its fixtures end.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(180),
]

LARGE = 200_000_000
"""Bytes that take a server long enough to copy that something can come in between."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that shows the story of a training, with something to click on."""
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_clicks_while_a_file_is_being_kept_do_not_lose_it(
    page: Page, server: Server, family_files: dict[str, Path], tmp_path: Path
) -> None:
    large = tmp_path / "large.h5"
    with large.open("wb") as file:
        file.write(family_files["keras_2_1.h5"].read_bytes())
        file.truncate(LARGE)
    uploads = server.log.parent / "cache" / "uploads"
    page.goto(server.address)
    expect(page.get_by_role("radio", name="1", exact=True)).to_be_visible()
    settled(page)
    page.locator("input[type=file]").set_input_files(large)
    deadline = time.monotonic() + 60
    while not list(uploads.glob(".incoming-*")):
        assert time.monotonic() < deadline, "the file never came in"
        time.sleep(0.005)
    clicks = 0
    while not list(uploads.glob("*.json")):
        with suppress(TookTooLong):  # the page has gone on
            page.get_by_role("radio", name=str(1 + clicks % 2), exact=True).click(timeout=2_000)
            clicks += 1
        assert time.monotonic() < deadline, "the file was never kept"
    assert clicks
    expect(page.get_by_text("large.h5 · 2 conv layers")).to_be_visible()


class Deaf:
    """Between server and browser: the browser hears nothing of the page with a file, nor of its address, once."""

    def __init__(self) -> None:
        self.lost = 0

    def between(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        comes, goes = False, False

        def ask(content: str | bytes) -> None:
            nonlocal comes
            message = BackMsg()
            message.ParseFromString(as_bytes(content))
            states = message.rerun_script.widget_states.widgets
            comes = comes or any(state.file_uploader_state_value.uploaded_file_info for state in states)
            server.send(content)

        def answer(content: str | bytes) -> None:
            nonlocal goes
            message = ForwardMsg()
            message.ParseFromString(as_bytes(content))
            goes = goes or (comes and not self.lost and message.HasField("page_info_changed"))
            if not goes:
                route.send(content)
                return
            self.lost += 1
            if message.HasField("script_finished"):
                goes = message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY

        route.on_message(ask)
        server.on_message(answer)


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def test_a_page_of_which_nothing_arrived_is_gone_to_at_the_next_turn(
    page: Page, server: Server, family_files: dict[str, Path], tmp_path: Path
) -> None:
    another = tmp_path / "another.h5"
    another.write_bytes(family_files["keras_2_1.h5"].read_bytes() + b"!")
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    slow = f"{page.url}&{SLOW}"
    deaf = Deaf()
    page.route_web_socket("**/_stcore/stream", deaf.between)
    page.goto(slow)
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    page.get_by_role("button", name="Open another file").click()
    page.locator("input[type=file]").last.set_input_files(another)
    expect(page.get_by_text("another.h5 · 2 conv layers")).to_be_visible()
    assert deaf.lost


def test_back_in_the_browser_is_back_however_soon(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name="1", exact=True)).to_be_visible()
    expect(page.get_by_text("keras_2_1.h5")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
