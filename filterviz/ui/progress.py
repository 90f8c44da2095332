"""How far the work is, how long it will still take, and the buttons that stop it and go on with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from filterviz.analysis.cost import cost
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.spec.names import plain
from filterviz.ui import blocks
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.session import Session
from filterviz.ui.text import quantities, turns
from filterviz.ui.wall import DETAIL, POLL_SECONDS, ShownWall

_Drawn = tuple[Status | bool, ...]
"""What the page as a whole depends on: it is drawn again when this changes."""


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """The room for the bar above the walls, and the state of these before they are drawn.

    The bar is drawn after the walls, when the whole page is on its way: its first turn comes soon, and the sooner a
    turn comes after the page, the more Streamlit loses of it (see :mod:`filterviz.ui.components.render_guard`).

    Attributes:
        session: The visitor's page.
        walls: All walls of the page.
        pending: The other network, if more walls will come once it is open.
        room: The container for the bar.
        drawn: What the page that is drawn below depends on.
    """

    session: Session
    walls: Sequence[ShownWall]
    pending: Future[Model] | None
    room: DeltaGenerator
    drawn: _Drawn

    def show(self, *, stop: Callable[[], None], resume: Callable[[], None]) -> None:
        """A bar, a line and Stop while something is being made; what came of it afterwards.

        The page as a whole is drawn again whenever a wall begins or ends, so that only walls at work are polled.

        Args:
            stop: Called when the visitor presses Stop.
            resume: Called when the visitor wants what was stopped or has failed after all.
        """
        active = self.pending is not None or not all(wall.state(self.session).status.over for wall in self.walls)
        live(_draw, self.room, POLL_SECONDS if active else None, self, stop, resume)


def begin(session: Session, walls: Sequence[ShownWall], pending: Future[Model] | None = None) -> ProgressBar:
    """Reserve the room for the bar, before the walls are drawn."""
    return ProgressBar(session, walls, pending, st.container(), _page_state(session, walls, pending is not None))


def _draw(bar: ProgressBar, stop: Callable[[], None], resume: Callable[[], None]) -> None:
    session, walls = bar.session, bar.walls
    now = _page_state(session, walls, bar.pending is not None and not bar.pending.done())
    if now != bar.drawn and DETAIL not in st.session_state:
        st.rerun()
    states = [wall.state(session) for wall in walls]
    if bar.pending is not None or not all(state.status.over for state in states):
        pressed = _at_work(session, walls, states, stop)
    else:
        pressed = _over(session, walls, states, resume)
    if pressed:
        st.rerun()


def _at_work(
    session: Session, walls: Sequence[ShownWall], states: Sequence[LayerState], stop: Callable[[], None]
) -> bool:
    with st.container(key="progress", horizontal=True, vertical_alignment="center"):
        with st.container(key="progress-bar"):
            st.progress(share_done(states))
            blocks.quiet(_line(session, walls, states))
        return st.button(_("Stop"), key="stop", on_click=stop, icon=":material/stop:")


def _over(
    session: Session, walls: Sequence[ShownWall], states: Sequence[LayerState], resume: Callable[[], None]
) -> bool:
    errors = {str(error): error for wall in walls if (error := wall.error(session)) is not None}
    for error in errors.values():
        blocks.problem(error)
    if not errors and all(state.status is not Status.STOPPED for state in states):
        return False
    done, total = _tiles(states)
    with st.container(key="stopped", horizontal=True, vertical_alignment="center"):
        pressed = st.button(_("Resume"), key="resume", on_click=resume, icon=":material/play_arrow:", type="primary")
        blocks.quiet(_("Stopped. {done} of {total} tiles are finished and kept.").format(done=done, total=total))
    return pressed


def _page_state(session: Session, walls: Sequence[ShownWall], pending: bool) -> _Drawn:
    # The other side is paused until the visitor's own has begun.
    begun = any(wall.has_begun(session) for wall in walls if wall.column == 0)
    return (pending, begun, *(wall.state(session).status for wall in walls))


def _tiles(states: Sequence[LayerState]) -> tuple[int, int]:
    """How many tiles are finished, and how many were asked for."""
    return sum(len(state.patterns) for state in states), sum(len(state.wanted) for state in states)


def share_done(states: Sequence[LayerState]) -> float:
    """The finished share, 0 to 1, which counts the steps of unfinished tiles."""
    done, total = _tiles(states)
    begun = sum(len(state.previews) * state.step / state.steps for state in states if state.steps)
    return min(1.0, (done + begun) / total) if total else 0.0


def _line(session: Session, walls: Sequence[ShownWall], states: Sequence[LayerState]) -> str:
    """``31 of 200 tiles · conv2d_2 of VGG16: step 23 of 40 · about 2 min left``."""
    done, total = _tiles(states)
    parts = [_("{done} of {total} tiles").format(done=done, total=total)]
    running = next((at for at, state in enumerate(states) if state.status is Status.RUNNING), None)
    if running is not None:
        state = states[running]
        layer = _("{layer} of {side}").format(layer=plain(state.request.layer, 40), side=walls[running].side)
        if state.steps:
            parts.append(_("{layer}: step {step} of {steps}").format(layer=layer, step=state.step, steps=state.steps))
        else:
            parts.append(_("getting {layer} ready").format(layer=layer))
        standing = session.server.walls.standing(*walls[running].wanted)
        if standing is not None and (said := turns.standing(standing, begun=bool(state.steps))):
            parts.append(said)
        left = seconds_left(walls, states)
        if left is not None:
            parts.append(quantities.seconds_left(left))
    elif session.server.workspace.download is not None:
        received, size = (number / 1e6 for number in session.server.workspace.download)
        parts.append(
            _("downloading VGG16's weights: {received:.0f} of {size:.0f} MB").format(received=received, size=size)
        )
    return " · ".join(parts)


def seconds_left(walls: Sequence[ShownWall], states: Sequence[LayerState]) -> float | None:
    """How long everything on the page will still take, from what a tile takes in the layer that is being made.

    A deeper layer costs more; :func:`filterviz.analysis.cost.cost` says by how much.

    Returns:
        Seconds; ``None`` while nothing has been measured.
    """
    running = [at for at, state in enumerate(states) if state.status is Status.RUNNING and state.tile_seconds]
    if not running:
        return None
    wall, now = walls[running[0]], states[running[0]]
    work = cost(wall.model.spec, wall.layer)
    left = now.seconds_left or 0.0
    for other, state in zip(walls, states, strict=True):
        if state.status is Status.WAITING:
            missing = len(state.wanted) - len(state.patterns)
            share = cost(other.model.spec, other.layer) / work if work else 1.0
            left += missing * (now.tile_seconds or 0.0) * share
    return left
