"""Walls are made once for all who look at them, and no longer than somebody does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from filterviz.errors import BadRequest, EngineFailed
from filterviz.service import wall_registry
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.service.presence import Presence
from filterviz.service.wall_registry import WallRegistry, owner_of
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import Request
from tests.waiting import LONG, QUICK, wait_for

AT_WORK = (Status.WAITING, Status.RUNNING)


@pytest.fixture
def walls(workspace: Workspace) -> Iterator[WallRegistry]:
    registry = WallRegistry(workspace.start)
    yield registry
    for visitor in ("one", "two", "before", "after"):
        registry.leave(visitor)


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> Request:
    """A wall that is not done before a test ends, unlike that of any other test."""
    return Request("conv2d_1", (0, 1), LONG.with_(seed=abs(hash(request.node.name)) % 2**31))


def state(walls: WallRegistry, model: Model, request: Request, visitor: str) -> LayerState:
    found = walls.state(model, request, visitor)
    assert found is not None
    return found[0]


def test_a_wall_that_nobody_asked_for_has_no_state(walls: WallRegistry, model: Model, slow: Request) -> None:
    assert walls.state(model, slow, "one") is None
    walls.prioritize(model, slow)
    walls.stop([(model, slow)], "one")
    assert walls.state(model, slow, "one") is None


def test_two_visitors_share_a_wall(workspace: Workspace, model: Model, slow: Request) -> None:
    started = []

    def start(model: Model, requests: object, **options: object) -> object:
        started.append(requests)
        return workspace.start(model, requests, **options)  # type: ignore[arg-type]

    walls = WallRegistry(start)  # type: ignore[arg-type]
    other = replace(slow, layer="conv2d_2")
    walls.start(model, [slow], "one")
    walls.start(replace(model, name="the same bytes under another name"), [other, slow], "two")
    assert started == [[slow], [other]]
    walls.leave("one")
    walls.leave("two")


def test_a_request_that_does_not_fit_is_not_remembered(walls: WallRegistry, model: Model) -> None:
    request = Request("conv2d_1", (99,), QUICK)
    with pytest.raises(BadRequest):
        walls.start(model, [request], "one")
    assert walls.state(model, request, "one") is None


def test_a_wall_that_two_look_at_is_stopped_for_neither(walls: WallRegistry, model: Model, slow: Request) -> None:
    walls.start(model, [slow], "one")
    walls.start(model, [slow], "two")
    walls.stop([(model, slow)], "one")
    time.sleep(0.5)
    assert state(walls, model, slow, "two").status in AT_WORK
    walls.leave("two")
    assert walls.state(model, slow, "two") is None


def test_a_wall_is_stopped_once_nothing_is_heard_of_the_other(
    walls: WallRegistry, model: Model, slow: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most often the other is the same visitor before a reload."""
    monkeypatch.setattr(wall_registry, "LEASE_SECONDS", 0.6)
    walls.start(model, [slow], "before")
    walls.start(model, [slow], "after")
    walls.stop([(model, slow)], "after")
    state(walls, model, slow, "after")  # as the part of the page does that was drawn before
    assert state(walls, model, slow, "after").status in AT_WORK
    wait_for(lambda: state(walls, model, slow, "after").status is Status.STOPPED)


def test_who_starts_a_wall_again_takes_the_stop_back(
    walls: WallRegistry, model: Model, slow: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_registry, "LEASE_SECONDS", 0.6)
    walls.start(model, [slow], "before")
    walls.start(model, [slow], "after")
    walls.stop([(model, slow)], "after")
    walls.start(model, [slow], "after", again=True)
    time.sleep(1)
    assert state(walls, model, slow, "after").status in AT_WORK


def test_what_was_stopped_is_begun_by_others_or_when_it_is_asked_for_again(
    walls: WallRegistry, model: Model, slow: Request
) -> None:
    def stop() -> None:
        walls.stop([(model, slow)], "one")
        wait_for(lambda: state(walls, model, slow, "one").status is Status.STOPPED)

    walls.start(model, [slow], "one")
    stop()
    # Their own stop is forgotten by "start", so a page that was stopped does not call it.
    walls.start(model, [slow], "one")
    assert state(walls, model, slow, "one").status is Status.STOPPED
    walls.start(model, [slow], "one", again=True)
    assert state(walls, model, slow, "one").status in AT_WORK
    stop()
    walls.start(model, [slow], "two")
    assert state(walls, model, slow, "two").status in AT_WORK


def test_another_view_ends_what_is_no_longer_looked_at(walls: WallRegistry, model: Model, slow: Request) -> None:
    other = replace(slow, layer="conv2d_2")
    walls.start(model, [slow, other], "one")
    walls.keep_only([(model, other)], "one")
    assert walls.state(model, slow, "one") is None
    assert state(walls, model, other, "one").status in AT_WORK


