from __future__ import annotations

import time

import pytest

from filterviz.ui import address
from filterviz.ui.address import History
from filterviz.ui.view import View

START: dict[str, str] = {}
FILE = View(token="a" * 24)
HELP = View(token="a" * 24, help=True)


def at(view: View) -> dict[str, str]:
    return view.to_query()


@pytest.fixture
def history() -> History:
    history = History()
    history.arrive(START)
    return history


def test_an_address_that_was_left_leads_to_what_the_page_shows(history: History) -> None:
    history.leave_for(FILE)
    assert history.successor(START) == FILE
    assert history.successor(at(FILE)) is None
    history.leave_for(HELP)
    assert history.successor(START) == HELP, "what the page shows by now, not what it was left for then"
    assert history.successor(at(FILE)) == HELP


def test_an_address_that_was_come_back_to_is_meant(history: History) -> None:
    history.leave_for(FILE)
    history.leave_for(View())
    assert history.successor(START) is None
    assert history.successor(at(FILE)) == View()
    history.arrive(at(FILE))
    assert history.successor(at(FILE)) is None, "the browser went back to it"


def test_an_address_nobody_left_is_meant(history: History) -> None:
    history.leave_for(FILE)
    history.leave_for(FILE)
    assert history.successor(at(FILE)) is None
    assert history.successor(at(View(token="b" * 24))) is None


def test_what_was_left_is_forgotten(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.leave_for(FILE)
    now = time.monotonic()
    monkeypatch.setattr("filterviz.ui.address.time.monotonic", lambda: now + address.GRACE_SECONDS + 1)
    assert history.successor(START) is None
