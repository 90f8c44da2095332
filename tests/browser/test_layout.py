"""Where things stand: nothing jumps, everything is within reach, and the address holds what is open."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.browsing import (
    DONE,
    QUICK,
    SCREENSHOTS,
    SLOW,
    Server,
    acquainted,
    downloaded,
    finished,
    settled,
    upload,
)

pytestmark = [pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")]

WALL = ".tile"


def opened(page: Page, server: Server, file: Path, conditions: str) -> str:
    """Open a file on the page; returns its token."""
    upload(page, server, file)
    expect(page.locator(".fv-model")).to_contain_text(file.name)
    token = page.url.partition("m=")[2][:24]
    page.goto(f"{server.address}/?m={token}&{conditions}")
    return token


def top(page: Page) -> float:
    box = page.locator(WALL).first.bounding_box()
    assert box is not None
    return box["y"]


def test_nothing_moves_from_the_first_tile_to_the_last(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    opened(page, server, family_files["keras_2_1.h5"], f"{SLOW.replace('4000', '300')}&with=untrained&layers=1.3&at=1")
    page.locator(WALL).first.wait_for()
    seen = {round(top(page))}
    while page.locator(DONE).count() < 8:
        seen.add(round(top(page)))
        page.wait_for_timeout(100)
    finished(page, 8)
    settled(page)
    seen.add(round(top(page)))
    assert len(seen) == 1, seen


def test_both_walls_have_tiles_of_one_size(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    """Four tiles on one side and six on the other, in as many columns."""
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&with=untrained&layers=1.3&at=1&beside=1-3")
    finished(page, 10)
    widths = page.locator(".tile img").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert len({round(width, 1) for width in widths}) == 1, widths
    tops = page.locator(WALL).evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
    assert len(set(tops)) == 2, "four in one row; five and one"


def test_an_open_tile_is_in_the_address(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&with=untrained&layers=1.3&at=1")
    finished(page, 8)
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Pattern of filter 2,").first.click()
    expect(dialog).to_be_visible()
    expect(page).to_have_url(re.compile("tile=1-0-2"))
    link = page.url
    page.go_back()
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("tile="))
    finished(page, 8)
    page.goto(link)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Filter 2 of conv2d_1, keras_2_1.h5")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("tile="))


def test_an_image_is_there_for_a_browser_that_comes_late(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&with=untrained&layers=1")
    finished(page, 8)
    page.get_by_role("button", name="Pattern of filter 2,").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="The response, step by step")).to_be_visible()
    links = [str(link) for link in page.eval_on_selector_all("img", "images => images.map(image => image.src)")]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    settled(page)
    fetched = [link for link in links if link.startswith("http")]
    assert len(fetched) > 8
    assert [link for link in fetched if not page.request.get(link).ok] == []


def test_from_layer_to_layer_and_all_at_once(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&with=untrained")
    finished(page, 12)
    strip = page.get_by_role("group", name="Layers of keras_2_1.h5")
    expect(strip.get_by_role("button")).to_have_count(2)
    expect(strip.locator("[aria-current]")).to_have_count(1)
    page.screenshot(path=SCREENSHOTS / "layer.png")
    strip.get_by_role("button", name=re.compile("^conv2d_1 ")).click()
    expect(page).to_have_url(re.compile("at=1"))
    finished(page, 8)
    page.get_by_role("button", name="All at once").click()
    finished(page, 20)
    page.screenshot(path=SCREENSHOTS / "overview.png", full_page=True)
    page.get_by_role("button", name="One layer at a time").click()
    finished(page, 8)
    page.go_back()
    finished(page, 20)


def test_what_was_stopped_stays_stopped(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    opened(page, server, family_files["keras_2_4_functional.h5"], f"layers=1&{SLOW}")
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped. 0 of 4 tiles are finished and kept.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Stopped. 0 of 4 tiles are finished and kept.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    expect(page).not_to_have_url(re.compile("stopped"))
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()


def test_checkpoints_dropped_together_are_looked_through(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    sources = (family_files["keras_2_1.h5"], family_files["keras_2_4_functional.h5"], family_files["keras_2_1.h5"])
    files: list[Path | dict[str, object]] = [
        {"name": f"epoch-{epoch}.h5", "mimeType": "application/x-hdf5", "buffer": source.read_bytes()}
        for epoch, source in zip((10, 9, 2), sources, strict=True)
    ]
    page.goto(server.address)
    page.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]
    slider = page.get_by_role("slider")
    # The end of the training, and not the last by the alphabet:
    expect(slider).to_have_attribute("aria-valuetext", "10")
    expect(page.get_by_text("epoch-10.h5 ·")).to_be_visible()
    page.goto(f"{page.url}&{QUICK}")
    finished(page, 6)
    slider.press("ArrowLeft")
    expect(page.get_by_text("epoch-9.h5 ·")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", "9")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("epoch-2.h5 ·")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("epoch-9.h5 ·")).to_be_visible()


def test_the_tour_is_shown_once(browser: Browser, server: Server, family_files: dict[str, Path]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    token = opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&layers=1.3&with=untrained")
    tour = page.get_by_role("region", name="A short tour")
    expect(tour.get_by_text("1 of 4")).to_be_visible()
    for number in (2, 3, 4):
        tour.get_by_role("button", name="Next").focus()
        page.keyboard.press("Enter")
        expect(tour.get_by_text(f"{number} of 4")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "tour.png")
    expect(tour.get_by_role("button", name="Skip")).to_be_hidden()
    tour.get_by_role("button", name="Done").click()
    expect(tour).to_be_hidden()
    page.goto(f"{server.address}/?m={token}&{QUICK}&layers=1.3&with=untrained")
    finished(page, 12)
    expect(tour).to_be_hidden()
    context.close()


def test_the_map_leads_to_a_layer(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&layers=1&with=untrained")
    finished(page, 8)
    page.get_by_role("button", name="Map").click()
    layers = page.get_by_role("dialog").get_by_role("group", name="Map of the layers").get_by_role("button")
    expect(layers.first).to_be_visible()
    expect(page.get_by_role("dialog").locator("[aria-current]")).to_have_count(1)
    page.get_by_role("dialog").locator("[aria-current]").focus()
    for _press in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("layers=1.3&.*at=3|at=3.*layers=1.3"))
    finished(page, 12)


def test_three_networks_beside_each_other(page: Page, story_server: Server) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{story_server.address}/?m=digits&with=untrained&layers=1")
    finished(page, 32)
    page.get_by_role("button", name="VGG16 too").click()
    expect(page).to_have_url(re.compile("third=1"))
    finished(page, 57)
    walls = page.get_by_role("group", name=re.compile("^Patterns of "))
    expect(walls).to_have_count(3)
    tops = walls.evaluate_all("all => all.map(wall => wall.getBoundingClientRect().top)")
    assert max(tops) - min(tops) < 1
    walls.nth(2).get_by_role("button").nth(3).click()
    expect(page.get_by_role("dialog").get_by_text("Filter 3 of block1_conv2, VGG16")).to_be_visible()
    expect(page).to_have_url(re.compile("tile=1-2-3"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Without VGG16").click()
    finished(page, 32)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_saving_goes_on_while_the_other_side_is_made(page: Page, story_server: Server) -> None:
    page.goto(f"{story_server.address}/?m=cats_and_dogs&with=untrained&layers=7&count=all&seed=0")
    expect(page.locator(DONE).nth(127)).to_be_visible()
    expect(page.locator(".st-key-stop")).to_have_count(1)
    page.get_by_role("button", name="Save", exact=True).click()
    for _time in range(3):
        name, data = downloaded(page, "Save your tiles")
        assert name == "cats___dogs_patterns.zip"
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert len(json.loads(archive.read("run.json"))["tiles"]) == 128
    _name, report = downloaded(page, "Save the report")
    assert report.count(b"<img") >= 128
    assert b">untrained<" in report
    assert page.locator(".st-key-stop").count() == 1, "it was being made all the time"
    page.keyboard.press("Escape")
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()


def test_the_link_is_copied(browser: Browser, server: Server, family_files: dict[str, Path]) -> None:
    context = acquainted(browser.new_context(permissions=["clipboard-read", "clipboard-write"]))
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server, family_files["keras_2_1.h5"], f"{QUICK}&layers=1")
    finished(page, 4)
    page.get_by_role("button", name="Share").click()
    expect(
        page.get_by_text("The link is copied. It works until nobody has looked at the file for 24 h.")
    ).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    context.close()


PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def test_on_a_phone(browser: Browser, server: Server, family_files: dict[str, Path]) -> None:
    context = acquainted(browser.new_context(**PHONE))
    page = context.new_page()
    page.set_default_timeout(60_000)
    token = opened(page, server, family_files["keras_2_4_functional.h5"], f"layers=1&with=untrained&{SLOW}")
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "phone-running.png")
    assert top(page) <= 250, "the first wall begins on the first screen"
    for name in ("Stop", "Settings", "Share", "Save"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert 500 < box["y"] < 844 - box["height"], f"{name} is within reach of the thumb"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out"
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()

    page.goto(f"{server.address}/?m={token}&layers=1&with=untrained&{QUICK}")
    finished(page, 8)
    page.get_by_role("button", name="Pattern of filter 1,").first.tap()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(500)
    opaque = "dialog => getComputedStyle(dialog).backgroundColor.startsWith('rgb(')"
    assert dialog.evaluate(opaque), "the page shows through"
    box = dialog.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["height"] >= 844
    page.screenshot(path=SCREENSHOTS / "phone-tile.png")
    page.go_back()
    expect(dialog).to_have_count(0)
    finished(page, 8)
    context.close()
