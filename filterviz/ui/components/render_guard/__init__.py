"""A Streamlit component (Components v2) that asks for the page again where not all of it has arrived.

When a fragment's turn is asked for in the moment in which the page as a whole has just been drawn, Streamlit may throw
away what it had not sent of it yet, and take the page for drawn. On a fast server this hardly ever happens. With five
people opening the page at once on two cores, one of them was left with a page without a single image.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import streamlit as st

from filterviz.ui import blocks

HERE = Path(__file__).parent


def begin() -> str:
    """Begin to watch; to be called before anything else is drawn.

    Returns:
        A name for this drawing of the page, for :func:`end`.
    """
    run = new_name()
    with st.container(key="render-guard"):
        # That the trigger draws the page again is all that is wanted of it.
        _RENDER_GUARD(data={"run": run}, key="render-guard-begin", on_again_change=lambda: None)
    return run


def new_name() -> str:
    """A name for a drawing of the page or of a part of it, which no other has."""
    return uuid.uuid4().hex


def end(run: str) -> None:
    """Mark the end; to be called after everything else is drawn.

    Args:
        run: The name from :func:`begin`.
    """
    blocks.end_mark(run)


_RENDER_GUARD = st.components.v2.component(
    "filterviz_render_guard", js=(HERE / "render_guard.js").read_text(encoding="utf-8")
)
