"""A wall on the page: the tiles of one layer, each a button that opens it large."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from filterviz.errors import FiltervizError
from filterviz.gallery import export, png, sheet
from filterviz.jobs import LayerState, Status
from filterviz.spec import Pattern, Request
from filterviz.studio import Model
from filterviz.ui import blocks, text
from filterviz.ui.desk import Desk

POLL_SECONDS = 0.5

DETAIL = "detail"
"""Where the session remembers which tile is open: a wall's key and a filter."""

_EMPTY = np.full((1, 1, 3), 128, np.uint8)


@dataclass(frozen=True, slots=True)
class Wall:
    """One layer of one model, on the page.

    Attributes:
        model: whose layer.
        request: what was asked of it.
        visitor: who looks.
        side: what to call the model in a sentence.
        row: where on the page; two layers may have the same layer beside them.
    """

    model: Model
    request: Request
    visitor: str
    side: str
    row: int = 0

    @property
    def key(self) -> str:
        """Unlike that of any other wall; made of nothing but letters and digits."""
        return hashlib.sha256(f"{self.row} {self.side} {self.model.identity} {self.request}".encode()).hexdigest()[:16]

    def look(self, desk: Desk) -> LayerState:
        """How it stands."""
        found = desk.look(self.model, self.request, self.visitor)
        return LayerState(self.request) if found is None else found[0]

    def error(self, desk: Desk) -> FiltervizError | None:
        """Why it failed, if it did."""
        found = desk.look(self.model, self.request, self.visitor)
        return None if found is None or found[0].status is not Status.FAILED else found[1]

    def begun(self, desk: Desk) -> bool:
        """Whether there is something to see, or never will be."""
        state = self.look(desk)
        return bool(state.patterns or state.previews) or state.status not in (Status.WAITING, Status.RUNNING)


def show(desk: Desk, wall: Wall) -> None:
    """The tiles and what to say about them, fresh every half second while they are being made."""
    running = wall.look(desk).status is Status.RUNNING
    st.fragment(_tiles, run_every=POLL_SECONDS if running else None)(desk, wall)


def _tiles(desk: Desk, wall: Wall) -> None:
    state = wall.look(desk)
    rows, _ = sheet.shape(len(state.wanted))
    with st.container(key=f"wall-r{rows}-{wall.key}"):
        for filter_ in state.wanted:
            pattern = state.patterns.get(filter_)
            picture = _data_uri(pattern) if pattern else _uri(state.previews.get(filter_, _EMPTY))
            alternative = text.tile_alternative(filter_, pattern, begun=filter_ in state.previews)
            pressed = st.button(
                f"![{alternative}]({picture}) {text.tile_label(filter_, pattern)}",
                key=f"tile-{wall.key}-{filter_}",
                type="tertiary",
                disabled=pattern is None,
            )
            if pressed:
                st.session_state[DETAIL] = (wall.key, filter_)
                st.rerun()
    if state.status is not Status.WAITING:
        blocks.quiet(text.summary(state))
    if state.patterns:
        st.download_button(
            "Save picture",
            data=lambda: export.wall_of(state.request, state.patterns) or b"",
            file_name=export.wall_name(state.request.layer),
            mime="image/png",
            key=f"save-{wall.key}",
            on_click="ignore",
            icon=":material/download:",
        )


@lru_cache(maxsize=512)
def _data_uri(pattern: Pattern) -> str:
    """A finished tile as a link. Patterns are compared by identity, and a wall keeps its own."""
    return _uri(pattern.tile)


def _uri(tile: NDArray[np.uint8]) -> str:
    return f"data:image/png;base64,{base64.b64encode(png.encode(tile)).decode()}"
