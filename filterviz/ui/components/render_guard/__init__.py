"""Has all of the page arrived? A Streamlit component (Components v2) that asks for the page again where it has not.

When a fragment's turn is asked for in the moment in which the page as a whole has just been drawn, Streamlit may throw
away what it had not sent of it yet, and take the page for drawn. On a server that is quick this hardly happens. With
five people opening the page at once on two cores, one of them looked at a page without a single picture, for good.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


def begin() -> str:
    """To be called before anything else is drawn.

    Returns:
        What this drawing of the page is called, for :func:`end`.
    """
    run = uuid.uuid4().hex
    with st.container(key="whole"):
        _WHOLE(data={"run": run}, key="whole-begin", on_again_change=_nothing)
    return run


def end(run: str) -> None:
    """To be called after everything else is drawn.

    Args:
        run: from :func:`begin`.
    """
    st.html(f'<span class="fv-end" data-run="{run}"></span>')


def _nothing() -> None:
    """A trigger needs somebody to call; that the page is drawn again is all that is wanted."""


_WHOLE = st.components.v2.component("filterviz_whole", js=(HERE / "whole.js").read_text(encoding="utf-8"))
