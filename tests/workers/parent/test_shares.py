"""Time is shared between people, whatever they ask for and however long a turn of theirs is."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.spec import Standing
from filterviz.workers.parent.shares import LARGEST_LEAD, TURN_SECONDS, Shares, Turn, person_of


class Clock:
    """The time in seconds, which a test makes pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def turn(shares: Shares, clock: Clock, seconds: float | dict[str, float], *, again: bool = False) -> str:
    """Give whoever is next a turn; returns who that was.

    Args:
        shares: The account.
        clock: The time.
        seconds: How long a turn is, or how long one of each person is.
        again: Whether they wait again afterwards.
    """
    following = shares.next()
    assert following is not None
    held = shares.begin(following)
    clock.now += seconds if isinstance(seconds, float) else seconds[person_of(held.owner)]
    shares.end(held)
    if again:
        shares.wait(held.owner)
    return held.owner


def test_people_alternate_whatever_they_ask(clock: Clock) -> None:
    shares = Shares(1, clock)
    for owner in ("a", "a", "a", "b", "b"):
        shares.wait(owner)
    assert [turn(shares, clock, 1.0) for _ in range(5)] == ["a", "b", "a", "b", "a"]
    assert shares.next() is None


def test_a_person_with_many_wishes_has_no_more_than_one_with_a_single_one(clock: Clock) -> None:
    shares = Shares(1, clock)
    for owner in ("a left", "a right", "b", "a left", "a right", "b"):
        shares.wait(owner)
    order = [turn(shares, clock, 1.0) for _ in range(6)]
    assert order == ["a left", "b", "a right", "b", "a left", "a right"], "and what they want takes turns"


def test_whose_turns_are_long_has_fewer(clock: Clock) -> None:
    """A network that takes a minute to open and to take its first step beside two small ones."""
    shares = Shares(1, clock)
    lengths = {"large": 60.0, "b": 3.0, "c": 3.0}
    for owner in lengths:
        shares.wait(owner)
    had = dict.fromkeys(lengths, 0.0)
    for _ in range(400):
        owner = turn(shares, clock, lengths, again=True)
        had[owner] += lengths[owner]
    assert max(had.values()) - min(had.values()) <= 2 * max(lengths.values())
    assert had["b"] > 400


@given(lengths=st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.5, 20.0), min_size=2), slots=st.integers(1, 3))
def test_nobody_falls_behind(lengths: dict[str, float], slots: int) -> None:
    """People who always want something have had equally much, but for their turns, on any number of slots."""
    clock = Clock()
    shares = Shares(slots, clock)
    for owner in lengths:
        shares.wait(owner)
    had = dict.fromkeys(lengths, 0.0)
    for _ in range(60 * len(lengths)):
        while (following := shares.next()) is not None:
            shares.begin(following)
        ending = min(shares.turns, key=lambda held: held.taken + lengths[held.owner])
        clock.now = max(clock.now, ending.taken + lengths[ending.owner])
        shares.end(ending)
        had[ending.owner] += lengths[ending.owner]
        shares.wait(ending.owner)
    if slots == 1:
        assert max(had.values()) - min(had.values()) <= 2 * max(lengths.values()) + 1e-6
    elif slots >= len(lengths):
        assert all(had[owner] >= max(had.values()) - 2 * max(lengths.values()) - 1e-6 for owner in lengths)
    assert all(had[owner] > 0 for owner in lengths)


def test_a_newcomer_owes_nothing_and_is_owed_nothing(clock: Clock) -> None:
    shares = Shares(1, clock)
    shares.wait("old")
    shares.wait("older")
    for _ in range(10):
        turn(shares, clock, 5.0, again=True)
    shares.wait("new")
    order = [turn(shares, clock, 5.0, again=True) for _ in range(9)]
    assert Counter(order) == {"old": 3, "older": 3, "new": 3}


