"""Small pieces of the page. Every text in them is escaped by the templates of ``blocks.html``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.imaging import kernel_image, png
from filterviz.spec import LayerSpec, Pattern
from filterviz.ui.i18n import _, language
from filterviz.ui.images import inline
from filterviz.ui.templates import render
from filterviz.ui.text import networks, problems, quantities

Option = TypeVar("Option")

MOST_ROWS = 400
"""The most rows of a table of layers."""


def style() -> None:
    """The page's own style sheet."""
    st.html(Path(__file__).with_name("style.css"))


def title(name: str, sentence: str) -> None:
    """The page's name, and what it is for."""
    _html("title", name, sentence)


def line(words: str) -> None:
    """The one line that says what a model is."""
    _html("line", words)


def quiet(words: str) -> None:
    """A remark in small type."""
    _html("quiet", words)


def words(sentence: str) -> None:
    """A paragraph to be read."""
    _html("words", sentence)


def heading(sentence: str) -> None:
    """The heading of a part of the page."""
    _html("heading", sentence)


def bullets(sentences: Sequence[str]) -> None:
    """Sentences, one below the other."""
    _html("bullets", sentences)


def side(name: str) -> None:
    """The network of a wall, where a field to choose the layer stands in place of the layer's name."""
    _html("side", name)


def head(side: str, name: str, about: str, whole: str = "") -> None:
    """The head of a wall: the network, the layer, and what the layer is.

    Args:
        side: The network.
        name: The layer.
        about: What the layer is.
        whole: The layer's whole name, where it is longer.
    """
    _html("head", side, name, about, whole or name)


def problem(error: FiltervizError, *, note: bool = False) -> None:
    """What went wrong, and what to do next."""
    sentences, detail = problems.problem(error)
    box(*sentences, detail=detail, note=note)


def box(*sentences: str, detail: str = "", note: bool = False) -> None:
    """Sentences that must be read, or, as a note, may be; and a detail in English, folded."""
    _html("box", [words for words in sentences if words], note, detail, _("In detail, in English"))


def remarks(sentences: Sequence[str]) -> None:
    """English sentences about a network; folded where the page is not in English."""
    if language() == "en":
        for sentence in sentences:
            quiet(sentence)
    elif sentences:
        box(detail=" ".join(sentences), note=True)


def numbers(rows: Mapping[str, str]) -> None:
    """Names with their values."""
    _html("numbers", rows)


def end_mark(run: str) -> None:
    """Something invisible that says that the page has arrived; see :mod:`filterviz.ui.components.render_guard`."""
    _html("end_mark", run)


def layers(specs: Sequence[LayerSpec]) -> None:
    """A table of a network's layers, with the reason where one cannot be shown."""
    heads = (_("Layer"), _("Kind"), _("Filters"), _("Output"), _("Sees"), _("Why not"))
    rest = len(specs) - MOST_ROWS
    left_out = _("and {number} more").format(number=rest) if rest > 0 else ""
    rows = [
        (
            spec,
            quantities.image_size(spec.output_shape[1:]) if spec.output_shape else "",
            networks.seen(spec),
            problems.reason(spec),
        )
        for spec in specs[:MOST_ROWS]
    ]
    _html("layers", heads, rows, left_out)


def _html(macro: str, *values: object) -> None:
    st.html(render("blocks.html", macro, *values))


@dataclass(frozen=True, slots=True)
class Image:
    """An image on the page.

    Attributes:
        link: Where it is, as :mod:`filterviz.ui.images` gives it.
        alternative: What it shows, for those who do not see it.
        caption: What stands below it.
    """

    link: str
    alternative: str
    caption: str = ""


def images(found: Sequence[Image], width: int | None = None) -> None:
    """Images beside each other, each so many pixels wide or together as wide as there is room.

    Streamlit would keep the bytes of its own images for as long as the page shows them and not a moment longer: a
    browser that comes late, because the page was closed or turned in the meantime, would ask in vain.
    """
    _html("images", [(image, _below(image.link)) for image in found], width)


def _below(link: str) -> str:
    """A link to something below the address of the page, which may end in a name or in a slash."""
    if link.startswith("data:"):
        return link
    return f"{urlsplit(st.context.url or '').path.rstrip('/')}/{link}"


def weights(pattern: Pattern, width: int) -> None:
    """The kernel of a filter of a first layer as an image, so many pixels wide; nothing for any other filter."""
    if pattern.kernel is not None:
        link = inline(png.encode(kernel_image.kernel_image(pattern.kernel)), "image/png")
        images([Image(link, _("The weights of filter {filter}").format(filter=pattern.filter))], width)


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
        label: What is chosen.
        options: What there is to choose from.
        chosen: The option that is pressed until another is.
        called: Gives the words on a button.
        key: Key of the widget.
        named: Whether the label can be seen; it is read out in any case.
        more: An explanation, behind a question mark.
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
