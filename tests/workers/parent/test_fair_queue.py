"""Turns are shared out between owners, not between requests."""

from __future__ import annotations

import threading
import time

import pytest

from filterviz.errors import EngineFailed, Stopped
from filterviz.workers.parent.fair_queue import FairQueue


def never() -> bool:
    return False


def wait_for(turns: FairQueue, count: int) -> None:
    while len(turns._waiting) < count:
        time.sleep(0.001)


def test_owners_alternate_whatever_they_ask() -> None:
    turns = FairQueue(1)
    order: list[str] = []

    def work(owner: str) -> None:
        with turns.turn(owner, never):
            order.append(owner)

    threads = [threading.Thread(target=work, args=(owner,)) for owner in ("a", "a", "a", "a", "b", "b")]
    with turns.turn("a", never):
        for number, thread in enumerate(threads, 1):
            thread.start()
            wait_for(turns, number)
        assert turns.others_wait("a")
    for thread in threads:
        thread.join()
    assert order == ["b", "a", "b", "a", "a", "a"]
    assert not turns.others_wait("a")


def test_so_many_at_once() -> None:
    turns = FairQueue(2)
    at_once: list[int] = []
    lock = threading.Lock()
    working = 0

    def work(owner: str) -> None:
        nonlocal working
        with turns.turn(owner, never):
            with lock:
                working += 1
                at_once.append(working)
            time.sleep(0.01)
            with lock:
                working -= 1

    threads = [threading.Thread(target=work, args=(str(number % 3),)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(at_once) == 2


def test_waiting_can_be_stopped() -> None:
    turns = FairQueue(1)
    stop = threading.Event()
    with turns.turn("a", never):
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(Stopped, match="before it began"), turns.turn("b", stop.is_set):
            pytest.fail("it was nobody's turn")
        assert not turns.others_wait("a")


def test_closing_sends_everyone_away() -> None:
    turns = FairQueue(1)
    with turns.turn("a", never):
        threading.Timer(0.05, turns.close).start()
        with pytest.raises(EngineFailed, match="closing"), turns.turn("b", never):
            pytest.fail("it was nobody's turn")
    with pytest.raises(EngineFailed, match="closing"), turns.turn("b", never):
        pytest.fail("it was nobody's turn")


def test_a_turn_ends_with_an_error_too() -> None:
    turns = FairQueue(1)
    with pytest.raises(ZeroDivisionError), turns.turn("a", never):
        _ = 1 / 0
    with turns.turn("b", never):
        pass
    assert len(turns._last_turn) <= 2
