"""The page in a real browser, on a real server, with real files. Screenshots go to ``screenshots/``."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
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
    serving,
    settled,
    upload,
)

pytestmark = [
    # Playwright's own event loop is still open when its module-scoped fixture ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
]


def test_the_main_job(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    """Upload, patterns, save, look at one, reload; no other button is pressed."""
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers · 10 filters · 16x16x3")).to_be_visible()
    finished(page, 6)
    expect(page.get_by_text("FILTERVIZ_VGG16_WEIGHTS names")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "without-vgg16.png")

    name, data = downloaded(page, "Save image")
    assert name == "conv2d_2_pattern.png"
    assert Image.open(io.BytesIO(data)).size == (5 * 133 - 5, 2 * 133 - 5), "six tiles in rows of five"
    page.get_by_role("button", name="Save", exact=True).click()
    name, data = downloaded(page, "Save your tiles")
    assert name == "keras_2_1.h5_patterns.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        run = json.loads(archive.read("run.json"))
        assert len(run["tiles"]) == 6
        assert {tile["file"] for tile in run["tiles"]} < set(archive.namelist())

    page.reload()
    finished(page, 6)


def test_a_tile_is_reached_and_opened_with_the_keyboard(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    # Beside itself: what looks most like a tile is that tile.
    page.goto(f"{page.url}&{QUICK}&layers=1&with={page.url.partition('m=')[2][:24]}")
    finished(page, 8)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.shadowRoot?.activeElement?.className") == "tile":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text(re.compile("^Filter 2 · "))).to_be_visible()
    expect(page.locator(".tile[data-near='1']")).to_have_count(1)
    page.screenshot(path=SCREENSHOTS / "keyboard.png")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Filter 2 of conv2d_1, keras_2_1.h5")).to_be_visible()
    expect(dialog.get_by_text("The filter itself: the 3 x 3 weights")).to_be_visible()
    expect(dialog.get_by_text("Most similar-looking in conv2d_1 of keras_2_1.h5")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "one-filter.png")
    dialog.get_by_role("button", name="Next").press("Enter")
    expect(dialog.get_by_text("Filter 3 of conv2d_1, keras_2_1.h5")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_different_pictures_of_one_filter(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    page.goto(f"{page.url}&size=48&steps=8&layers=1&with=untrained")
    finished(page, 8)
    page.get_by_role("button", name="Pattern of filter 1,").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Four different images of it").click()
    four = dialog.get_by_role("img", name="One of four different images of filter 1")
    expect(four).to_have_count(4)
    expect(dialog.get_by_text(re.compile(r"^response: \d+%$"))).to_have_count(4)
    page.screenshot(path=SCREENSHOTS / "four-pictures.png")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save these images").click()
    assert download.value.suggested_filename == "conv2d_1_f001_4.png"
    with Image.open(download.value.path()) as picture:
        assert picture.size == (100, 100)

    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_text("Filter 2 of conv2d_1")).to_be_visible()
    expect(four).to_have_count(0)
    dialog.get_by_role("button", name="Previous").click()
    expect(four).to_have_count(4)
    large = dialog.get_by_role("img", name="Pattern of filter 1, response")
    expect(large).to_have_count(0)
    dialog.get_by_role("button", name="Back to the one image").click()
    expect(large).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_left_out(
    browser: Browser, server: Server, family_files: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    """Nothing serious that axe-core finds wrong for people who see little, or nothing, or use no mouse."""
    # Nobody has seen the tour in it, so that its card is part of every state.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    token = page.url.partition("m=")[2][:24]
    shown = f"?m={token}&{QUICK}&with=untrained"
    states = {
        "opening": "",
        "guide": "?help=1",
        "network": shown,
        "chinese": f"{shown}&lang=zh",
        "overview": f"{shown}&overview=1",
        "tile": f"{shown}&at=1&tile=1-0-0",
        "map": shown,
    }
    for name, address in states.items():
        page.goto(f"{server.address}/{address}")
        if "m=" in address:
            finished(page, {"overview": 20, "tile": 8}.get(name, 12))
            expect(page.get_by_role("region", name=re.compile("A short tour|快速导览"))).to_be_visible()
        else:
            page.locator("img, .fv-words").first.wait_for()
        if name == "map":
            page.get_by_role("button", name="Map").click()
            page.get_by_role("dialog").locator("[aria-current]").wait_for()
        settled(page)
        found = [
            f"{item['id']}: {item['help']}: {node['target']}"
            for item in Axe().run(page).response["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ]
        assert found == [], name
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png")
    context.close()


NAMES = re.compile(
    r"filterviz|keras_2_1|conv2d_\d|block\d_conv\d|VGG16|Keras|CC BY|Visual Geometry Group"
    r"|English|FILTERVIZ_\w+|untrained|[\w/.-]+\.(h5|hdf5|keras|zip)|\.(h5|hdf5|keras|zip)|ImageNet|bfloat16|float32|Tab|Enter|MB",
    re.IGNORECASE,
)
"""What stays as it is in every language."""


def english(page: Page) -> set[str]:
    """English words that are seen or heard on a page."""
    heard = page.locator("[aria-label], [title], [placeholder]").evaluate_all(
        "all => all.flatMap((one) => [one.ariaLabel, one.title, one.placeholder])"
    )
    seen = page.locator("body").inner_text().splitlines()
    icons = set(page.locator("[data-testid=stIconMaterial]").all_inner_texts())
    texts = [text for text in [*seen, *heard] if text and text.strip() not in icons]
    return {text for text in texts if re.search("[A-Za-z]{3,}", NAMES.sub("", text))}


def test_two_languages(browser: Browser, server: Server, family_files: dict[str, Path]) -> None:
    """The browser's language first, then the one that is chosen."""
    context = acquainted(browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900}))
    page = context.new_page()
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("2 个卷积层")).to_be_visible()
    page.goto(f"{page.url}&{QUICK}&layers=1&with=untrained")
    finished(page, 8)
    expect(page.get_by_text("两边使用相同的设置。")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "chinese.png")
    assert english(page) == set()
    token = page.url.split("m=")[1].split("&")[0]
    for address in ("", "?help=1", f"?m={token}&{QUICK}&layers=1&with=untrained&tile=1-0-0"):
        page.goto(f"{server.address}/{address}")
        settled(page)
        expect(page.get_by_text("牛津大学")).to_be_attached()
        deadline = time.monotonic() + 20
        while english(page) and time.monotonic() < deadline:
            page.wait_for_timeout(200)
        assert english(page) == set(), address
    page.goto(f"{server.address}/?m={token}&{QUICK}&layers=1&with=untrained")
    page.get_by_role("radio", name="English").click()
    expect(page.get_by_text("Both walls use the same settings.")).to_be_visible()
    assert "lang=en" in page.url
    context.close()


