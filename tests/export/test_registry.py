"""Every export can be made from the same data, and is what its row says."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from filterviz.export.document import Row
from filterviz.export.registry import EXPORTS, Export
from tests.export.documents import report_data, wall

BEGINNINGS = {"html": b"<!doctype html>", "zip": b"PK", "pdf": b"%PDF-", "svg": b"<?xml"}


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.ending)
def test_an_export_is_what_its_row_says(export: Export) -> None:
    assert export.make(report_data()).startswith(BEGINNINGS.get(export.ending, b""))
    assert export.ending in export.label
    assert "/" in export.media_type


def test_no_two_files_have_the_same_name_and_every_name_is_safe() -> None:
    names = [export.file_name("../a model.h5") for export in EXPORTS]
    assert len(set(names)) == len(names)
    assert names[0] == "a_model.h5_report.html"
    assert {"a_model.h5_patterns.zip", "a_model.h5_figure.pdf", "a_model.h5_figure.svg"} < set(names)
    assert all(name.startswith("a_model.h5_") for name in names)


def run_in(archive: bytes) -> dict[str, object]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        run: dict[str, object] = json.loads(opened.read("run.json"))
        return run


def test_the_tiles_of_either_network_are_one_archive_each() -> None:
    (tiles,) = [export for export in EXPORTS if export.label_of_other]
    one = report_data()
    # Two of my layers may stand beside the same layer of the other network.
    data = replace(one, rows=[one.rows[0], Row(one.rows[1].mine, one.rows[0].its)])
    mine, its = run_in(tiles.make(data)), run_in(tiles.make(data.others))
    assert mine["model"] == data.models[0]
    assert its["model"] == data.models[1]
    assert [item["layer"] for item in mine["walls"]] == ["conv2d_1", "conv2d_2"]  # type: ignore[attr-defined]
    assert [item["layer"] for item in its["walls"]] == ["block1_conv1"]  # type: ignore[attr-defined]
    assert len(its["tiles"]) == len(wall().patterns)  # type: ignore[arg-type]
