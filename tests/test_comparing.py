"""Two networks side by side, made under the same conditions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filterviz import cli, comparing
from filterviz.errors import BadRequest, WeightsUnavailable
from filterviz.jobs import LayerState
from filterviz.settings import Settings
from filterviz.spec import PixelRange, Precision, Recipe, Request
from filterviz.studio import Model, Studio
from tests.gallery.pictures import pattern

RECIPE = Recipe(size=16, steps=3)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio(Settings(cache_dir=tmp_path_factory.mktemp("cache"), workers=1)) as studio:
        yield studio


@pytest.fixture
def model(studio: Studio, family_files: dict[str, Path]) -> Model:
    return studio.open(family_files["keras_2_1.h5"])


def tiles(studio: Studio, model: Model, request: Request) -> list[bytes]:
    state = studio.start(model, [request]).wait(120)
    assert state.error is None
    return [state.layers[0].patterns[filter_].tile.tobytes() for filter_ in request.filters]


def test_the_same_model_on_both_sides_gives_the_same_bytes(studio: Studio, model: Model, tmp_path: Path) -> None:
    """Made twice, in two caches: not the same tile shown twice."""
    pairs = comparing.pair(model, model)
    mine, its = comparing.requests(pairs, RECIPE, 4, PixelRange.AUTO, same=True)
    assert mine == its
    with Studio(replace(studio.settings, cache_dir=tmp_path)) as second:
        for request in mine:
            assert tiles(studio, model, request) == tiles(second, model, request)


def test_the_untrained_twin_has_the_same_layers_and_other_pictures(studio: Studio, model: Model) -> None:
    twin = studio.twin(model)
    assert twin.spec.layers == model.spec.layers
    assert twin.spec.pixel_range is model.spec.pixel_range
    assert twin.identity != model.identity
    assert [(pair.mine.name, pair.its.name) for pair in comparing.pair(model, twin)] == [
        ("conv2d_1", "conv2d_1"),
        ("conv2d_2", "conv2d_2"),
    ]
    request = Request("conv2d_2", (0, 1), RECIPE)
    assert tiles(studio, model, request) != tiles(studio, twin, request)
    assert tiles(studio, twin, request) == tiles(studio, studio.twin(model), request)


def test_layers_are_paired_by_what_they_see_or_as_asked(
    studio: Studio, model: Model, family_files: dict[str, Path]
) -> None:
    other = studio.open(family_files["keras_3_functional.keras"])
    (pair,) = comparing.pair(model, other, ["conv2d_2"])
    assert pair.to_json()["receptive_fields"] == [pair.mine.receptive_field] * 2
    assert pair.to_json()["gated"] == [False, False]
    (asked,) = comparing.pair(model, other, [f"conv2d_2={other.spec.visualisable[0].name}"])
    assert asked.its == other.spec.visualisable[0]


@pytest.mark.parametrize("name", ["nonsense", "conv2d_1=nonsense", "="])
def test_a_layer_that_is_not_there_is_a_sentence(model: Model, name: str) -> None:
    with pytest.raises(BadRequest, match=r"has no layer .* Its layers are: conv2d_1"):
        comparing.pair(model, model, [name])


def test_what_differs_is_named() -> None:
    def wall(recipe: Recipe = RECIPE, **changes: object) -> LayerState:
        made = replace(pattern(0, **changes), precision=changes.get("precision", Precision.FLOAT32))  # type: ignore[arg-type]
        return LayerState(Request("conv", (0,), recipe), patterns={0: made})

    assert comparing.differing(wall(), wall()) == []
    assert comparing.differing(wall(), LayerState(Request("conv", (0,)))) == []
    assert comparing.differing(wall(), wall(size=32)) == ["tiles of 64 px and 32 px"]
    assert comparing.differing(wall(), wall(precision=Precision.BFLOAT16)) == ["computed in float32 and bfloat16"]
    assert comparing.differing(wall(), wall(replace(RECIPE, steps=9, seed=1))) == ["steps 3 and 9", "seed 0 and 1"]


def test_only_pictures_of_a_network_whose_file_is_not_here(studio: Studio, model: Model) -> None:
    shown = Model(None, "f00d", "a network", model.spec)
    state = studio.start(shown, [Request("conv2d_1", (0,), RECIPE)]).wait(60)
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
    assert sides.shape == (3 * 16 + 2 * 5, 2 * 16 + comparing.GAP, 3)
    assert not np.array_equal(sides[:, :16], sides[:, -16:])
    assert (out / "one" / "conv2d_1" / "f000.png").is_file()