def test_reload_during_a_run_and_a_second_visitor(
    browser: Browser, page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    upload(page, server, family_files["keras_2_4_functional.h5"])
    expect(page.get_by_text("keras_2_4_functional.h5 ·")).to_be_visible()
    slow = f"{page.url}&layers=1&{SLOW}"
    page.goto(slow)
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()

    context = acquainted(browser.new_context())
    second = context.new_page()
    upload(second, server, family_files["keras_3.h5"])
    expect(second.get_by_text("keras_3.h5 ·").first).to_be_visible()
    second.goto(f"{server.address}/?m=cats_and_dogs&layers=1&with=untrained")
    expect(second.locator(DONE)).to_have_count(25)
    context.close()
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()


def test_whoever_has_left_keeps_nobody_waiting(
    browser: Browser, page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    """One process computes at a time here; a batch of these tiles takes minutes."""
    context = acquainted(browser.new_context())
    greedy = context.new_page()
    upload(greedy, server, family_files["keras_3_functional.keras"])
    greedy.wait_for_url("**/?m=*")
    greedy.goto(f"{greedy.url}&layers=1&recipe=classic&size=512&steps=4096")
    expect(greedy.get_by_text(re.compile(r"step \d+ of 4096"))).to_be_visible()
    context.close()
    upload(page, server, family_files["keras_2_1.h5"], conditions="recipe=classic&size=16&steps=5")
    finished(page, 6)


REAL = (
    "01110001__ml-mnist__mnist_cnn.h5",
    "45Harry__Potato_Disease_Classification__my_model.keras",
    "0N1cky1__teachable-machine__keras_model~efb1b2.h5",
    "Prithviraj007__DenseNet--CIFAR10__best_model.hdf5",
    "bwdGitHub__DeepLearningWithPython__cats_and_dogs_small_1.h5",
)
"""Grey digits, Keras 3, a nested MobileNet, batch normalisation and branches, the original author's network."""

SMALLER = dict.fromkeys(REAL[:2], "size=64")
"""Other conditions than the usual ones, where these take a third of a minute to the first tile."""


@pytest.mark.parametrize("name", REAL)
def test_from_a_real_network_to_its_first_tiles(page: Page, server: Server, corpus: Path, name: str) -> None:
    upload(page, server, corpus / "files" / name, conditions=SMALLER.get(name, ""))
    expect(page.get_by_text(re.compile("conv layers? · "))).to_be_visible()
    expect(page.locator("img[alt^='Unfinished pattern']").or_(page.locator(DONE)).first).to_be_visible()
    expect(page.locator(DONE).first).to_be_visible(timeout=120_000)
    expect(page.get_by_text(re.compile(r"\d+ (s|min) left"))).to_be_visible()
    page.screenshot(path=SCREENSHOTS / f"real-{REAL.index(name)}.png")
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()


def test_the_page_opens_on_the_story_of_a_training(page: Page, story_server: Server) -> None:
    """From images that come with the program: no process computes, and VGG16's weights are nowhere."""
    page.goto(story_server.address)
    finished(page, 50)
    expect(page.get_by_text("conv2d_3", exact=True)).to_be_visible()
    expect(page.get_by_text("block2_conv2", exact=True)).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "opening.png")
    trained = page.locator(".tile img").first.get_attribute("src")
    page.get_by_role("radio", name="70 epochs").press("Home")
    expect(page.get_by_text("untrained", exact=True)).to_be_visible()
    expect(page.locator(".tile img").first).not_to_have_attribute("src", trained or "")
    finished(page, 50)
    page.screenshot(path=SCREENSHOTS / "opening-untrained.png")
    page.get_by_role("button", name="cats & dogs").click()
    expect(page.get_by_text("cats & dogs · 4 conv layers · 352 filters · 150x150x3")).to_be_visible()
    finished(page, 50)


def test_a_network_beside_itself_before_training_and_beside_a_second_file(
    page: Page, server: Server, family_files: dict[str, Path]
) -> None:
    upload(page, server, family_files["keras_2_1.h5"])
    expect(page.get_by_text("keras_2_1.h5 · 2 conv layers")).to_be_visible()
    page.goto(f"{page.url}&layers=1.3&overview=1&{QUICK}")
    finished(page, 10)
    page.get_by_label("Compare with", exact=True).click()
    page.get_by_role("option", name="the same network, untrained").click()
    finished(page, 20)
    expect(page.get_by_text("Both walls use the same settings.")).to_have_count(2)
    page.screenshot(path=SCREENSHOTS / "before-training.png", full_page=True)
    page.get_by_label("Compare with", exact=True).click()
    page.get_by_role("option", name="another file").click()
    page.locator("input[type=file]").last.set_input_files(family_files["keras_3.h5"])
    expect(page.get_by_label("Compare with", exact=True)).to_have_value("keras_3.h5")
    finished(page, 20)
    page.screenshot(path=SCREENSHOTS / "second-file.png", full_page=True)


def test_stop_and_a_killed_child(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    upload(page, server, family_files["keras_2_4_functional.h5"])
    expect(page.get_by_text("keras_2_4_functional.h5 ·")).to_be_visible()
    page.goto(f"{page.url}&layers=1&{SLOW}")
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    expect(page.locator("img[alt^='Unfinished pattern']").first).to_be_visible()
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped. 0 of 4 tiles are finished and kept.")).to_be_visible()
    expect(page.locator("img[alt^='Unfinished pattern']")).to_have_count(4)
    page.screenshot(path=SCREENSHOTS / "stopped.png")

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(r"step \d+ of 4000"))).to_be_visible()
    for child in server.children():
        child.kill()
    expect(page.locator(".fv-box[role=alert]")).to_have_count(1)
    page.screenshot(path=SCREENSHOTS / "killed.png")
    page.goto(f"{page.url.split('&')[0]}&layers=1&recipe=classic&size=16&steps=2")
    finished(page, 4)


