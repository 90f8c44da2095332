"""Visitors are there as long as their connection is."""

from __future__ import annotations

import time

import pytest

from filterviz.service import presence
from filterviz.service.presence import Presence


def test_a_visitor_is_there_as_long_as_the_connection_is() -> None:
    visitors, connected = Presence(), [True]
    visitors.arrive("one", lambda: connected[0])
    time.sleep(0.05)
    assert visitors.absent_seconds("one") == 0
    connected[0] = False
    time.sleep(0.05)
    assert 0.05 <= visitors.absent_seconds("one") < 5
    assert visitors.absent_seconds("one-several") == pytest.approx(visitors.absent_seconds("one"), abs=1), "beside it"
    connected[0] = True
    assert visitors.absent_seconds("one") == 0, "a connection that was lost for a moment"


def test_of_whom_nothing_is_known_is_not_away() -> None:
    assert Presence().absent_seconds("somebody") == 0


def test_who_has_been_away_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "FORGOTTEN_AFTER_SECONDS", 0.05)
    visitors = Presence()
    visitors.arrive("one", lambda: False)
    time.sleep(0.1)
    assert visitors.absent_seconds("one") > 0
    visitors.arrive("two", lambda: True)
    assert visitors.absent_seconds("one") == 0
    assert list(visitors._visitors) == ["two"]


def test_who_is_connected_is_not_forgotten_however_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "FORGOTTEN_AFTER_SECONDS", 0.05)
    visitors, connected = Presence(), [True]
    visitors.arrive("quiet", lambda: connected[0])
    time.sleep(0.1)
    visitors.arrive("two", lambda: True)
    connected[0] = False
    assert visitors.absent_seconds("quiet") > 0
