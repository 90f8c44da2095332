"""Where worker processes come from: one thread starts them, a spare of each role waits, and closing ends them all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from filterviz.errors import EngineFailed
from filterviz.workers.parent import process
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.parent.spawner import ChildSpawner
from filterviz.workers.wire.protocol import Role
from tests.workers.parent.workers import SETTINGS, is_alive
from tests.workers.unruly import program


@pytest.fixture
def spawner(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChildSpawner]:
    """A spawner whose processes start at once, as they import nothing."""
    monkeypatch.setattr(process, "worker_command", lambda: program("well-behaved"))
    spawner = ChildSpawner(SETTINGS)
    yield spawner
    spawner.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_without_spares_a_process_is_started_when_it_is_asked_for(spawner: ChildSpawner) -> None:
    spawner.replace_spare(Role.READER)
    one, other = spawner.take(Role.READER), spawner.take(Role.MODEL)
    assert (one.role, other.role) == (Role.READER, Role.MODEL)
    assert is_alive(one)
    assert spawner._processes == {one, other}
    spawner.retire(one)
    assert not is_alive(one)
    assert spawner._processes == {other}


def test_a_process_lives_longer_than_the_thread_that_asked_for_it(spawner: ChildSpawner) -> None:
    """On Linux a process ends with the thread that started it, if it wishes so, as filterviz's workers do."""
    taken: list[WorkerProcess] = []
    names: list[str] = []
    spawner._starter.submit(lambda: names.append(threading.current_thread().name)).result()
    thread = threading.Thread(target=lambda: taken.append(spawner.take(Role.READER)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert taken[0].alive
    assert names[0].startswith("filterviz-spawner")


def test_a_spare_of_each_role_waits_and_is_replaced(spawner: ChildSpawner) -> None:
    spawner.keep_spares()
    until(lambda: set(spawner._spares) == set(Role))
    spare = spawner._spares[Role.READER]
    assert spawner.take(Role.READER) is spare
    assert Role.READER not in spawner._spares
    spawner.replace_spare(Role.READER)
    spawner.replace_spare(Role.READER)
    until(lambda: Role.READER in spawner._spares)
    spawner._starter.submit(lambda: None).result()
    assert len(spawner._processes) == 3, "one spare of each role and the process that was taken"


def test_a_dead_spare_is_not_given_away(spawner: ChildSpawner) -> None:
    spawner.keep_spares()
    until(lambda: Role.READER in spawner._spares)
    dead = spawner._spares[Role.READER]
    dead.kill()
    taken = spawner.take(Role.READER)
    assert taken is not dead
    assert taken.alive
    assert dead not in spawner._processes


def test_a_process_that_was_not_used_becomes_the_spare_unless_there_is_one(spawner: ChildSpawner) -> None:
    one, other = spawner.take(Role.READER), spawner.take(Role.READER)
    spawner.give_back(one)
    assert spawner.take(Role.READER) is one
    spawner.give_back(one)
    spawner.give_back(other)
    assert not other.alive
    assert spawner.take(Role.READER) is one


def test_closing_ends_all_and_nothing_is_started_afterwards(spawner: ChildSpawner) -> None:
    spawner.keep_spares()
    taken = spawner.take(Role.MODEL)
    folder = spawner._folder
    assert any(folder.iterdir())
    spawner.close()
    assert not taken.alive
    assert not folder.exists()
    with pytest.raises(EngineFailed, match="closing"):
        spawner.take(Role.READER)
    spawner.replace_spare(Role.READER)
    spawner.close()
    assert spawner._processes == set()