def test_refusals_are_sentences(page: Page, server: Server, family_files: dict[str, Path]) -> None:
    whole = family_files["keras_2_1.h5"].read_bytes()
    files = {
        "holiday.jpg": b"\xff\xd8\xff\xe0" + bytes(1000),
        "cut.h5": whole[: len(whole) // 2],
        "weights.h5": family_files["keras_2_weights_only.h5"].read_bytes(),
        "<img src=x onerror=document.title=1>.h5": b"nothing",
    }
    sentences = []
    for name, content in files.items():
        upload(page, server, {"name": name, "mimeType": "application/octet-stream", "buffer": content})
        box = page.locator(".fv-box[role=alert]")
        expect(box).to_have_count(1)
        expect(page.locator(".fv-model")).to_have_text(name)
        sentences.append(box.inner_text())
        page.screenshot(path=SCREENSHOTS / f"refusal-{len(sentences)}.png")
    assert len(set(sentences)) >= 3, sentences
    assert "weights" in sentences[2]
    assert page.title() == "filterviz"


def test_a_real_network_beside_vgg16(browser: Browser, tmp_path: Path, corpus: Path, vgg16_weights: Path) -> None:
    """The wall of the original author's kind of network: 25 tiles of 64 pixels, 340 x 340, on a phone as on a desk."""
    file = corpus / "files" / "bwdGitHub__DeepLearningWithPython__cats_and_dogs_small_1.h5"
    with serving(tmp_path, FILTERVIZ_VGG16_WEIGHTS=str(vgg16_weights)) as server:
        context = acquainted(browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark"))
        page = context.new_page()
        page.set_default_timeout(60_000)
        upload(page, server, file)
        expect(page.get_by_text("3 conv layers · 160 filters")).to_be_visible()
        page.goto(f"{page.url}&layers=1.2&beside=2-1&overview=1&recipe=classic&steps=3")
        finished(page, 100)
        for row in range(2):  # chosen, so that the same layer stands beside both
            beside = page.get_by_role("combobox", name="Layer to compare with").nth(row)
            expect(beside).to_have_value(re.compile("block1_conv1"))
        name, data = downloaded(page, "Save image")
        assert name == "conv2d_4_pattern.png"
        assert Image.open(io.BytesIO(data)).size == (340, 340)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, "nothing sticks out of a phone"
        page.screenshot(path=SCREENSHOTS / "phone.png")
        context.close()
        assert "Traceback" not in server.log.read_text()
