"""Slots are shared between owners, not between requests."""

from __future__ import annotations

import threading
import time

import pytest

from filterviz.errors import EngineFailed, Stopped
from filterviz.workers.parent import fair_queue
from filterviz.workers.parent.fair_queue import FairQueue, Turn


def never() -> bool:
    return False


def wait_for(queue: FairQueue, count: int) -> None:
    while len(queue._waiting) < count:
        time.sleep(0.001)


def turns(queue: FairQueue, first: str, owners: list[str]) -> list[str]:
    """The order in which owners get the only slot who came one after another while the first had it."""
    order: list[str] = []

    def work(owner: str) -> None:
        with queue.slot(owner, never):
            order.append(owner)

    threads = [threading.Thread(target=work, args=(owner,)) for owner in owners]
    with queue.slot(first, never):
        for number, thread in enumerate(threads, 1):
            thread.start()
            wait_for(queue, number)
        assert queue.others_wait(owners[0])
    for thread in threads:
        thread.join()
    return order


def test_owners_alternate_whatever_they_ask() -> None:
    queue = FairQueue(1)
    assert turns(queue, "a", ["a", "a", "a", "a", "b", "b"]) == ["b", "a", "b", "a", "a", "a"]
    assert not queue.others_wait("a")


def test_a_person_with_many_wishes_has_no_more_turns_than_one_with_a_single_one() -> None:
    queue = FairQueue(1)
    order = turns(queue, "c", ["a left", "a right", "a left", "a right", "b", "b"])
    assert order == ["a left", "b", "a right", "b", "a left", "a right"], "and what they want takes turns"
    assert queue._last_worked == {}


def test_so_many_at_once() -> None:
    queue = FairQueue(2)
    at_once: list[int] = []
    lock = threading.Lock()
    working = 0

    def work(owner: str) -> None:
        nonlocal working
        with queue.slot(owner, never):
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
    queue = FairQueue(1)
    stop = threading.Event()
    with queue.slot("a", never):
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(Stopped, match="before it began"), queue.slot("b", stop.is_set):
            pytest.fail("nobody may compute now")
        assert not queue.others_wait("a")


def test_closing_sends_everyone_away() -> None:
    queue = FairQueue(1)
    with queue.slot("a", never):
        threading.Timer(0.05, queue.close).start()
        with pytest.raises(EngineFailed, match="closing"), queue.slot("b", never):
            pytest.fail("nobody may compute now")
    with pytest.raises(EngineFailed, match="closing"), queue.slot("b", never):
        pytest.fail("nobody may compute now")


def test_an_error_releases_the_slot() -> None:
    queue = FairQueue(1)
    with pytest.raises(ZeroDivisionError), queue.slot("a", never):
        _ = 1 / 0
    with queue.slot("b", never):
        pass
    assert len(queue._last_worked) <= 2


def test_a_turn_ends_only_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "TURN_SECONDS", 0.05)
    queue = FairQueue(1)
    gone = threading.Event()

    def other() -> None:
        with queue.slot("b", never):
            gone.set()

    thread = threading.Thread(target=other)
    with queue.slot("a", never) as turn:
        turn.begin()
        time.sleep(0.1)
        assert not turn.is_over(), "nobody waits"
        thread.start()
        wait_for(queue, 1)
        assert turn.is_over()
        assert not gone.is_set()
    thread.join()


def test_a_turn_is_no_shorter_than_what_it_took_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    queue = FairQueue(1)
    monkeypatch.setattr(queue, "others_wait", lambda owner: True)
    turn = Turn(queue, "a")
    now[0] += 60
    assert not turn.is_over(), "a model that is being opened has had no turn yet"
    turn.begin()
    now[0] += 59
    turn.begin()
    assert not turn.is_over()
    now[0] += 1
    assert turn.is_over()
    quick = Turn(queue, "a")
    quick.begin()
    assert not quick.is_over()
    now[0] += fair_queue.TURN_SECONDS
    assert quick.is_over()
