"""A page of which a part got lost on the way, as happens on a slow server with many visitors."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.browsing import DONE, Server, settled

pytestmark = [
    # Playwright's own event loop is still open when its fixtures end.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(180),
]


class Lossy:
    """Between server and browser: loses what is drawn from the columns of images on, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.runs = 0

    def between(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        losing = False

        def pass_on(content: str | bytes) -> None:
            nonlocal losing
            message = ForwardMsg()
            message.ParseFromString(content if isinstance(content, bytes) else content.encode())
            if message.WhichOneof("type") == "new_session":
                self.runs += 1
                losing = self.left > 0
                self.left -= 1
            pictures_or_below = [0, 1, 1] <= list(message.metadata.delta_path) < [1]
            if not (losing and message.WhichOneof("type") == "delta" and pictures_or_below):
                route.send(content)

        server.on_message(pass_on)
        route.on_message(server.send)


def test_what_got_lost_is_asked_for_again(page: Page, story_server: Server) -> None:
    lossy = Lossy(1)
    page.route_web_socket("**/_stcore/stream", lossy.between)
    page.goto(story_server.address)
    expect(page.locator(DONE).first).to_be_visible()
    expect(page.locator("[data-run]")).to_have_count(2)  # that of the page, and that of the part with the images
    assert lossy.runs == 2


def test_a_page_that_never_arrives_is_not_asked_for_for_ever(page: Page, story_server: Server) -> None:
    lossy = Lossy(100)
    page.route_web_socket("**/_stcore/stream", lossy.between)
    page.goto(story_server.address)
    page.wait_for_timeout(12_000)
    settled(page)
    assert lossy.runs == 4


def test_a_whole_page_is_drawn_once(page: Page, story_server: Server) -> None:
    lossy = Lossy(0)
    page.route_web_socket("**/_stcore/stream", lossy.between)
    page.goto(story_server.address)
    expect(page.locator(DONE).first).to_be_visible()
    page.wait_for_timeout(3_000)
    assert lossy.runs == 1
