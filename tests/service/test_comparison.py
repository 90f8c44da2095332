"""Two networks side by side, made under the same conditions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filterviz import cli
from filterviz.errors import BadRequest, WeightsUnavailable
from filterviz.export import comparison_folder
from filterviz.service import comparison
from filterviz.service.job_state import LayerState
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.spec import PixelRange, Precision, Recipe, Request
from tests.imaging.images import pattern

RECIPE = Recipe(size=16, steps=3)


def tiles(workspace: Workspace, model: Model, request: Request) -> list[bytes]:
    state = workspace.start(model, [request]).wait(120)
    assert state.error is None
    return [state.layers[0].patterns[channel].tile.tobytes() for channel in request.filters]


def test_the_same_model_on_both_sides_gives_the_same_bytes(workspace: Workspace, model: Model, tmp_path: Path) -> None:
    """Made twice, in two caches: not the same tile shown twice."""
    pairs = comparison.pair(model, model)
    mine, its = comparison.requests(pairs, RECIPE, 4, PixelRange.AUTO, same=True)
    assert mine == its
    with Workspace(replace(workspace.settings, cache_dir=tmp_path)) as second:
        for request in mine:
            assert tiles(workspace, model, request) == tiles(second, model, request)


def test_the_untrained_twin_has_the_same_layers_and_other_pictures(workspace: Workspace, model: Model) -> None:
    untrained_copy = workspace.untrained_copy(model)
    assert untrained_copy.spec.layers == model.spec.layers
    assert untrained_copy.spec.pixel_range is model.spec.pixel_range
    assert untrained_copy.identity != model.identity
    assert [(pair.mine.name, pair.its.name) for pair in comparison.pair(model, untrained_copy)] == [
        ("conv2d_1", "conv2d_1"),
        ("conv2d_2", "conv2d_2"),
    ]
    request = Request("conv2d_2", (0, 1), RECIPE)
    assert tiles(workspace, model, request) != tiles(workspace, untrained_copy, request)
    assert tiles(workspace, untrained_copy, request) == tiles(workspace, workspace.untrained_copy(model), request)


def test_layers_are_paired_by_what_they_see_or_as_asked(
    workspace: Workspace, model: Model, family_files: dict[str, Path]
) -> None:
    other = workspace.open(family_files["keras_3_functional.keras"])
    (pair,) = comparison.pair(model, other, ["conv2d_2"])
    assert pair.to_json()["receptive_fields"] == [pair.mine.receptive_field] * 2
    assert pair.to_json()["gated"] == [False, False]
    (asked,) = comparison.pair(model, other, [f"conv2d_2={other.spec.visualisable[0].name}"])
    assert asked.its == other.spec.visualisable[0]


@pytest.mark.parametrize("name", ["nonsense", "conv2d_1=nonsense", "="])
def test_a_layer_that_is_not_there_is_a_sentence(model: Model, name: str) -> None:
    with pytest.raises(BadRequest, match=r"has no layer .* Its layers are: conv2d_1"):
        comparison.pair(model, model, [name])


def test_what_differs_is_named() -> None:
    def wall(recipe: Recipe = RECIPE, **changes: object) -> LayerState:
        made = replace(pattern(0, **changes), precision=changes.get("precision", Precision.FLOAT32))  # type: ignore[arg-type]
        return LayerState(Request("conv", (0,), recipe), patterns={0: made})

    assert comparison.differing(wall(), wall()) == []
    assert comparison.differing(wall(), LayerState(Request("conv", (0,)))) == []
    assert comparison.differing(wall(), wall(size=32)) == ["tiles of 64 px and 32 px"]
    assert comparison.differing(wall(), wall(precision=Precision.BFLOAT16)) == ["computed in float32 and bfloat16"]
    assert comparison.differing(wall(), wall(replace(RECIPE, steps=9, seed=1))) == ["steps 3 and 9", "seed 0 and 1"]


def test_only_pictures_of_a_network_whose_file_is_not_here(workspace: Workspace, model: Model) -> None:
    shown = Model(None, "f00d", "a network", model.spec)
    state = workspace.start(shown, [Request("conv2d_1", (0,), RECIPE)]).wait(60)
    assert isinstance(state.error, WeightsUnavailable)
    assert str(state.error).endswith("choose its usual settings.")


def test_the_command_writes_pairs_and_numbers(
    family_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path / "cache"))
    file, out = str(family_files["keras_2_1.h5"]), tmp_path / "out"
    options = ["--size", "16", "--steps", "3", "--count", "3", "--out", str(out), "--json"]
    assert cli.main(["compare", file, "untrained", *options]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / "compare.json").read_text())
    assert document["other"]["model"]["untrained"] == 0
    assert [pair["layers"] for pair in document["pairs"]] == [["conv2d_1"] * 2, ["conv2d_2"] * 2]
    assert all(pair["differs"] == [] for pair in document["pairs"])
    with Image.open(out / document["pairs"][0]["picture"]) as picture:
        sides = np.asarray(picture)
    assert sides.shape == (16, 2 * (3 * 16 + 2 * 5) + comparison_folder.GAP, 3), "a row of three on each side"
    assert not np.array_equal(sides[:, :16], sides[:, -16:])
    assert (out / "one" / "conv2d_1" / "f000.png").is_file()
