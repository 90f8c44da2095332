"""How far the work is, how long it will still take, and the buttons that stop it and go on with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from filterviz.analysis.estimate import Estimator
from filterviz.service import budget
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.spec.names import plain
from filterviz.spec.terms import Json
from filterviz.ui import blocks, i18n
from filterviz.ui.components import progress
from filterviz.ui.feed import FEEDS, Items
from filterviz.ui.i18n import _, ngettext
from filterviz.ui.session import Session
from filterviz.ui.text import quantities, turns
from filterviz.ui.view import View
from filterviz.ui.wall import ShownWall, WallNews

_FEED = "feed"
"""Where Streamlit's session state holds the name of the page's feed."""

_WATCHED = "watched"
"""Where Streamlit's session state holds what is known of the work of a view."""


@dataclass(slots=True)
class Watched:
    """What is known of the work of a view since it was first drawn.

    Attributes:
        view: The work behind the view.
        there: How many tiles of each wall there were before anything was made, by the wall's key.
        estimator: How fast it goes.
    """

    view: View
    there: dict[str, int] = field(default_factory=dict)
    estimator: Estimator = field(default_factory=Estimator)


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """The room for the bar above the walls, and the state of these before they are drawn.

    Attributes:
        session: The visitor's page.
        walls: All walls of the page.
        pending: The other network, if more walls will come once it is open.
        room: The container for the bar.
        drawn: What the page that is drawn below depends on; see :func:`_page_state`.
        before: How many tiles of each wall there were when the view was first drawn.
        tile_work: The work of one tile of each wall, see :func:`filterviz.service.budget.work`.
        estimator: How fast the work of the view goes.
        more: What else the page's feed says.
    """

    session: Session
    walls: Sequence[ShownWall]
    pending: Future[Model] | None
    room: DeltaGenerator
    drawn: str
    before: Sequence[int]
    tile_work: Sequence[float]
    estimator: Estimator
    more: Callable[[], Items]

    def show(self, *, stop: Callable[[], None], resume: Callable[[], None]) -> None:
        """A bar, a line and Stop while something is being made; what came of it afterwards.

        The page as a whole is drawn again whenever a wall begins or ends; the page's feed tells when.

        Args:
            stop: Called when the visitor presses Stop.
            resume: Called when the visitor wants what was stopped or has failed after all.
        """
        states = self._states()
        if self._depends_on(states) != self.drawn and self.session.view.tile is None:
            st.rerun()  # something has ended while the page was drawn
        with self.room:
            if self.pending is not None or not all(state.status.over for state in states):
                self._at_work(states, stop)
            else:
                _over(self.session, self.walls, states, resume)

    def news(self, walls: Sequence[WallNews]) -> Items:
        """What the page's feed says."""
        with i18n.speaking(self.session.language):
            states = self._states()
            found: dict[str, Json] = {}
            for wall, state in zip(walls, states, strict=True):
                found |= wall.items(state)
            found |= self.more()
            return {**found, "bar": asdict(self._bar(states)), "page": self._depends_on(states)}

    def _states(self) -> list[LayerState]:
        return [wall.state(self.session) for wall in self.walls]

    def _depends_on(self, states: Sequence[LayerState]) -> str:
        return _page_state(self.walls, states, self.pending is not None and not self.pending.done())

    def _at_work(self, states: Sequence[LayerState], stop: Callable[[], None]) -> None:
        look = partial(self.news, [WallNews(wall) for wall in self.walls])
        st.session_state[_FEED] = feed = FEEDS.open(look, st.session_state.get(_FEED, ""))
        with st.container(key="progress-row", horizontal=True, vertical_alignment="center"):
            with st.container(key="progress-bar"):
                progress.mount(
                    feed,
                    self.drawn,
                    self._bar(states),
                    hold=self.session.view.tile is not None,
                    label=_("Finished share of the tiles"),
                    key="progress-component",
                )
            st.button(_("Stop"), key="stop", on_click=stop, icon=":material/stop:")

    def _bar(self, states: Sequence[LayerState]) -> progress.Bar:
        done, total = amount(self.tile_work, states, self.before)
        left = self.estimator.left(time.monotonic(), done, total)
        share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
        return progress.Bar(share, _line(self.session, self.walls, states, left))


