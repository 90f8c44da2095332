"""What a visitor can take away: all tiles with their numbers, a figure for a paper, a report that opens offline."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from filterviz.gallery import export
from filterviz.gallery.names import slug
from filterviz.ui.desk import Desk
from filterviz.ui.i18n import _
from filterviz.ui.wall import Wall


def offer(desk: Desk, pairs: Sequence[tuple[Wall, Wall | None]]) -> None:
    """The buttons; each makes its file when it is pressed.

    Args:
        desk: where the work is done.
        pairs: the walls of the page, each with the one beside it.
    """
    mine = [pair[0] for pair in pairs]
    others = list({item.request: item for _one, item in pairs if item is not None}.values())
    with st.container(key="takeaway", horizontal=True):
        _zip(desk, mine, _("Save your tiles (.zip)"))
        if others:
            _zip(desk, others, _("Save the tiles of {side} (.zip)").format(side=others[0].side))


def _zip(desk: Desk, walls: Sequence[Wall], label: str) -> None:
    """All finished tiles with their numbers."""
    results = [(item.request, item.look(desk).patterns) for item in walls]
    model = walls[0].model
    if any(patterns for _request, patterns in results):
        st.download_button(
            label,
            data=lambda: export.run_zip(model.describe(), results),
            file_name=f"{slug(model.name)}_patterns.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
        )
