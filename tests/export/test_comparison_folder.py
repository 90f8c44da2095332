"""The folder of a comparison, written from plain data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filterviz.errors import BadRequest
from filterviz.export import comparison_folder
from filterviz.export.comparison_folder import GAP
from filterviz.export.document import ReportData, Row
from filterviz.imaging import contact_sheet, png
from tests.export.documents import report_data, wall


def compared() -> ReportData:
    """A pair of walls of different heights, and a pair of which one wall has no patterns yet."""
    begun = wall("VGG16", "block2_conv1", count=4, missing=4)
    rows = [
        Row(wall(name="a/b"), wall("VGG16", "block1_conv1", 25), [], ["steps 3 and 4"]),
        Row(wall(name="c"), begun, []),
    ]
    return replace(report_data(), rows=rows)


def test_a_comparison_in_a_folder(tmp_path: Path) -> None:
    data = compared()
    document = comparison_folder.write(tmp_path / "out", data, [{"depths": [0, 1]}, {"depths": [1, 1]}])
    assert json.loads((tmp_path / "out" / "compare.json").read_text()) == document
    assert document["pairs"] == [
        {"depths": [0, 1], "picture": "01_a_b.png", "differs": ["steps 3 and 4"]},
        {"depths": [1, 1], "picture": None, "differs": []},
    ]
    assert [document[side]["model"]["name"] for side in ("one", "other")] == ["cats.h5", "VGG16"]
    assert len(document["one"]["tiles"]) == 12
    assert len(document["other"]["tiles"]) == 25
    assert (tmp_path / "out" / "other" / "block1_conv1" / "f024.png").is_file()
    assert (tmp_path / "out" / "report.html").read_bytes().startswith(b"<!doctype html>")


def test_both_walls_stand_side_by_side(tmp_path: Path) -> None:
    data = compared()
    comparison_folder.write(tmp_path, data, [{}, {}])
    image = png.decode((tmp_path / "01_a_b.png").read_bytes())
    left, right = (
        contact_sheet.wall(
            [item.patterns[index].tile for index in item.request.filters], order=item.request.recipe.spec.wall_order
        )
        for item in data.rows[0].walls
    )
    assert image.shape == (max(len(left), len(right)), left.shape[1] + GAP + right.shape[1], 3)
    np.testing.assert_array_equal(image[: len(left), : left.shape[1]], left)
    np.testing.assert_array_equal(image[: len(right), left.shape[1] + GAP :], right)
    assert not image[:, left.shape[1] : left.shape[1] + GAP].any()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadRequest, match="cannot be written to"):
        comparison_folder.write(tmp_path / "file", compared(), [{}, {}])
