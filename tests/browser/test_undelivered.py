"""A file that a proxy turns away is explained by a sentence on the page, which only the browser can know of."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.browsing import Server, serving, settled, upload

REFUSED = "it was refused between your browser and this page"
PROXY = "takes no file so large"
LOST = "it was lost between your browser and this page"


@pytest.fixture
def page(complaining_page: Page) -> Page:
    """That a file did not arrive is what the browser says itself, too."""
    return complaining_page


def upload_through(page: Page, server: Server, file: Path, answer: int | None) -> None:
    """Choose a file where a proxy answers with a status in place of the server, or not at all."""

    def stand_in_the_way(route: Route) -> None:
        if answer is None:
            route.abort("connectionreset")
        else:
            route.fulfill(status=answer, body="<html>nginx</html>")

    page.route("**/_stcore/upload_file/**", stand_in_the_way)
    page.goto(server.address)
    settled(page)
    page.locator("input[type=file]").first.set_input_files(file)


@pytest.mark.parametrize(("answer", "words"), [(403, REFUSED), (413, PROXY), (502, LOST), (None, LOST)])
def test_a_file_that_does_not_arrive_is_explained(
    answer: int | None, words: str, page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    upload_through(page, server, family_files["keras_2_1.h5"], answer)
    box = page.locator(".fv-undelivered .fv-box")
    expect(box).to_contain_text(words)
    expect(box).to_be_visible()
    expect(box).to_have_attribute("role", "alert")
    if answer == 413:
        expect(box).to_contain_text("600 MB")


def test_without_the_cookie_the_server_itself_refuses_and_the_page_says_so(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    """What happens behind a proxy that keeps cookies back: Streamlit's own answer is 403."""
    page.goto(server.address)
    settled(page)
    page.context.clear_cookies()
    page.locator("input[type=file]").first.set_input_files(family_files["keras_2_1.h5"])
    expect(page.locator(".fv-undelivered .fv-box")).to_contain_text(REFUSED)


def test_once_the_way_is_free_the_sentence_is_gone(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    upload_through(page, server, family_files["keras_2_1.h5"], 403)
    expect(page.locator(".fv-undelivered .fv-box")).to_be_visible()
    page.get_by_role("button", name="Remove keras_2_1.h5").click()
    expect(page.locator(".fv-undelivered .fv-box")).to_have_count(0)
    page.unroute_all()
    settled(page)
    # Another file: the browser's own field takes the same one again for no change, as no person's click came before.
    page.locator("input[type=file]").first.set_input_files(family_files["keras_2_4_functional.h5"])
    expect(page.get_by_text("keras_2_4_functional.h5 · 2 conv layers")).to_be_visible()
    expect(page.locator(".fv-undelivered .fv-box")).to_have_count(0)


def test_a_file_beyond_the_limit_of_the_field_is_explained(page: Page, server: Server, tmp_path: Path) -> None:
    large = tmp_path / "large.h5"
    with large.open("wb") as file:
        file.truncate(601 * 1024 * 1024)
    page.goto(server.address)
    settled(page)
    page.locator("input[type=file]").first.set_input_files(large)
    expect(page.locator(".fv-undelivered .fv-box")).to_contain_text("larger than 600 MB")


PUT_MORE = """async ([address, times, size]) => {
    const token = document.cookie.split("; ").find((one) => one.startsWith("_streamlit_xsrf="))?.split("=")[1];
    const answers = [];
    for (let at = 0; at < times; at++) {
        const form = new FormData();
        form.append("file", new Blob([new Uint8Array(size)]), "more.h5");
        const answer = await fetch(`${address}-${at}`, {
            method: "PUT", body: form, credentials: "same-origin", headers: {"X-Xsrftoken": token},
        });
        answers.push(answer.status);
    }
    return answers;
}"""


def test_files_that_no_page_takes_do_not_fill_the_memory(
    browser: Browser, tmp_path: Path, family_files: dict[str, Path]
) -> None:
    """Somebody sends one file after another under numbers that no field has asked for."""
    with serving(tmp_path, FILTERVIZ_UPLOAD_BYTES="5MB", KERAS_HOME=str(tmp_path)) as server:
        context = browser.new_context()
        page = context.new_page()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if "upload_file" in request.url else None)
        upload(page, server, family_files["keras_2_1.h5"])
        expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
        answers = page.evaluate(PUT_MORE, [sent[0], 4, 2_500_000])
        assert answers == [204, 204, 413, 413]
        context.close()
