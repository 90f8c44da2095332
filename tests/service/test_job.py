"""What happens to the layers of one job: which come first, and what stopping one of them does to the others."""

from __future__ import annotations

from filterviz.service.job_state import Status
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.spec import RECIPES, Request
from tests.waiting import LONG, QUICK, until


def test_what_is_in_the_store_does_not_wait_for_what_is_not(workspace: Workspace, model: Model) -> None:
    workspace.start(model, [Request("conv2d_1", (0, 1), QUICK)]).wait(120)
    job = workspace.start(model, [Request("conv2d_2", (0,), LONG), Request("conv2d_1", (0, 1), QUICK)])
    state = job.wait_cached(60)
    assert state.layers[1].status is Status.DONE
    assert state.layers[0].status is not Status.DONE
    job.stop()
    assert job.wait(20).status is Status.STOPPED


def test_one_layer_is_cancelled_and_the_others_go_on(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_2", (1,), LONG), Request("conv2d_2", (1, 2), QUICK)])
    until(job, lambda state: state.layers[0].previews)
    job.cancel_layer(0)
    state = job.wait(60)
    assert [layer.status for layer in state.layers] == [Status.STOPPED, Status.DONE]
    assert state.layers[0].previews, "what there was is kept"
    assert state.status is Status.STOPPED


def test_the_layer_that_is_looked_at_goes_first(workspace: Workspace, model: Model) -> None:
    recipe = QUICK.with_(seed=5)
    requests = [Request("conv2d_2", (2,), LONG), Request("conv2d_2", (3,), LONG), Request("conv2d_1", (0,), recipe)]
    job = workspace.start(model, requests)
    until(job, lambda state: state.layers[0].status is Status.RUNNING)
    job.prioritize(2)
    job.prioritize(0)  # it has begun, so there is nothing to move
    job.cancel_layer(0)
    state = until(job, lambda state: state.layers[2].status is Status.DONE)
    assert state.layers[1].status is not Status.DONE
    job.stop()
    job.wait(20)


def test_a_paused_job_shows_what_there_is_and_computes_nothing_until_it_is_started(
    workspace: Workspace, model: Model
) -> None:
    recipe = QUICK.with_(seed=6)
    workspace.start(model, [Request("conv2d_1", (0, 1), recipe)]).wait(120)
    job = workspace.start(
        model, [Request("conv2d_1", (0, 1), recipe), Request("conv2d_1", (1, 2), recipe)], paused=True
    )
    state = job.wait_cached(60)
    assert [layer.status for layer in state.layers] == [Status.DONE, Status.WAITING]
    assert list(state.layers[1].patterns) == [1]
    assert not job.wait(1).finished
    job.start_computing()
    assert job.wait(120).status is Status.DONE


def test_a_paused_job_that_is_stopped_ends(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_2", (4,), LONG), Request("conv2d_2", (5,), LONG)], paused=True)
    job.cancel_layer(0)
    assert not job.wait(0.3).finished
    job.cancel_layer(1)
    assert job.wait(20).status is Status.STOPPED


def test_what_a_tile_takes_is_measured(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_2", (0, 1, 2, 3), RECIPES["classic"].with_(size=96, steps=400))])
    state = until(job, lambda state: state.layers[0].tile_seconds is not None or state.finished).layers[0]
    job.stop()
    job.wait(20)
    assert state.tile_seconds is not None
    assert state.tile_seconds > 0
    assert state.seconds_left is not None
    assert state.seconds_left <= 4 * state.tile_seconds
