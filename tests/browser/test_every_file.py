"""Everything in the corpus and everything that is meant to hurt goes through the page, as a person would drop it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from filterviz.spec.names import plain
from tests.browser.browsing import QUICK, Server, settled
from tests.conftest import SHARED
from tests.hostile import TABLE

MANIFEST = SHARED / "models" / "corpus" / "manifest.json"
CORPUS = json.loads(MANIFEST.read_text())["files"] if MANIFEST.is_file() else []

LONGEST_SENTENCE = 500

FRESH = "[data-stale=false]"
"""What the page says of this file: Streamlit leaves what it said of the one before until its run has ended."""

REFUSAL = f"{FRESH} .fv-box[role=alert]"
OPENED = f".st-key-bar-buttons {FRESH}, {FRESH} .fv-box.fv-note"

pytestmark = [
    # Playwright's own event loop is still open when its fixtures end.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(1200),
]


def drop(page: Page, file: Path) -> str:
    """Drop a file on the page as it stands after the one before.

    Returns:
        The refusal; empty where the network opened.
    """
    settled(page)
    another = page.get_by_role("button", name="Open another file")
    if another.count():
        another.click()
    page.locator("input[type=file]").last.set_input_files(file)
    expect(page.locator(".fv-model", has_text=plain(file.name))).to_be_visible()
    outcome = page.locator(REFUSAL).or_(page.locator(OPENED)).first
    expect(outcome).to_be_visible()
    settled(page)
    refusal = page.locator(REFUSAL)
    said = refusal.first.inner_text() if refusal.count() else ""
    assert page.get_by_test_id("stException").count() == 0, file.name
    assert page.title() == "filterviz", file.name
    return said


def check(page: Page, file: Path, *, opens: bool) -> list[str]:
    """What is wrong with how the page took a file."""
    said = drop(page, file)
    wrong = []
    if opens == bool(said):
        wrong.append(f"{file.name}: {said or 'opened'}")
    if len(said) > LONGEST_SENTENCE or re.search(r"Traceback|Error\b|\.py\b", said):
        wrong.append(f"{file.name}: no sentence for a person: {said}")
    return wrong


def test_every_file_of_the_corpus(page: Page, server: Server, corpus: Path) -> None:
    page.goto(f"{server.address}/?{QUICK}")
    wrong = []
    for entry in CORPUS:
        wrong += check(page, corpus / "files" / entry["file"], opens=entry["kind"] == "cnn")
    assert wrong == []


def test_everything_that_is_meant_to_hurt(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(f"{server.address}/?{QUICK}")
    wrong = []
    for name, entry in TABLE.items():
        file = tmp_path / name
        entry.build(file)
        wrong += check(page, file, opens=entry.code is None)
        file.unlink()
    assert wrong == []
