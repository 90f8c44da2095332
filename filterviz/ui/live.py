"""Parts of the page that are drawn again on their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Arguments = ParamSpec("Arguments")


def live(
    draw: Callable[Arguments, None],
    room: DeltaGenerator,
    every: float | None,
    /,
    *values: Arguments.args,
    **named: Arguments.kwargs,
) -> None:
    """Draw a part of the page: again every so often, and by itself when it is touched.

    It needs a container of its own. When the server is slow, Streamlit drops what the page as a whole sent for a
    fragment if the fragment's next turn is due, which will send it again. In the browser whatever stood behind it has
    then moved up into its position, and is overwritten by that turn. In its own container nothing stands behind it.

    Args:
        draw: Draws the part.
        room: The container; nothing else may stand in it.
        every: Seconds between two turns; ``None`` to draw the part only when it is touched.
        values: Arguments of ``draw``.
        named: Arguments of ``draw`` by name.
    """
    with room:
        st.fragment(draw, run_every=every)(*values, **named)
