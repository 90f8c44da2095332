"""Small pieces of the page in HTML. Every text that goes in is escaped here or built from numbers and our own words."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from filterviz.errors import FiltervizError, Refused
from filterviz.ui.text import plain

LONGEST_SENTENCE = 2000


def style() -> None:
    """The page's own style sheet."""
    st.html(f"<style>{_css()}</style>")


@cache
def _css() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def title(name: str, sentence: str) -> None:
    """The page's name, and what it is for."""
    st.html(f'<div class="fv-title"><h1>{html.escape(name)}</h1><p>{html.escape(sentence)}</p></div>')


def line(text: str) -> None:
    """The one line that says what a model is."""
    st.html(f'<div class="fv-model">{html.escape(text)}</div>')


def quiet(text: str) -> None:
    """Something worth knowing, not worth shouting."""
    st.html(f'<p class="fv-quiet">{html.escape(text)}</p>')


def head(side: str, name: str, about: str) -> None:
    """The head of a wall: whose it is, which layer, what that is."""
    st.html(
        f'<div class="fv-head"><div class="fv-side">{html.escape(side)}</div>'
        f'<h2>{html.escape(plain(name))}</h2><p class="fv-quiet">{html.escape(about)}</p></div>'
    )


def problem(error: FiltervizError) -> None:
    """What went wrong, and what to do next."""
    if isinstance(error, Refused):
        box(error.what, error.hint)
    else:
        box(str(error))


def box(sentence: str, hint: str = "", *, note: bool = False) -> None:
    """A sentence that must be read, or, as a note, may be."""
    kind = '"fv-box fv-note"' if note else '"fv-box" role="alert"'
    parts = [f"<p>{html.escape(plain(text, LONGEST_SENTENCE))}</p>" for text in (sentence, hint) if text]
    st.html(f"<div class={kind}>{''.join(parts)}</div>")


def numbers(rows: Mapping[str, str]) -> None:
    """Names with their values."""
    pairs = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows.items())
    st.html(f'<dl class="fv-numbers">{pairs}</dl>')


def curve(points: Sequence[tuple[float, float]], name: str, size: tuple[int, int]) -> None:
    """A line through points, in a box of the given width and height."""
    if points:
        line_through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        st.html(
            f'<svg class="fv-curve" viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{html.escape(name)}">'
            f'<line x1="0" y1="{size[1]}" x2="{size[0]}" y2="{size[1]}" stroke="currentColor" opacity="0.3"/>'
            f'<polyline points="{line_through}" fill="none" stroke="currentColor" stroke-width="2"/></svg>'
            f'<p class="fv-quiet">{html.escape(name)}</p>'
        )


def side(name: str) -> None:
    """Whose wall it is, where a field to choose the layer stands in place of the layer's name."""
    st.html(f'<div class="fv-side">{html.escape(name)}</div>')
