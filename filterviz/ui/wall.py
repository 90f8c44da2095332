"""A wall on the page: the tiles of one layer, how far they are, and what can be said about them."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from filterviz.analysis import seriation, similarity
from filterviz.errors import FiltervizError
from filterviz.export import run_folder
from filterviz.imaging import contact_sheet
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.service.server import Server
from filterviz.spec import Flag, LayerSpec, Pattern, Request
from filterviz.ui import blocks, text
from filterviz.ui.components import tiles
from filterviz.ui.i18n import _
from filterviz.ui.live import live

POLL_SECONDS = 0.5

DETAIL = "detail"
"""Where the session remembers which tile is open: a wall's key and a filter."""

_NEAR = "near"
"""Where the session remembers of which walls relatives were wanted."""

RELATIVES = 3
"""Tiles on the other side that are marked as the most like one that is pointed at."""

_EMPTY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E"


@dataclass(frozen=True, slots=True)
class Wall:
    """One layer of one model, on the page.

    Attributes:
        model: whose layer.
        layer: which.
        request: what was asked of it.
        visitor: who looks.
        side: what to call the model in a sentence.
        row: where on the page; two layers may have the same layer beside them.
        place: 0 on the left, 1 on the right.
        stopped: whether the visitor stopped the work; what others have made of it meanwhile is shown all the same.
        sort: what its tiles are put in order by, see :data:`filterviz.ui.view.SORTS`.
    """

    model: Model
    layer: LayerSpec
    request: Request
    visitor: str
    side: str
    row: int = 0
    place: int = 0
    sort: str = ""
    stopped: bool = False

    @property
    def key(self) -> str:
        """Unlike that of any other wall; made of nothing but letters and digits."""
        parts = f"{self.row} {self.place} {self.side} {self.model.identity} {self.request}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def look(self, desk: Server) -> LayerState:
        """How it stands."""
        found = desk.look(self.model, self.request, self.visitor)
        if found is None:
            return LayerState(self.request, Status.STOPPED if self.stopped else Status.WAITING)
        state = found[0]
        return replace(state, status=Status.STOPPED) if self.stopped and not state.status.over else state

    def error(self, desk: Server) -> FiltervizError | None:
        """Why it failed, if it did."""
        found = desk.look(self.model, self.request, self.visitor)
        return None if found is None or found[0].status is not Status.FAILED else found[1]

    def begun(self, desk: Server) -> bool:
        """Whether there is something to see, or never will be."""
        state = self.look(desk)
        return bool(state.patterns or state.previews) or state.status.over


def show(desk: Server, wall: Wall, beside: Wall | None = None) -> None:
    """The tiles and what to say about them, fresh every half second while they are being made.

    Args:
        desk: where the work is done.
        wall: what to show.
        beside: the wall on the other side, among whose tiles the relatives are.
    """
    running = wall.look(desk).status is Status.RUNNING
    live(_tiles, st.container(), POLL_SECONDS if running else None, desk, wall, beside)


def _tiles(desk: Server, wall: Wall, beside: Wall | None) -> None:
    state = wall.look(desk)
    filters = in_order(state, wall.sort)
    others = None if beside is None else beside.look(desk)
    related = others is not None and state.complete and others.complete
    # Found when somebody points at a tile: a page of two hundred would wait most of a second for what nobody asked.
    wanted = st.session_state.get(_NEAR, set())
    known = related and wall.key in wanted
    near = relatives(state, others) if known and others is not None else {}
    rows, _columns = contact_sheet.shape(max(1, len(filters)))
    chosen = tiles.mount(
        [
            tile(state, channel, near.get(channel, ()), text.label_of(wall.model.spec, wall.layer.name, channel))
            for channel in filters
        ],
        rows=rows,
        label=_("Patterns of {layer} of {side}").format(layer=text.plain(wall.layer.name), side=wall.side),
        hint=text.summary(state) if state.status is not Status.WAITING else _("waits for its turn"),
        pair=str(wall.row),
        side=wall.place,
        waiting=state.status is Status.WAITING,
        relatives="known" if known else "possible" if related else "none",
        key=f"tiles-{wall.key}",
        seen=lambda: desk.prefer(wall.model, wall.request),
        near=lambda: st.session_state.setdefault(_NEAR, set()).add(wall.key),
    )
    if chosen is not None and chosen in state.patterns:
        st.session_state[DETAIL] = (wall.key, chosen)
        st.rerun()
    if state.patterns:
        if lesson := text.lesson(wall.layer, state):
            blocks.quiet(lesson)
        st.download_button(
            _("Save picture"),
            data=lambda: run_folder.wall_of(state.request, state.patterns) or b"",
            file_name=run_folder.wall_name(state.request.layer),
            mime="image/png",
            key=f"save-{wall.key}",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
        )