def test_a_stream_of_newcomers_keeps_nobody_waiting(clock: Clock) -> None:
    """Whoever gives themselves a new name for every wish is served no sooner than the one who waited before them."""
    shares = Shares(1, clock)
    shares.wait("modest")
    shares.wait("name-0")
    served = []
    for number in range(1, 12):
        served.append(turn(shares, clock, 3.0))
        shares.wait(f"name-{number}")
        if served[-1] == "modest":
            shares.wait("modest")
    assert served.count("modest") >= 2


def test_what_was_had_while_few_were_there_is_settled_soon(clock: Clock) -> None:
    """Of two on a large machine one wanted much and one little; then it fills, and neither waits or rules for long."""
    shares = Shares(4, clock)
    much = [shares.begin(shares.wait(f"much {number}")) for number in range(3)]
    little = shares.begin(shares.wait("little"))
    clock.now += 3000
    for held in (*much, little):
        shares.end(held)
    for owner in ("much", "little", *(f"new-{number}" for number in range(6))):
        shares.wait(owner)
    had: Counter[str] = Counter()
    for _ in range(400):
        while (following := shares.next()) is not None:
            shares.begin(following)
        ending = shares.turns[0]
        clock.now += 1.25
        had[ending.owner] += 1
        shares.end(ending)
        shares.wait(ending.owner)
    assert max(had.values()) - min(had.values()) <= 2 * LARGEST_LEAD / 5 + 2
    assert all(had.values())


def test_a_turn_lasts_until_somebody_has_had_less(clock: Clock) -> None:
    shares = Shares(1, clock)
    held = shares.begin(shares.wait("a"))
    held.begin()
    clock.now += 10
    assert not shares.is_over(held), "nobody waits"
    other = shares.wait("b")
    clock.now += 0.1
    assert shares.is_over(held)
    shares.leave(other)
    assert not shares.is_over(held)
    shares.wait("a something else")
    assert shares.is_over(held), "what one person wants takes turns too"


def test_a_turn_is_no_shorter_than_what_it_took_to_begin(clock: Clock) -> None:
    held, quick = Turn("a", clock, clock.now), Turn("a", clock, clock.now)
    quick.begin()
    clock.now += TURN_SECONDS
    ends = [(quick.may_end, held.may_end)]  # a model that is being opened has had no turn yet
    clock.now += 60 - TURN_SECONDS
    held.begin()
    for seconds in (0, 59, 1):
        clock.now += seconds
        held.begin()
        ends.append((quick.may_end, held.may_end))
    assert ends == [(True, False), (True, False), (True, False), (True, True)]


def test_everybody_can_see_where_they_stand(clock: Clock) -> None:
    shares = Shares(1, clock)
    assert shares.standing("a") is None
    held = shares.begin(shares.wait("a"))
    shares.wait("b")
    assert shares.standing("a") == Standing(0, 1)
    assert shares.standing("b") == Standing(1, 1, None), "no turn has ended yet"
    clock.now += 4
    shares.end(held)
    shares.wait("a left")
    shares.wait("a right")
    held = shares.begin(shares.next() or pytest.fail("b is next"))
    assert held.owner == "b"
    shares.wait("c left")
    shares.wait("c right")
    clock.now += 1
    # Whoever came anew has had as much as b, who is at work; a has had 4 s.
    assert shares.standing("c left") == Standing(1, 2, 3.0)
    assert shares.standing("c right") == Standing(1, 2, 3.0), "not behind oneself"
    assert shares.standing("a left") == Standing(2, 2, 7.0)
    clock.now += 10
    assert shares.standing("c left") == Standing(1, 2, 0.0)
    two = Shares(2, clock)
    two.begin(two.wait("a"))
    assert two.standing("a") == Standing(0, 0)


def test_the_past_is_forgotten(clock: Clock) -> None:
    shares = Shares(1, clock)
    for number in range(50):
        shares.wait(f"person-{number} left")
    for _ in range(50):
        turn(shares, clock, 1.0)
    for _ in range(2):
        clock.now += 60
        shares.leave(shares.wait("last"))
    clock.now += 60
    shares._forget()
    assert (shares._seconds, shares._came, shares._last_worked) == ({}, {}, {})
