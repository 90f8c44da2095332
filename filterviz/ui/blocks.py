"""Small pieces of the page in HTML. Every text that goes in is escaped here or built from numbers and our own words."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.imaging import kernel_image, png
from filterviz.spec import LayerSpec, Pattern
from filterviz.ui import text
from filterviz.ui.i18n import _
from filterviz.ui.text import escaped, picture_size, plain

Option = TypeVar("Option")

LONGEST_SENTENCE = 2000

MOST_ROWS = 400
"""Of the table of layers."""

CURVE_WIDTH = 320
"""Of a curve, in its own units: it is drawn as wide as its place."""


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
        f"<td>{html.escape(text.seen(spec))}</td>"
        f"<td>{'' if spec.visualisable else escaped(spec.reason or '', 200)}</td></tr>"
        for spec in specs[:MOST_ROWS]
        for shape in (spec.output_shape,)
    )
    rest = len(specs) - MOST_ROWS
    left_out = html.escape(_("and {number} more").format(number=rest))
    more = f'<p class="fv-quiet">{left_out}</p>' if rest > 0 else ""
    heads = (_("Layer"), _("Kind"), _("Filters"), _("Output"), _("Sees"), _("Why not"))
    names = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in heads)
    st.html(f'<div class="fv-table"><table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>{more}</div>')


def numbers(rows: Mapping[str, str]) -> None:
    """Names with their values."""
    pairs = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows.items())
    st.html(f'<dl class="fv-numbers">{pairs}</dl>')


def curve(
    values: Sequence[float],
    name: str,
    *,
    height: int,
    least: float | None = None,
    most: float | None = None,
    mark: int | None = None,
) -> None:
    """A line through values, from left to right.

    Args:
        values: evenly spaced; what is not finite is left out, and nothing is drawn of fewer than two.
        name: what it shows.
        height: of a box :data:`CURVE_WIDTH` wide.
        least: at the bottom; the smallest value where nothing is given. What lies beyond is drawn at the border.
        most: at the top; the largest value likewise.
        mark: which of the values to mark, if any.
    """
    points = curve_points(values, height, least, most)
    if points:
        line_through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points.values())
        dot = ""
        if mark in points:
            dot = f'<circle cx="{points[mark][0]:.1f}" cy="{points[mark][1]:.1f}" r="4" fill="#6f7ff0"/>'
        # A picture of its own cannot know the theme; this colour is readable on both.
        st.image(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {CURVE_WIDTH + 8} {height + 8}">'
            f'<path d="M0 {height}H{CURVE_WIDTH}" stroke="#8a8f9c"/>'
            f'<polyline points="{line_through}" fill="none" stroke="#6f7ff0" stroke-width="2"/>{dot}</svg>',
            caption=name,
            width="stretch",
            alt=name,
        )


def curve_points(
    values: Sequence[float], height: int, least: float | None = None, most: float | None = None
) -> dict[int, tuple[float, float]]:
    """Where in the box of :func:`curve` the values lie, by their places; the largest has the smallest second number.

    Example:
        >>> curve_points([0.0, math.nan, 2.0], 70)
        {0: (0.0, 70.0), 2: (320.0, 0.0)}
    """
    finite = {place: value for place, value in enumerate(values) if math.isfinite(value)}
    if len(finite) < 2:
        return {}
    low = min(finite.values()) if least is None else least
    high = max(finite.values()) if most is None else most
    last = len(values) - 1
    span = (high - low) or 1.0
    return {
        place: (CURVE_WIDTH * place / last, height * (1 - min(1.0, max(0.0, (value - low) / span))))
        for place, value in finite.items()
    }


def weights(pattern: Pattern, width: int) -> None:
    """The kernel of a filter of a first layer as a picture, so many pixels wide; nothing for any other filter."""
    if pattern.kernel is not None:
        st.image(
            png.encode(kernel_image.kernel_image(pattern.kernel)),
            width=width,
            alt=_("The weights of filter {filter}").format(filter=pattern.filter),
            output_format="PNG",
        )


def choice(
    label: str,
    options: Sequence[Option],
    chosen: Option,
    called: Callable[[Option], str],
    *,
    key: str,
    named: bool = True,
    more: str | None = None,
) -> Option:
    """A row of buttons of which one is pressed.

    Args:
        label: what is chosen.
        options: among which.
        chosen: the one that is pressed until another is.
        called: what stands on each.
        key: of the widget.
        named: whether the label is seen; it is read out in any case.
        more: about it, behind a question mark.
    """
    visibility: Literal["visible", "collapsed"] = "visible" if named else "collapsed"
    now = st.segmented_control(
        label,
        options,
        default=chosen,
        required=True,
        format_func=called,
        key=key,
        label_visibility=visibility,
        help=more,
    )
    return chosen if now is None else now


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
