from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from filterviz.errors import BadRequest, EngineFailed, Refused, WeightsUnavailable
from filterviz.service.job_state import Status
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import RECIPES, PixelRange, Recipe, Request
from tests.waiting import LONG, QUICK, until


def test_a_question_becomes_pictures_and_the_same_question_is_answered_from_the_store(
    workspace: Workspace, model: Model
) -> None:
    requests = [Request("conv2d_1", (0, 3), QUICK), Request("conv2d_2", (5, 1, 2), QUICK)]
    state = workspace.start(model, requests).wait(120)
    assert state.status is Status.DONE
    assert (state.done, state.total) == (5, 5)
    assert list(state.layers[1].wanted) == [5, 1, 2]
    assert {pattern.filter for pattern in state.layers[1].patterns.values()} == {5, 1, 2}

    children = psutil.Process().children()
    before = sum(sum(child.cpu_times()[:2]) for child in children)
    again = workspace.start(model, requests).wait(10)
    assert again.status is Status.DONE
    assert sum(sum(child.cpu_times()[:2]) for child in children) - before < 0.1
    for one, two in zip(state.layers, again.layers, strict=True):
        for channel, pattern in one.patterns.items():
            np.testing.assert_array_equal(pattern.tile, two.patterns[channel].tile)
            assert pattern.numbers() == two.patterns[channel].numbers()


def test_only_what_is_missing_is_computed(workspace: Workspace, model: Model) -> None:
    recipe = replace(QUICK, seed=1)
    first = workspace.start(model, [Request("conv2d_2", (0, 1), recipe)]).wait(120)
    more = workspace.start(model, [Request("conv2d_2", (0, 1, 2, 3), recipe)]).wait(120)
    assert more.done == 4
    # A tile that was computed again would have taken another time.
    assert more.layers[0].patterns[1].seconds == first.layers[0].patterns[1].seconds


def test_what_was_kept_of_another_guess_is_made_anew(workspace: Workspace, model: Model) -> None:
    """An earlier version guessed other pixel values for the same file; its images answer another question now."""
    request = Request("conv2d_2", (0,), Recipe("natural", size=16, steps=2, seed=2))
    made = workspace.start(model, [request]).wait(120).layers[0].patterns[0]
    key = workspace.patterns.key(model, request, 0)
    assert workspace.patterns.cached(model, request, 0, key) is not None
    other = next(one for one in PixelRange if one not in (PixelRange.AUTO, made.pixel_range))
    workspace.store.put(key, replace(made, pixel_range=other))
    assert workspace.patterns.cached(model, request, 0, key) is None
    assert workspace.patterns.cached(model, replace(request, pixel_range=other), 0, key) is not None
    workspace.store.put(key, replace(made, pixel_range=None))  # as classic images are, which no guess is made for
    assert workspace.patterns.cached(model, request, 0, key) is not None


def test_stopping_keeps_what_is_finished_and_shows_the_rest_as_it_was(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_1", (0, 1), QUICK), Request("conv2d_2", (0, 1), LONG)])
    until(job, lambda state: state.layers[1].previews)
    job.stop()
    state = job.wait(10)
    assert state.status is Status.STOPPED
    assert [layer.status for layer in state.layers] == [Status.DONE, Status.STOPPED]
    assert state.done == 2
    assert state.layers[1].previews[0].shape == (256, 256, 3)
    assert 0 < state.layers[1].step < 4000


def test_a_killed_child_costs_one_job_and_one_sentence(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_2", (0,), replace(LONG, seed=2))])
    until(job, lambda state: state.layers[0].step)
    for child in psutil.Process().children():
        os.kill(child.pid, signal.SIGKILL)
    state = job.wait(10)
    assert state.status is Status.FAILED
    assert isinstance(state.error, EngineFailed)
    assert str(state.error).endswith(".")

    assert workspace.start(model, [Request("conv2d_2", (0,), replace(QUICK, seed=2))]).wait(120).status is Status.DONE


def test_progress_comes_with_an_estimate(workspace: Workspace, model: Model) -> None:
    job = workspace.start(model, [Request("conv2d_2", (0, 1), replace(LONG, seed=3))])
    state = until(job, lambda state: state.layers[0].seconds_left is not None)
    job.stop()
    assert state.layers[0].seconds_left is not None
    assert state.layers[0].seconds_left > 0
    assert state.current is state.layers[0]
    job.wait(10)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request("none", (0,)), "There is no layer 'none'"),
        (Request("dense_1", (9,)), "dense_1"),
        (Request("conv2d_1", ()), "No filters were asked for"),
        (Request("conv2d_1", (4,)), "numbered 0 to 3"),
        (Request("conv2d_1", (0,), Recipe("dream")), "There is no recipe 'dream'; choose natural or classic."),
        (Request("conv2d_1", (0,), Recipe(size=1000)), "choose 1 to 512"),
        (Request("conv2d_1", (0,), Recipe(steps=10**6)), "choose 1 to 4096"),
        (Request("conv2d_1", (0,), Recipe(seed=-1)), "The seed cannot be -1"),
        (Request("conv2d_1", (0,), Recipe(objective="fame")), "has no objective 'fame'; choose channel or negative"),
        (Request("conv2d_1", (0,), replace(RECIPES["classic"], objective="neuron")), "choose channel."),
        (Request("conv2d_1", (0,), Recipe(pictures=3)), "cannot make 3 images of a filter; choose 1 or 4 or 9."),
        (Request("conv2d_1", (0,), replace(RECIPES["classic"], pictures=4)), "cannot make 4 images"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_starts(
    workspace: Workspace, model: Model, request_: Request, sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        workspace.start(model, [request_])


def test_a_file_that_is_no_model_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_text("hello")
    with pytest.raises(Refused):
        workspace.open(tmp_path / "x.h5")


def test_a_missing_file_is_a_bad_request(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be read"):
        workspace.open(tmp_path / "x.h5")


def test_vgg16_goes_through_the_same_path_as_an_uploaded_model(tmp_path: Path, vgg16_weights: Path) -> None:
    with Workspace(Settings(cache_dir=tmp_path, vgg16_weights=vgg16_weights, workers=1)) as workspace:
        vgg16 = workspace.reference()
        assert [layer.name for layer in vgg16.spec.visualisable if "conv" in layer.name][-1] == "block5_conv3"
        state = workspace.start(vgg16, [Request("block1_conv1", (0, 2), QUICK)]).wait(120)
        assert state.status is Status.DONE
        assert workspace.reference() is vgg16


def test_without_its_weights_vgg16_is_one_sentence(tmp_path: Path) -> None:
    with (
        Workspace(Settings(cache_dir=tmp_path, vgg16_weights=tmp_path / "none.h5")) as workspace,
        pytest.raises(WeightsUnavailable, match=r"\.$"),
    ):
        workspace.reference()
