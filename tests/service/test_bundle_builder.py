"""What comes with the program is what the program makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from filterviz import cli
from filterviz.errors import BadRequest
from filterviz.reader import open_model
from filterviz.service.bundle_builder import TileCheck, compare, correlation, plans
from filterviz.service.model import DEMO, EXAMPLES, VGG16, file_sha256
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Flag, Pattern, PixelRange, Request
from filterviz.storage.bundled import FOLDER, BundledModel, BundledPatterns

SHIPPED = BundledPatterns()


def test_the_atlas_is_whole() -> None:
    """All 13 convolutions: every filter of blocks 1 to 3, 128 of each layer above, and five walls in classic."""
    made = {
        (sheet.recipe.name, sheet.layer, channel)
        for sheet in SHIPPED.models[VGG16].sheets
        for channel in range(sheet.first, sheet.last + 1)
    }
    natural = [(layer, channel) for recipe, layer, channel in made if recipe == "natural"]
    classic = [(layer, channel) for recipe, layer, channel in made if recipe == "classic"]
    layers = {
        layer.name: layer.channels or 0 for layer in SHIPPED.models[VGG16].spec.visualisable if "conv" in layer.name
    }
    assert len(layers) == 13
    for layer, channels in layers.items():
        wanted = channels if layer[:6] in ("block1", "block2", "block3") else 128
        assert sorted(channel for name, channel in natural if name == layer) == list(range(wanted))
    assert sorted(classic) == [(f"block{b}_conv1", f) for b in range(1, 6) for f in range(25)]
    assert {sheet.recipe for sheet in SHIPPED.models[VGG16].sheets} == set(RECIPES.values())


@pytest.mark.parametrize("model", SHIPPED.models.values(), ids=list(SHIPPED.models))
def test_every_tile_is_there_and_shows_something(model: BundledModel) -> None:
    for sheet in model.sheets:
        for channel in range(sheet.first, sheet.last + 1):
            found = model.find(Request(sheet.layer, (channel,), sheet.recipe), channel)
            assert found is not None
            assert (found.layer, found.filter) == (sheet.layer, channel)
            assert found.tile.shape == (*sheet.size, 3)
            assert len(found.curve) == sheet.recipe.steps + 1
            if not found.flags:
                assert found.response_end > found.response_start
                # Grey is nothing; black all over is what some filters want.
                assert found.tile.std() > 2 or abs(found.tile.mean() - 128) > 64


def test_no_filter_of_vgg16_is_silent_in_natural() -> None:
    model = SHIPPED.models[VGG16]
    for sheet in model.sheets:
        for channel in range(sheet.first, sheet.last + 1) if sheet.recipe.name == "natural" else ():
            found = model.find(Request(sheet.layer, (channel,), sheet.recipe), channel)
            assert found is not None
            assert Flag.SILENT not in found.flags, (sheet.layer, channel)


def test_the_filters_that_look_at_the_picture_come_with_their_kernels() -> None:
    """Every first convolution and no other; VGG16's own in both recipes."""
    with_kernels = set()
    for slug, model in SHIPPED.models.items():
        for sheet in model.sheets:
            found = model.find(Request(sheet.layer, (sheet.first,), sheet.recipe), sheet.first)
            assert found is not None
            if found.kernel is not None:
                with_kernels.add((slug, sheet.layer, sheet.recipe.name))
    first = {(slug, "conv2d_1", "natural") for slug in SHIPPED.models if slug != VGG16}
    assert with_kernels == first | {(VGG16, "block1_conv1", recipe) for recipe in RECIPES}


@pytest.mark.parametrize(("slug", "layer"), [(VGG16, "block1_conv1"), (DEMO, "conv2d_1")])
def test_the_kernels_are_the_networks(slug: str, layer: str, vgg16_weights: Path) -> None:
    model = SHIPPED.models[slug]
    path = vgg16_weights if slug == VGG16 else model.folder / f"{slug}.h5"
    with open_model(path, Settings(), architecture=model.architecture) as opened:
        weights = opened.weights(opened.spec.layer(layer))[0]
    for sheet in (sheet for sheet in model.sheets if sheet.layer == layer):
        for channel in range(sheet.first, sheet.last + 1):
            found = model.find(Request(layer, (channel,), sheet.recipe), channel)
            assert found is not None
            assert found.kernel is not None
            # Like the tiles: natural shows VGG16's blue-first channels red first, classic as they are.
            turned = found.pixel_range is PixelRange.CAFFE
            wanted = weights[:, :, ::-1, channel] if turned else weights[..., channel]
            np.testing.assert_allclose(found.kernel, wanted, rtol=1e-5)


