from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import BadRequest
from filterviz.export import run_folder
from filterviz.imaging import png
from filterviz.spec import Recipe, Request
from tests.imaging.images import pattern

MODEL = {"name": "cats_and_dogs.h5", "sha256": "f00d"}
NAME = "vgg16/block5_conv1"
RESULTS = [
    (Request("conv", tuple(range(25)), Recipe(seed=3)), {number: pattern(number) for number in range(25)}),
    (Request(NAME, (1, 17), Recipe(seed=3)), {17: pattern(17, layer=NAME, channels=1)}),
    (Request("not begun", (0, 1), Recipe(seed=3)), {}),
]
FILES = {
    "conv_pattern.png",
    "vgg16_block5_conv1_pattern.png",
    "vgg16_block5_conv1/f017.png",
    "run.json",
    *(f"conv/f{number:03d}.png" for number in range(25)),
}


def test_a_run_in_a_folder(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "run"
    run_folder.prepare(directory)
    document = run_folder.write_run(directory, MODEL, RESULTS)
    assert {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()} == FILES
    assert png.decode((directory / "conv_pattern.png").read_bytes()).shape == (340, 340, 3)
    written = json.loads((directory / "run.json").read_text())
    assert written == document
    assert written["model"] == MODEL
    assert written["recipe"]["seed"] == 3
    assert written["versions"]["filterviz"]
    assert written["precision"] == "float32"
    tile = written["tiles"][25]
    assert (tile["layer"], tile["filter"], tile["file"]) == (NAME, 17, "vgg16_block5_conv1/f017.png")
    assert tile["response_end"] is None
    assert tile["flags"] == ["not-finite"]
    for tile in written["tiles"][:25]:
        np.testing.assert_array_equal(png.decode((directory / tile["file"]).read_bytes()), pattern(tile["filter"]).tile)


def test_a_kernel_stands_among_a_tiles_numbers() -> None:
    kernel = np.array([[[0.123456789], [-2.0]]], np.float32)
    request = Request("conv", (0, 1))
    results = [(request, {0: pattern(0, kernel=kernel), 1: pattern(1)})]
    kernels = [tile["kernel"] for tile in run_folder.run_document(MODEL, results)["tiles"]]
    assert kernels == [[[[0.123457], [-2.0]]], None]


def test_a_run_in_a_zip() -> None:
    with zipfile.ZipFile(io.BytesIO(run_folder.run_zip(MODEL, RESULTS))) as archive:
        assert set(archive.namelist()) == FILES
        assert archive.testzip() is None
        assert len(json.loads(archive.read("run.json"))["tiles"]) == 26


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadRequest, match=r"cannot be written to: Not a directory\. Choose another\."):
        run_folder.prepare(tmp_path / "file" / "run")


def test_nothing_finished_means_no_wall() -> None:
    assert run_folder.wall_of(Request("conv", (0, 1)), {}) is None
