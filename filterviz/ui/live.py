"""Parts of the page that are drawn again on their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

What = ParamSpec("What")


def live(
    draw: Callable[What, None], room: DeltaGenerator, every: float | None, /, *what: What.args, **named: What.kwargs
) -> None:
    """Draw a part of the page: again every so often, and by itself when it is touched.

    It needs a container of its own. When the server is slow, Streamlit drops what the page as a whole sent for a
    fragment if the fragment's next turn is due, which will send it again. In the browser whatever stood behind it has
    then moved up into its place, and is overwritten by that turn. In its own container nothing stands behind it.

    Args:
        draw: what draws it.
        room: the container; nothing else may stand in it.
        every: seconds between two turns; ``None`` to draw it only when it is touched.
        what: for ``draw``.
        named: for ``draw``.
    """
    with room:
        st.fragment(draw, run_every=every)(*what, **named)