def test_it_is_small_enough() -> None:
    """The limits that the project has set itself."""
    assert sum(file.stat().st_size for file in (FOLDER / VGG16).iterdir()) < 30e6
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 50e6


@pytest.mark.parametrize(("slug", "accuracy"), [("cats_and_dogs", 0.82), ("digits", 0.97), ("shapes", 0.97)])
def test_an_example_is_the_network_its_pictures_are_of(slug: str, accuracy: float, tmp_path: Path) -> None:
    model = SHIPPED.models[slug]
    assert model.file is not None
    assert file_sha256(model.file) == model.sha256
    with Workspace(Settings(cache_dir=tmp_path, workers=1)) as workspace:
        opened = workspace.open(model.file)
    assert json.loads(json.dumps(opened.spec.to_json())) == json.loads(json.dumps(model.spec.to_json()))
    assert model.facts["accuracy"] >= accuracy
    assert model.facts["epochs"][-1]["val_accuracy"] == pytest.approx(model.facts["accuracy"], abs=0.01)


def test_the_classes_of_the_examples_have_names() -> None:
    assert SHIPPED.models["digits"].spec.labels("digit") == tuple("0123456789")
    assert SHIPPED.models["shapes"].spec.labels("shape") == ("circle", "square", "triangle", "star", "cross")


def test_every_example_is_there() -> None:
    assert set(EXAMPLES) <= set(SHIPPED.models)


def test_some_tiles_made_anew_excite_their_filters_as_much(tmp_path: Path, vgg16_weights: Path) -> None:
    """One of each of a few sheets of VGG16 and of the demo network."""
    with Workspace(Settings(cache_dir=tmp_path, vgg16_weights=vgg16_weights, workers=1)) as workspace:
        for slug, path, architecture, sheets in (
            (VGG16, vgg16_weights, VGG16, ("block1_conv2", "block2_conv1")),
            (DEMO, FOLDER / DEMO / f"{DEMO}.h5", None, ("conv2d_1", "conv2d_4")),
        ):
            opened = workspace.open(path, architecture=architecture)
            bundled = SHIPPED.models[slug]
            assert opened.sha256 == bundled.sha256

            def make(request: Request) -> Sequence[Pattern]:
                events = workspace.pool.run(path, opened.sha256, request, load_options=opened.load_options)  # noqa: B023
                return [event for event in events if isinstance(event, Pattern)]

            part = BundledModel(bundled.folder)
            part.sheets = tuple(sheet for sheet in part.sheets if sheet.layer in sheets and sheet.first == 0)
            found = list(compare(part, make, per_sheet=1))
            assert len(found) == len(part.sheets) >= 2
            assert all(item.passes for item in found), found


@pytest.mark.parametrize(("response", "holds"), [(1.0, True), (1.2, True), (0.8, True), (1.5, False), (0.0, False)])
def test_another_pattern_is_noticed(response: float, holds: bool) -> None:
    assert TileCheck("conv, natural", 0, 1.0, response).passes is holds


def test_correlation() -> None:
    random = np.random.default_rng(0)
    one, two = random.integers(0, 256, (2, 8, 8, 3), np.uint8)
    assert correlation(one, one) == pytest.approx(1)
    assert abs(correlation(one, two)) < 0.5
    assert correlation(np.zeros_like(one), np.full_like(one, 9)) == 1


def test_a_build_without_training_names_what_to_run(tmp_path: Path) -> None:
    with (
        Workspace(Settings(cache_dir=tmp_path)) as workspace,
        pytest.raises(Exception, match="run a script of the folder examples"),
    ):
        next(plans(workspace, tmp_path))


@pytest.mark.parametrize("given", [False, True])
def test_the_training_of_another_network_or_none_is_not_taken_for_this_one(given: bool, tmp_path: Path) -> None:
    (tmp_path / "digits.zip").write_bytes((FOLDER / "digits" / "digits.zip").read_bytes())
    (tmp_path / "training.json").write_text("{}")
    with (
        Workspace(Settings(cache_dir=tmp_path)) as workspace,
        pytest.raises(BadRequest, match="run a script of the folder examples"),
    ):
        next(plans(workspace, tmp_path if given else None, "shapes"))


def test_a_check_of_nothing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["atlas", "check", "--folder", str(tmp_path)]) == cli.FAILED
    assert capsys.readouterr().out.startswith("0 of 0 tiles")


def test_the_training_is_recorded() -> None:
    facts = SHIPPED.models[DEMO].facts
    assert [epoch["epoch"] for epoch in facts["epochs"]] == list(range(1, len(facts["epochs"]) + 1))
    assert json.dumps(facts)
