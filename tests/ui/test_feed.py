"""What a page hears of its walls beside Streamlit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.ui import feed
from filterviz.ui.feed import Feed, Feeds

states = st.dictionaries(st.sampled_from(["bar", "page", "w/0", "w/1"]), st.integers(0, 3))


@given(st.lists(st.tuples(states, st.booleans()), min_size=1, max_size=12))
def test_whatever_is_lost_on_the_way_a_page_knows_what_there_is(course: list[tuple[dict[str, int], bool]]) -> None:
    """A page that hears the news, or not, and asks with the number of the last answer that it got."""
    now: dict[str, int] = {}
    told = Feed(lambda: dict(now))
    number, known = 0, dict[str, object]()
    for state, lost in course:
        now.update(state)
        answer, changed = told.answer(number)
        if not lost:
            number, known = answer, {**known, **changed}
            assert known == now


def test_only_what_has_changed_is_said() -> None:
    now = {"bar": 1, "w/0": "empty"}
    told = Feed(lambda: dict(now))
    number, changed = told.answer(0)
    assert changed == now
    number, changed = told.answer(number)
    assert changed == {}
    now["bar"] = 2
    assert told.answer(number)[1] == {"bar": 2}
    assert told.answer(0)[1] == now, "a page that has lost it hears all again"


def test_a_feed_is_found_by_its_secret_name_alone() -> None:
    feeds = Feeds()
    name = feeds.open(lambda: {"bar": 1})
    assert len(name) == 32
    assert json.loads(feeds.answer(name, 0) or b"") == {"number": 1, "items": {"bar": 1}, "seconds": 0.5}
    assert feeds.answer("0" * 32, 0) is None
    assert feeds.open(lambda: {"bar": 2}, name) == name
    assert json.loads(feeds.answer(name, 1) or b"")["items"] == {"bar": 2}, "the page was drawn anew"


def test_many_pages_ask_less_often() -> None:
    feeds = Feeds()
    names = [feeds.open(dict) for _ in range(100)]
    assert json.loads(feeds.answer(names[0], 0) or b"")["seconds"] == pytest.approx(2.0)


def test_feeds_of_pages_that_have_gone_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = Feeds()
    name = feeds.open(dict)
    monkeypatch.setattr(feed, "FORGOTTEN_SECONDS", -1.0)
    other = feeds.open(dict)
    assert feeds.answer(name, 0) is None
    assert feeds.answer(other, 0) is not None