def test_a_paused_wall_is_made_once_it_is_started(walls: WallRegistry, model: Model) -> None:
    request = Request("conv2d_1", (0, 1), QUICK.with_(seed=77))
    walls.start(model, [request], "one", paused=True)
    walls.wait_cached([(model, request)], 20)
    time.sleep(0.3)
    assert state(walls, model, request, "one").status is Status.WAITING
    walls.start(model, [request], "one")
    wait_for(lambda: state(walls, model, request, "one").status is Status.DONE, 120)


def test_the_wall_that_is_looked_at_is_made_next(walls: WallRegistry, model: Model, slow: Request) -> None:
    behind, wanted = replace(slow, layer="conv2d_2"), Request("conv2d_2", (3,), QUICK.with_(seed=78))
    walls.start(model, [slow, behind, wanted], "one")
    wait_for(lambda: state(walls, model, slow, "one").status is Status.RUNNING)
    walls.prioritize(model, wanted)
    walls.stop([(model, slow)], "one")
    wait_for(lambda: state(walls, model, wanted, "one").status is Status.DONE, 60)
    assert state(walls, model, behind, "one").status is not Status.DONE


def test_a_wall_whose_worker_dies_says_why(model: Model, tmp_path: Path) -> None:
    """A pool that was closed stands for one whose processes die."""
    with Workspace(Settings(cache_dir=tmp_path, workers=1)) as closed:
        walls = WallRegistry(closed.start)
    request = Request("conv2d_1", (0,), LONG.with_(seed=79))
    walls.start(model, [request], "one")
    wait_for(lambda: state(walls, model, request, "one").status is Status.FAILED)
    found = walls.state(model, request, "one")
    assert found is not None
    assert isinstance(found[1], EngineFailed)


def test_only_so_many_walls_are_remembered(
    walls: WallRegistry, model: Model, slow: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_registry, "KEPT_WALLS", 2)
    requests = [slow, replace(slow, layer="conv2d_2"), replace(slow, filters=(3,))]
    walls.start(model, requests, "one")
    assert walls.state(model, requests[0], "one") is None
    assert all(walls.state(model, request, "one") for request in requests[1:])
    job = walls._walls[model.identity, requests[1]].job
    wait_for(lambda: job.snapshot().layers[0].status is Status.STOPPED)  # what is forgotten is not made for ever
    assert not job.snapshot().layers[1].status.over


@pytest.fixture
def connected() -> dict[str, bool]:
    """Who of two visitors is connected."""
    return {"one": True, "two": True}


@pytest.fixture
def watched(
    workspace: Workspace, connected: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> Iterator[WallRegistry]:
    """Walls whose visitors may leave."""
    monkeypatch.setattr(wall_registry, "GRACE_SECONDS", 0.2)
    presence = Presence()
    for name in connected:
        presence.arrive(name, partial(connected.__getitem__, name))
    registry = WallRegistry(workspace.start, presence)
    yield registry
    for name in connected:
        registry.leave(name)


def test_work_for_a_visitor_who_has_left_ends(
    watched: WallRegistry, connected: dict[str, bool], model: Model, slow: Request
) -> None:
    watched.start(model, [slow], "one")
    job = watched._walls[model.identity, slow].job
    wait_for(lambda: state(watched, model, slow, "one").status is Status.RUNNING)
    connected["one"] = False
    watched.sweep()
    assert not job.snapshot().finished, "a page that is being reloaded"
    time.sleep(0.3)
    watched.sweep()
    assert job.wait(30).status is Status.STOPPED
    assert watched.state(model, slow, "one") is None
    watched.start(model, [slow], "one")
    assert state(watched, model, slow, "one").status in AT_WORK, "whoever comes back sees it begin again"


def test_work_that_another_visitor_wants_goes_on(
    watched: WallRegistry, connected: dict[str, bool], model: Model, slow: Request
) -> None:
    watched.start(model, [slow], "one-several")
    watched.start(model, [slow], "two")
    connected["one"] = False
    watched.sweep()
    time.sleep(0.3)
    watched.sweep()
    assert state(watched, model, slow, "two").status in AT_WORK


def test_a_visitor_who_looks_at_something_else_for_long_has_not_left(
    watched: WallRegistry, model: Model, slow: Request
) -> None:
    """Browsers let a tab in the background ask for nothing for minutes."""
    watched.start(model, [slow], "one")
    time.sleep(0.3)
    watched.sweep()
    assert state(watched, model, slow, "one").status in AT_WORK


def test_what_was_finished_for_a_visitor_who_has_left_stays(
    watched: WallRegistry, connected: dict[str, bool], model: Model
) -> None:
    request = Request("conv2d_1", (0, 1), QUICK)
    watched.start(model, [request], "one")
    wait_for(lambda: state(watched, model, request, "one").status is Status.DONE)
    connected["one"] = False
    watched.sweep()
    time.sleep(0.3)
    watched.sweep()
    assert state(watched, model, request, "two").status is Status.DONE


def test_all_that_is_made_for_a_visitor_is_one_persons(model: Model) -> None:
    owners = {
        owner_of(visitor, network)
        for visitor in ("5eed", "5eed-several")
        for network in (model, replace(model, sha256="f00d"))
    }
    assert len(owners) == 4
    assert {owner.split(" ")[0] for owner in owners} == {"5eed"}
