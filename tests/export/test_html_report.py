from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz.export.document import Row, licences
from filterviz.export.html_report import POLICY, report
from filterviz.imaging import png
from filterviz.spec.names import plain
from tests.export.documents import report_data, wall


class Reader(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_finished_tile_is_in_it_and_exact() -> None:
    shown = report_data()
    page = Reader(report(shown))
    walls = [wall for row in shown.rows for wall in row.walls]
    tiles = [
        wall.patterns[channel].tile for wall in walls for channel in wall.request.filters if channel in wall.patterns
    ]
    pictures = [str(picture["src"]).removeprefix("data:image/png;base64,") for picture in page.named("img")]
    assert len(pictures) == len(tiles) == 6 + 6 + 22
    for picture, tile in zip(pictures, tiles, strict=True):
        assert (png.decode(base64.b64decode(picture)) == tile).all()
    assert all(picture["alt"] for picture in page.named("img"))
    assert len([figure for figure in page.named("figure") if figure.get("class") == "missing"]) == 3
    assert "never active" in page.words
    for said in ("A remark.", "VGG16: CC BY 4.0.", "2.1.6", "150x150x3", "14,714,688", "natural: 4 steps"):
        assert said in page.words


def test_a_gate_is_said_beside_how_far_a_layer_sees() -> None:
    shown = report_data()
    wall = shown.rows[1].walls[0]
    gated = replace(wall, layer=replace(wall.layer, gated=True))
    words = Reader(report(replace(shown, rows=[shown.rows[0], Row(gated)]))).words
    assert words.count("sees 7 pixels across") == 3
    assert words.count("sees 7 pixels across; a gate over the whole image weighs its channels") == 1


def test_three_walls_stand_beside_each_other_and_the_export_of_the_other_is_of_the_second() -> None:
    shown = report_data()
    third = wall("VGG16 too", "block2_conv1")
    three = replace(shown, rows=[replace(shown.rows[0], third=third)], models=[*shown.models, {"name": "VGG16 too"}])
    assert "VGG16 too: block2_conv1" in Reader(report(three)).words
    assert [row.mine.side for row in three.others.rows] == ["VGG16"]
    assert [model["name"] for model in three.others.models] == ["VGG16"]


def test_it_fetches_nothing_and_runs_nothing() -> None:
    page = Reader(report(report_data()))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "form", "base"})
    assert page.named("meta")[1]["content"] == POLICY
    for _tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert all(attributes.get(name, "data:").startswith("data:") for name in ("src", "href"))  # type: ignore[union-attr]


@settings(deadline=None)  # a whole report each time
@given(st.text(max_size=60))
def test_no_name_can_leave_its_place(name: str) -> None:
    known = {tag for tag, _ in Reader(report(report_data())).tags}
    page = Reader(report(report_data(name, side=name, remark=name)))
    assert {tag for tag, _ in page.tags} <= known
    assert len(page.named("img")) == 34


@settings(deadline=None)  # a whole report each time
@given(st.text(min_size=1, max_size=60))
def test_a_class_stands_beside_its_units_number_and_stays_there(label: str) -> None:
    one = report_data()
    known = {tag for tag, _ in Reader(report(one)).tags}
    row = one.rows[0]
    page = Reader(report(replace(one, rows=[replace(row, mine=replace(row.mine, labels=(label, "Cat")))])))
    assert {tag for tag, _ in page.tags} <= known
    assert "1 · Cat · never active" in page.words
    assert f"0 · {plain(label)}" in page.words
    assert page.named("img")[0]["alt"] == f"Pattern of filter 0 ({plain(label)})"
    assert page.named("img")[2]["alt"] == "Pattern of filter 2", "a label for each of the first two alone"


def test_another_language() -> None:
    page = report(replace(report_data(), say=lambda phrase: phrase.replace("never active", "schweigt"), language="de"))
    assert b'<html lang="de">' in page
    assert "schweigt" in Reader(page).words


def test_several_pictures_in_a_tile_are_said_to_be_several() -> None:
    one = report_data()
    wall = one.rows[0].mine
    request = replace(wall.request, recipe=replace(wall.request.recipe, pictures=4))
    several = replace(one, rows=[replace(one.rows[0], mine=replace(wall, request=request))])
    assert "Each tile holds 4 different images." in Reader(report(several)).words
    assert "different images" not in Reader(report(one)).words


def test_whose_weights_they_are_is_said() -> None:
    assert licences([{"architecture": None}]) == []
    assert "CC BY 4.0" in licences([{"architecture": None}, {"architecture": "vgg16"}])[0]
