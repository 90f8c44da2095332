from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz.export.paper_figure import Kind, figure
from tests.export.documents import report_data

SVG = "{http://www.w3.org/2000/svg}"


def test_an_svg_holds_every_tile_and_its_words_as_text() -> None:
    drawn = ET.fromstring(figure(report_data(), "svg"))
    assert len(list(drawn.iter(f"{SVG}image"))) == 3, "one image for each wall"
    words = ["".join(item.itertext()) for item in drawn.iter(f"{SVG}text")]
    assert "cats.h5: conv2d_1 (sees 7 px)" in words
    assert "VGG16: block1_conv1 (sees 7 px)" in words
    assert words.count("1 never active") == 3
    assert any("natural, 4 steps" in item for item in words)


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_the_same_figure_is_the_same_file(kind: Kind) -> None:
    drawn = figure(report_data(), kind)
    assert drawn == figure(report_data(), kind)
    assert drawn.startswith(b"%PDF-" if kind == "pdf" else b"<?xml")


@settings(max_examples=8, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_name_can_be_drawn(name: str) -> None:
    ET.fromstring(figure(report_data(name, side=name), "svg"))


def test_names_are_neither_formulas_nor_in_the_way() -> None:
    drawn = ET.fromstring(figure(report_data("$x^2$ 卷积", side="a $ b"), "svg"))
    words = ["".join(item.itertext()) for item in drawn.iter(f"{SVG}text")]
    assert "a $ b: $x^2$ 卷积 (sees 7 px)" in words
