"""Small pieces of the page in HTML. Every text that goes in is escaped here or built from numbers and our own words."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.spec import LayerSpec
from filterviz.ui import text
from filterviz.ui.i18n import _
from filterviz.ui.text import escaped, picture_size, plain

LONGEST_SENTENCE = 2000

MOST_ROWS = 400
"""Of the table of layers."""


def style() -> None:
    """The page's own style sheet."""
    st.html(f"<style>{_css()}</style>")


@cache
def _css() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def title(name: str, sentence: str) -> None:
    """The page's name, and what it is for."""
    st.html(f'<div class="fv-title"><h1>{html.escape(name)}</h1><p>{html.escape(sentence)}</p></div>')


def line(words: str) -> None:
    """The one line that says what a model is."""
    st.html(f'<div class="fv-model">{html.escape(words)}</div>')


def quiet(words: str) -> None:
    """Something worth knowing, not worth shouting."""
    st.html(f'<p class="fv-quiet">{html.escape(words)}</p>')


def head(side: str, name: str, about: str) -> None:
    """The head of a wall: whose it is, which layer, what that is."""
    st.html(
        f'<div class="fv-head"><div class="fv-side">{html.escape(side)}</div>'
        f'<h2>{html.escape(plain(name))}</h2><p class="fv-quiet">{html.escape(about)}</p></div>'
    )


def problem(error: FiltervizError, *, note: bool = False) -> None:
    """What went wrong, and what to do next."""
    box(*text.problem(error), note=note)


def box(sentence: str, hint: str = "", *, note: bool = False) -> None:
    """A sentence that must be read, or, as a note, may be."""
    kind = '"fv-box fv-note"' if note else '"fv-box" role="alert"'
    parts = [f"<p>{html.escape(plain(words, LONGEST_SENTENCE))}</p>" for words in (sentence, hint) if words]
    st.html(f"<div class={kind}>{''.join(parts)}</div>")


def layers(specs: Sequence[LayerSpec]) -> None:
    """A table of a network's layers, with the reason where one cannot be shown."""
    rows = "".join(
        f"<tr{'' if spec.visualisable else ' class=fv-not'}><td>{escaped(spec.name)}</td><td>{escaped(spec.kind)}</td>"
        f"<td>{spec.channels or ''}</td><td>{'' if shape is None else picture_size(shape[1:])}</td>"
        f"<td>{f'{spec.receptive_field} px' if spec.receptive_field else ''}</td>"
        f"<td>{'' if spec.visualisable else escaped(spec.reason or '', 200)}</td></tr>"
        for spec in specs[:MOST_ROWS]
        for shape in (spec.output_shape,)
    )
    rest = len(specs) - MOST_ROWS
    more = f'<p class="fv-quiet">{html.escape(_("and {number} more").format(number=rest))}</p>' if rest > 0 else ""
    heads = (_("Layer"), _("Kind"), _("Filters"), _("Output"), _("Sees"), _("Why not"))
    names = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in heads)
    st.html(f'<div class="fv-table"><table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>{more}</div>')


def numbers(rows: Mapping[str, str]) -> None:
    """Names with their values."""
    pairs = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows.items())
    st.html(f'<dl class="fv-numbers">{pairs}</dl>')


def curve(points: Sequence[tuple[float, float]], name: str, size: tuple[int, int], mark: int | None = None) -> None:
    """A line through points, in a box of the given width and height.

    Args:
        points: from left to right; the highest value has the smallest second number.
        name: what it shows.
        size: width and height of the box.
        mark: which of the points to mark, if any.
    """
    if points:
        line_through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dot = ""
        if mark is not None and mark < len(points):
            dot = f'<circle cx="{points[mark][0]:.1f}" cy="{points[mark][1]:.1f}" r="4" fill="#6f7ff0"/>'
        # A picture of its own cannot know the theme; this colour is readable on both.
        st.image(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {size[0] + 8} {size[1] + 8}">'
            f'<path d="M0 {size[1]}H{size[0]}" stroke="#8a8f9c"/>'
            f'<polyline points="{line_through}" fill="none" stroke="#6f7ff0" stroke-width="2"/>{dot}</svg>',
            caption=name,
            width="stretch",
            alt=name,
        )


def words(sentence: str) -> None:
    """A paragraph to be read."""
    st.html(f'<p class="fv-words">{html.escape(sentence)}</p>')


def heading(sentence: str) -> None:
    """The head of a part of the page."""
    st.html(f'<h2 class="fv-heading">{html.escape(sentence)}</h2>')


def bullets(sentences: Sequence[str]) -> None:
    """Sentences, one below the other."""
    st.html(f'<ul class="fv-words">{"".join(f"<li>{html.escape(item)}</li>" for item in sentences)}</ul>')


def side(name: str) -> None:
    """Whose wall it is, where a field to choose the layer stands in place of the layer's name."""
    st.html(f'<div class="fv-side">{html.escape(name)}</div>')