def tile(state: LayerState, channel: int, near: tuple[int, ...] = (), name: str = "") -> tiles.Tile:
    """One tile of a wall, as the browser gets it.

    Args:
        state: of the wall.
        channel: its number.
        near: the filters on the other side that look most like it.
        name: what the filter stands for, where that is known.
    """
    pattern = state.patterns.get(channel)
    begun = channel in state.previews
    if pattern is not None:
        picture = _finished(pattern)
    else:
        picture = _link(state.previews[channel], quality=75) if begun else _EMPTY
    return tiles.Tile(
        channel,
        picture,
        text.tile_alternative(channel, pattern, begun=begun, name=name),
        text.tile_mark(pattern, name),
        text.tip(channel, pattern, name),
        "done" if pattern is not None else "begun" if begun else "empty",
        pattern is not None and Flag.SILENT in pattern.flags,
        near,
    )


def in_order(state: LayerState, sort: str) -> list[int]:
    """A wall's filters in the order asked for; those that have no picture yet come last, by number.

    Args:
        state: of the wall.
        sort: see :data:`filterviz.ui.view.SORTS`.
    """
    wanted = list(state.wanted)
    finished = [channel for channel in wanted if channel in state.patterns]
    if sort == "response":
        finished.sort(key=lambda channel: -_response(state.patterns[channel]))
    elif sort == "similarity" and len(finished) == len(wanted):
        places = _likeness_order(tuple(state.patterns[channel] for channel in finished))
        finished = [finished[place] for place in places]
    else:
        return wanted
    return [*finished, *(channel for channel in wanted if channel not in state.patterns)]


def relatives(mine: LayerState, others: LayerState, count: int = RELATIVES) -> dict[int, tuple[int, ...]]:
    """For each filter of a finished wall, those of another finished wall whose pictures look most like its own.

    Args:
        mine: the one wall.
        others: the other.
        count: how many, at most.

    Returns:
        By filter, the nearest first; nothing while one of the walls is unfinished.
    """
    if not (mine.complete and others.complete):
        return {}
    one, two = ([wall.patterns[channel] for channel in wall.wanted] for wall in (mine, others))
    near = _relatives(tuple(one), tuple(two), count)
    return {pattern.filter: tuple(two[place].filter for place in near[at]) for at, pattern in enumerate(one)}


def _response(pattern: Pattern) -> float:
    return pattern.response_end if np.isfinite(pattern.response_end) else -np.inf


# Patterns are compared by identity, and a wall keeps its own, so these remember what is on somebody's page.


@lru_cache(maxsize=4096)
def _descriptor(pattern: Pattern) -> NDArray[np.float32]:
    return similarity.descriptor(pattern.tile)


def _descriptors(patterns: Sequence[Pattern]) -> NDArray[np.float32]:
    return np.stack([_descriptor(pattern) for pattern in patterns])


@lru_cache(maxsize=64)
def _likeness_order(patterns: tuple[Pattern, ...]) -> tuple[int, ...]:
    if not patterns:
        return ()
    found = _descriptors(patterns)
    return tuple(seriation.order(similarity.distances(found, found)))


@lru_cache(maxsize=128)
def _relatives(mine: tuple[Pattern, ...], others: tuple[Pattern, ...], count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(similarity.most_similar(_descriptors(mine), _descriptors(others), count))


@lru_cache(maxsize=2048)
def _finished(pattern: Pattern) -> str:
    return _link(pattern.tile, quality=92)


def _link(picture: NDArray[np.uint8], quality: int) -> str:
    """A picture as a link that holds it. WebP: a fifth of a PNG's bytes, and nobody sees the difference on the page."""
    stream = io.BytesIO()
    grey = picture.shape[2] == 1
    Image.fromarray(picture[:, :, 0] if grey else picture).save(stream, "WEBP", quality=quality, method=1)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"
