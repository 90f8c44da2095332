"""Fixtures: two servers and a browser for all tests, and a page for each.

All pages with the usual settings share one browser context, which keeps Streamlit's program compiled: a page in a
context of its own takes a second of computing more to open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.browser.browsing import CHROMIUM, SCREENSHOTS, Complaints, Server, acquainted, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is told where VGG16's weights are, and does not find them: it opens on a page without images."""
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, FILTERVIZ_VGG16_WEIGHTS=str(folder / "vgg16.h5")) as server:
        yield server
        assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def story_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that opens on the story of a training, with VGG16's weights nowhere."""
    folder = tmp_path_factory.mktemp("story-server")
    with serving(folder, KERAS_HOME=str(folder)) as server:
        yield server
        assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except Error as error:
            if "CI" in os.environ:
                raise  # there these tests must run
            pytest.skip(f"no Chromium could be started: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    SCREENSHOTS.mkdir(exist_ok=True)
    context = acquainted(browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True))
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def complaining_page(context: BrowserContext) -> Iterator[Page]:
    """A page without cookies of earlier ones, whose browser may complain."""
    page = context.new_page()
    yield page
    page.close()
    context.clear_cookies()


@pytest.fixture
def page(complaining_page: Page) -> Iterator[Page]:
    """A page whose browser may not complain of anything."""
    complaints = Complaints()
    complaints.listen(complaining_page)
    yield complaining_page
    assert complaints.heard == []
