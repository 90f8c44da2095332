from __future__ import annotations

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
def way() -> History:
    way = History()
    way.arrive(START)
    return way


def test_an_address_that_was_left_leads_on(way: History) -> None:
    way.lead(FILE)
    assert way.further(START) == FILE
    assert way.further(at(FILE)) is None
    way.lead(HELP)
    assert way.further(START) == HELP, "to where the page is by now, not to where it was led then"
    assert way.further(at(FILE)) == HELP


def test_an_address_that_was_come_back_to_is_meant(way: History) -> None:
    way.lead(FILE)
    way.lead(View())
    assert way.further(START) is None
    assert way.further(at(FILE)) == View()
    way.arrive(at(FILE))
    assert way.further(at(FILE)) is None, "the browser went back to it"


def test_an_address_nobody_left_is_meant(way: History) -> None:
    way.lead(FILE)
    way.lead(FILE)
    assert way.further(at(FILE)) is None
    assert way.further(at(View(token="b" * 24))) is None


def test_what_was_left_is_forgotten(way: History, monkeypatch: pytest.MonkeyPatch) -> None:
    way.lead(FILE)
    now = address.time.monotonic()
    monkeypatch.setattr(address.time, "monotonic", lambda: now + address.GRACE_SECONDS + 1)
    assert way.further(START) is None
