"""Whatever stands in a value, the page's HTML has no more elements than its templates."""

from __future__ import annotations

from html.parser import HTMLParser

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.spec import LayerSpec
from filterviz.spec.names import LONGEST_NAME, plain
from filterviz.ui.blocks import Image
from filterviz.ui.templates import render

HOSTILE = '<img src=x onerror="alert(1)"><script>\'\u202e\u2028'


class Elements(HTMLParser):
    """The elements of some HTML with their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _value in attrs)))


def of_all_macros(text: str) -> dict[str, str]:
    values: dict[str, tuple[object, ...]] = {
        "title": (text, text),
        "line": (text,),
        "quiet": (text,),
        "words": (text,),
        "heading": (text,),
        "side": (text,),
        "head": (text, text, text, text),
        "box": ([text, text], False, text, "In detail"),
        "images": ([(Image(text, text, text), text)], 88),
        "bullets": ([text, text],),
        "numbers": ({text: text},),
        "layers": ([text], [(LayerSpec(text, text), text, text, text)], "and 3 more"),
        "end_mark": (text,),
    }
    return {macro: render("blocks.html", macro, *values[macro]) for macro in values}


@given(st.text(max_size=100))
def test_no_text_becomes_an_element(text: str) -> None:
    benign = of_all_macros("benign")
    for macro, source in of_all_macros(text or "something").items():
        assert Elements(source).found == Elements(benign[macro]).found, macro


@pytest.mark.parametrize("macro", ["quiet", "box"])
def test_a_sentence_with_a_name_in_it_cannot_turn_its_line_around(macro: str) -> None:
    source = of_all_macros(HOSTILE)[macro]
    assert "<img" not in source
    assert not set(source) & set("\u202e\u2028")


def test_the_names_in_the_table_of_layers_cannot_turn_their_line_around() -> None:
    source = of_all_macros(HOSTILE)["layers"]
    cells = source.split("<td>")
    assert len(cells) == 7
    assert [bool(set(cell) & set("\u202e\u2028")) for cell in (cells[1], cells[2], cells[6])] == [False] * 3


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises((jinja2.UndefinedError, TypeError)):
        render("blocks.html", "title", "name")


@given(st.text(max_size=200))
def test_a_name_can_neither_leave_its_tag_nor_turn_the_text_around(name: str) -> None:
    title, _, safe = render("blocks.html", "head", "", name, "", name).partition('<h2 title="')[2].partition('">')
    safe = safe.partition("</h2>")[0]
    assert title == safe
    assert not set(safe) & set("<>\"'")
    assert not set(plain(name)) & set("\u202e\u202d\u2066\u200b\u200f\n\r\t\0\x1b\ud800\ufeff\u2028")
    assert len(plain(name)) <= LONGEST_NAME
