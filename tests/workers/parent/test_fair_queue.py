"""Whoever waits for a slot gets it in their turn, or hears why not."""

from __future__ import annotations

import threading
import time

import pytest

from filterviz.errors import EngineFailed, Stopped
from filterviz.workers.parent import shares
from filterviz.workers.parent.fair_queue import FairQueue


def never() -> bool:
    return False


def wait_for(queue: FairQueue, count: int) -> None:
    while len(queue._shares.waiting) < count:
        time.sleep(0.001)


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
    assert len(at_once) == 9


def test_every_turn_is_counted_for_its_owner() -> None:
    spent: list[tuple[str, float]] = []
    queue = FairQueue(1, lambda owner, seconds: spent.append((owner, seconds)))
    with queue.slot("a left", never):
        time.sleep(0.02)
    with pytest.raises(ZeroDivisionError), queue.slot("b", never):
        _ = 1 / 0
    assert [owner for owner, _ in spent] == ["a left", "b"]
    assert spent[0][1] >= 0.02


def test_waiting_can_be_stopped() -> None:
    queue = FairQueue(1)
    stop = threading.Event()
    with queue.slot("a", never):
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(Stopped, match="before it began"), queue.slot("b", stop.is_set):
            pytest.fail("nobody may compute now")
        assert queue.standing("b") is None


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
    assert queue._shares.turns == []


def test_a_turn_ends_only_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "TURN_SECONDS", 0.05)
    queue = FairQueue(1)
    gone = threading.Event()

    def other() -> None:
        with queue.slot("b", never):
            gone.set()

    thread = threading.Thread(target=other)
    with queue.slot("a", never) as slot:
        slot.begin()
        time.sleep(0.1)
        assert not slot.is_over(), "nobody waits"
        thread.start()
        wait_for(queue, 1)
        time.sleep(0.01)
        assert slot.is_over()
        assert not gone.is_set()
    thread.join()
    assert gone.is_set()
