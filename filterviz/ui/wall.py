"""A wall on the page: the tiles of one layer, how far they are, and what can be said about them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from functools import partial

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.export import run_folder
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.service.wall_registry import WallRequest
from filterviz.spec import LayerSpec, Request, WallOrder
from filterviz.spec.names import plain
from filterviz.spec.terms import Json
from filterviz.ui import address, blocks
from filterviz.ui.components import tiles
from filterviz.ui.feed import Items
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.session import Session
from filterviz.ui.text import labels, remarks
from filterviz.ui.tile_data import tile
from filterviz.ui.tile_order import in_order, relatives
from filterviz.ui.view import OpenTile

_NEAR = "near"
"""Where Streamlit's session state holds the keys of the walls whose relatives were wanted."""


@dataclass(frozen=True, slots=True)
class ShownWall:
    """One layer of one model, on the page.

    Attributes:
        model: The network.
        layer: The layer.
        request: What was asked of the layer.
        side: What to call the model in a sentence.
        index: The index of the visitor's layer; two of them may have the same layer beside them.
        column: 0 on the left, 1 beside it, 2 on the right of three.
        stopped: Whether the visitor stopped the work; what others have made meanwhile is shown all the same.
        sort: How the tiles are sorted, one of :data:`filterviz.ui.view.SORTS`.
        columns: How many columns it has, as has the wall beside it.
    """

    model: Model
    layer: LayerSpec
    request: Request
    side: str
    index: int = 0
    column: int = 0
    sort: str = ""
    columns: int = 5
    stopped: bool = False

    @property
    def key(self) -> str:
        """A name that no other wall has; it consists of letters and digits only."""
        parts = f"{self.index} {self.column} {self.side} {self.model.identity} {self.request}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    @property
    def feed(self) -> str:
        """Beginning of the names under which the page's feed has news of the wall."""
        return f"{self.key}/"

    @property
    def wanted(self) -> WallRequest:
        """The wall as the server knows it."""
        return self.model, self.request

    def label(self, channel: int) -> str:
        """The class that a filter stands for, where that is known."""
        return labels.label_of(self.model.spec, self.layer.name, channel)

    def state(self, session: Session) -> LayerState:
        """What there is of the wall."""
        found = session.state(self.wanted)
        if found is None:
            return LayerState(self.request, Status.STOPPED if self.stopped else Status.WAITING)
        state = found[0]
        return replace(state, status=Status.STOPPED) if self.stopped and not state.status.over else state

    def error(self, session: Session) -> FiltervizError | None:
        """Why the wall failed, if it did."""
        found = session.state(self.wanted)
        return None if found is None or found[0].status is not Status.FAILED else found[1]

    def has_begun(self, session: Session) -> bool:
        """Whether there is something to see, or never will be."""
        return self.state(session).has_begun


@dataclass(frozen=True, slots=True)
class WallPair:
    """Two walls beside each other, and perhaps a third.

    Attributes:
        mine: The wall of the visitor's layer.
        its: The wall beside it, once the other network is open.
        third: VGG16's wall beside these, where it is wanted too.
    """

    mine: ShownWall
    its: ShownWall | None
    third: ShownWall | None = None

    @property
    def index(self) -> int:
        """The index of the visitor's layer."""
        return self.mine.index

    def wall(self, side: int) -> ShownWall | None:
        """The wall on one side, 0, 1 or 2."""
        return (self.mine, self.its, self.third)[side]

    @property
    def walls(self) -> list[ShownWall]:
        """The walls that there are, from left to right."""
        return [wall for wall in (self.mine, self.its, self.third) if wall is not None]


def columns(tiles: int) -> int:
    """How many columns two walls beside each other have, of which the larger has so many tiles.

    Example:
        >>> columns(4), columns(25), columns(64), columns(1280)
        (5, 5, 8, 12)
    """
    return next((width for most, width in ((25, 5), (64, 8)) if tiles <= most), 12)


def show(session: Session, wall: ShownWall, beside: ShownWall | None = None) -> None:
    """The tiles and what to say about them. While they are being made, the page's feed tells the browser more.

    Args:
        session: The visitor's page.
        wall: The wall to show.
        beside: The wall on the other side, among whose tiles similar ones are looked for.
    """
    live(_draw, st.container(), None, session, wall, beside)


class WallNews:
    """What the page's feed says of a wall. What has not changed is not worked out again: a wall may have 1,280 tiles.

    Args:
        wall: The wall.
    """

    def __init__(self, wall: ShownWall) -> None:
        self._wall = wall
        self._feed = wall.feed
        self._state: LayerState | None = None
        self._sources: dict[int, tuple[object, object]] = {}
        self._items: dict[str, Json] = {}

    def items(self, state: LayerState) -> Items:
        """The items of a state, in the language that is spoken."""
        if state is self._state:
            return self._items
        items: dict[str, Json] = {f"{self._feed}hint": _hint(state)}
        for channel in state.wanted:
            name, source = f"{self._feed}{channel}", (state.patterns.get(channel), state.previews.get(channel))
            known = self._sources.get(channel)
            if known is None or known[0] is not source[0] or known[1] is not source[1]:
                self._sources[channel] = source
                items[name] = asdict(tile(state, channel, (), self._wall.label(channel)))
            else:
                items[name] = self._items[name]
        self._state, self._items = state, items
        return items


def _hint(state: LayerState) -> str:
    return remarks.summary(state) if state.status is not Status.WAITING else _("Waiting …")


def _draw(session: Session, wall: ShownWall, beside: ShownWall | None) -> None:
    state = wall.state(session)
    _tiles(session, wall, state, None if beside is None else beside.state(session))
    if state.patterns:
        if lesson := remarks.lesson(wall.layer, state):
            blocks.quiet(lesson)
        st.download_button(
            _("Save image"),
            data=lambda: run_folder.wall_of(state.request, state.patterns) or b"",
            file_name=run_folder.wall_name(state.request.layer),
            mime="image/png",
            key=f"save-{wall.key}",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
        )


def _open(session: Session, wall: ShownWall, channel: int) -> None:
    """Show a tile large, if it is finished."""
    if channel in wall.state(session).patterns:
        address.go(session.view.change(tile=OpenTile(wall.index, wall.column, channel)))


def _tiles(session: Session, wall: ShownWall, state: LayerState, others: LayerState | None) -> None:
    """Draw the tiles."""
    filters = in_order(state, wall.sort)
    related = others is not None and state.complete and others.complete
    # Found when somebody points at a tile: a page of two hundred would wait most of a second for what nobody asked.
    known = related and wall.key in st.session_state.get(_NEAR, set())
    near = relatives(state, others) if known and others is not None else {}
    tiles.mount(
        [tile(state, channel, near.get(channel, ()), wall.label(channel)) for channel in filters],
        columns=wall.columns,
        by_rows=wall.request.recipe.spec.wall_order is WallOrder.ROWS,
        label=_("Patterns of {layer} of {side}").format(layer=plain(wall.layer.name), side=wall.side),
        feed=wall.feed,
        hint=_hint(state),
        pair=str(wall.index),
        side=wall.column,
        beside=0 if wall.column else 1,
        waiting=state.status is Status.WAITING,
        relatives="known" if known else "possible" if related else "none",
        legend=_("Framed on the other side: the tiles that look most like this one."),
        key=f"tiles-{wall.key}",
        chosen=partial(_open, session, wall),
        seen=lambda: session.server.walls.prioritize(wall.model, wall.request),
        near=lambda: st.session_state.setdefault(_NEAR, set()).add(wall.key),
    )
