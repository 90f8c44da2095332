from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filterviz.service.bundle_builder import correlation
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Pattern, PixelRange, Precision, Recipe, Request
from filterviz.storage import bundled
from filterviz.storage.bundled import BundledModel, BundledPatterns
from tests.imaging.images import pattern

RECIPE = Recipe(size=40)
REQUEST = Request("conv", tuple(range(3, 80)), RECIPE)


def smooth(channel: int) -> Pattern:
    """A tile as WebP has to do with: no noise, another one for each filter."""
    random = np.random.default_rng(channel)
    small = random.integers(0, 256, (5, 5, 3), np.uint8)
    tile = np.asarray(Image.fromarray(small).resize((40, 40), Image.Resampling.BICUBIC))
    kernel = random.normal(size=(3, 3, 3)).astype(np.float32)
    return replace(pattern(channel), tile=tile, curve=(0.123456, float("nan"), 2.5), response_end=2.5, kernel=kernel)


@pytest.fixture
def spec() -> ModelSpec:
    layer = LayerSpec("conv", "Conv2D", "Conv2D", {}, (), (None, 8, 8, 80), 80, 3, True, None)
    return ModelSpec("net", (layer,), (NodeSpec(0, (), (None, 8, 8, 80), ()),), (0,), (0,), PixelRange.UNIT, "")


@pytest.fixture
def folder(tmp_path: Path, spec: ModelSpec) -> Path:
    patterns = [smooth(channel) for channel in REQUEST.filters]
    bundled.write(
        tmp_path / "net", name="A net", sha256="f00d", architecture=None, spec=spec, sheets=[(REQUEST, patterns)]
    )
    return tmp_path


def test_what_was_written_is_found(folder: Path, spec: ModelSpec) -> None:
    found = BundledPatterns(folder)
    assert found.models["net"].spec == spec
    for channel in (3, 66, 67, 79):
        wanted, got = smooth(channel), found.find("f00d", REQUEST, channel)
        assert got is not None
        assert correlation(wanted.tile, got.tile) > 0.98
        assert got.curve[0] == 0.1235
        assert np.isnan(got.curve[1])
        assert wanted.kernel is not None
        assert got.kernel is not None
        np.testing.assert_allclose(got.kernel, wanted.kernel, rtol=1e-5)
        assert (got.filter, got.response_end, got.flags) == (channel, wanted.response_end, wanted.flags)


@pytest.mark.parametrize(
    ("request_", "channel"),
    [
        (REQUEST, 2),
        (REQUEST, 80),
        (replace(REQUEST, layer="other"), 3),
        (replace(REQUEST, recipe=replace(RECIPE, seed=1)), 3),
        (replace(REQUEST, recipe=replace(RECIPE, objective="negative")), 3),
        (replace(REQUEST, pixel_range=PixelRange.UNIT), 3),
        (replace(REQUEST, precision=Precision.FLOAT32), 3),
    ],
)
def test_another_question_has_no_answer(folder: Path, request_: Request, channel: int) -> None:
    assert BundledPatterns(folder).find("f00d", request_, channel) is None


def test_another_file_has_no_answer(folder: Path) -> None:
    found = BundledPatterns(folder)
    assert found.find("beef", REQUEST, 3) is None
    assert found.find("f00d:vgg16", REQUEST, 3) is None


def test_no_folder_is_no_pictures(tmp_path: Path) -> None:
    assert BundledPatterns(tmp_path / "none").models == {}


def test_pictures_of_another_engine_are_not_shown(folder: Path) -> None:
    path = folder / "net" / "model.json.gz"
    data = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps({**data, "engine": data["engine"] - 1}).encode()))
    with pytest.raises(ValueError, match="build it again"):
        BundledModel(folder / "net")
    assert BundledPatterns(folder).models == {}


def test_pictures_from_before_kernels_were_kept_have_none(folder: Path) -> None:
    for path in (folder / "net").glob("*-natural-*.json.gz"):
        numbers = json.loads(gzip.decompress(path.read_bytes()))
        path.write_bytes(
            gzip.compress(json.dumps([{k: v for k, v in n.items() if k != "kernel"} for n in numbers]).encode())
        )
    got = BundledPatterns(folder).find("f00d", REQUEST, 3)
    assert got is not None
    assert got.kernel is None


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"no JSON"), gzip.compress(b"[]")],
    ids=["empty", "no gzip", "no JSON", "an empty list"],
)
def test_pictures_that_are_damaged_are_not_shown(folder: Path, content: bytes) -> None:
    (folder / "net" / "model.json.gz").write_bytes(content)
    assert BundledPatterns(folder).models == {}