def begin(
    session: Session,
    walls: Sequence[ShownWall],
    room: DeltaGenerator,
    pending: Future[Model] | None = None,
    more: Callable[[], Items] = dict,
) -> ProgressBar:
    """The bar of some walls, before these are drawn; see :class:`ProgressBar`."""
    # Worked out once: what the page's feed says is asked for twice a second.
    states = [wall.state(session) for wall in walls]
    drawn = _page_state(walls, states, pending is not None)
    watched = _watched(session)
    before = [
        watched.there.setdefault(wall.key, len(state.patterns)) for wall, state in zip(walls, states, strict=True)
    ]
    tile_work = [budget.work(wall.model.spec, wall.request) for wall in walls]
    return ProgressBar(session, walls, pending, room, drawn, before, tile_work, watched.estimator, more)


def _watched(session: Session) -> Watched:
    """What is known of the work of this view since it was first drawn."""
    watched: Watched | None = st.session_state.get(_WATCHED)
    if watched is None or watched.view != session.view.work:
        watched = st.session_state[_WATCHED] = Watched(session.view.work)
    return watched


def _over(
    session: Session, walls: Sequence[ShownWall], states: Sequence[LayerState], resume: Callable[[], None]
) -> None:
    errors = {str(error): error for wall in walls if (error := wall.error(session)) is not None}
    done, total = _tiles(states)
    with st.container(key="progress-row", horizontal=True, vertical_alignment="center"):
        with st.container(key="progress-bar"):
            for error in errors.values():
                blocks.problem(error)
            if not errors and all(state.status is not Status.STOPPED for state in states):
                blocks.quiet(ngettext("1 tile, finished", "{total} tiles, all finished", total).format(total=total))
                return
            words = [_("Stopped. {done} of {total} tiles are finished and kept.").format(done=done, total=total)]
            if any(state.previews for state in states):
                words.append(_("Unfinished ones begin again with Resume."))
            blocks.quiet(" ".join(words))
        st.button(_("Resume"), key="resume", on_click=resume, icon=":material/play_arrow:", type="primary")


def _page_state(walls: Sequence[ShownWall], states: Sequence[LayerState], pending: bool) -> str:
    """What the page as a whole depends on: it is drawn again when this changes."""
    # The other side is paused until the visitor's own has begun.
    begun = any(state.has_begun for wall, state in zip(walls, states, strict=True) if wall.column == 0)
    ended = "".join("+" if state.status.over else "-" for state in states)
    return f"{'opening ' if pending else ''}{'begun ' if begun else ''}{ended}"


def _tiles(states: Sequence[LayerState]) -> tuple[int, int]:
    """How many tiles are finished, and how many were asked for."""
    return sum(len(state.patterns) for state in states), sum(len(state.wanted) for state in states)


def _line(
    session: Session, walls: Sequence[ShownWall], states: Sequence[LayerState], left: tuple[float, float] | None
) -> str:
    """``31 of 200 tiles · conv2d_2 of VGG16: step 23 of 40 · 2 to 3 min left``."""
    done, total = _tiles(states)
    parts = [_("{done} of {total} tiles").format(done=done, total=total)]
    running = next((at for at, state in enumerate(states) if state.status is Status.RUNNING), None)
    if running is not None:
        state = states[running]
        layer = _("{layer} of {side}").format(layer=plain(state.request.layer, 40), side=walls[running].side)
        if state.steps:
            parts.append(_("{layer}: step {step} of {steps}").format(layer=layer, step=state.step, steps=state.steps))
        else:
            parts.append(_("preparing {layer}").format(layer=layer))
        standing = session.server.walls.standing(*walls[running].wanted)
        if standing is not None and (said := turns.standing(standing, begun=bool(state.steps))):
            parts.append(said)
        if left is not None:
            parts.append(quantities.seconds_left(*left))
    elif session.server.workspace.download is not None:
        received, size = (number / 1e6 for number in session.server.workspace.download)
        parts.append(
            _("downloading VGG16's weights: {received:.0f} of {size:.0f} MB").format(received=received, size=size)
        )
    return " · ".join(parts)


def amount(tile_work: Sequence[float], states: Sequence[LayerState], before: Sequence[int]) -> tuple[float, float]:
    """How much of what had to be made is made, and how much that is in all, both in multiplications.

    Args:
        tile_work: The work of one tile of each wall.
        states: The states of the walls.
        before: How many tiles of each there were before.
    """
    done = total = 0.0
    for tile, state, there in zip(tile_work, states, before, strict=True):
        begun = len(state.previews) * state.step / state.steps if state.steps else 0.0
        done += tile * (len(state.patterns) - there + begun)
        total += tile * (len(state.wanted) - there)
    return done, total
