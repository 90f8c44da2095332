"""The content of an export."""

from __future__ import annotations

from dataclasses import replace

from filterviz.export.document import licences
from tests.export.documents import report_data, wall


def test_a_label_is_harmless_and_bounded() -> None:
    labelled = replace(wall(), labels=("a\u202eb", "x" * 500))
    assert labelled.label(0) == "a\N{REPLACEMENT CHARACTER}b"
    assert len(labelled.label(1)) == 80
    assert len(labelled.label(1, 12)) == 12
    assert labelled.label(2) == ""


def test_the_other_network_alone() -> None:
    data = report_data()
    others = data.others
    assert [[item.side for item in row.walls] for row in others.rows] == [["VGG16"]], "the second row has one wall"
    assert [model["name"] for model in others.models] == ["VGG16"]
    assert others.others.rows == []


def test_a_network_beside_itself_is_described_once() -> None:
    data = report_data()
    assert list(replace(data, models=data.models[:1]).others.models) == [data.models[0]]


def test_only_vgg16_asks_for_an_attribution() -> None:
    assert licences([{"architecture": None}, {}]) == []
    assert licences([{"architecture": "vgg16"}], str.upper) == [licences([{"architecture": "vgg16"}])[0].upper()]
