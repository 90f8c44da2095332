"""How far the work is, how long it will take still, and the buttons that stop it and go on with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from filterviz.analysis.cost import effort
from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.service.server import Server
from filterviz.ui import blocks, text
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.wall import DETAIL, POLL_SECONDS, Wall


@dataclass(frozen=True, slots=True)
class Progress:
    """Room for the bar above the walls, and how these stand before they are drawn.

    The bar is drawn after them, when the whole page is on its way: its first turn comes soon, and the sooner a turn
    comes after the page, the more Streamlit loses of it (see :mod:`filterviz.ui.components.render_guard`).

    Attributes:
        desk: where the work is done.
        walls: all that the page shows.
        pending: the other network, if more will come once it is open.
        room: for the bar.
        drawn: what the page that is drawn below depends on.
    """

    desk: Server
    walls: Sequence[Wall]
    pending: Future[Model] | None
    room: DeltaGenerator
    drawn: tuple[Status | bool, ...]

    def show(self, *, stop: Callable[[], None], resume: Callable[[], None]) -> None:
        """A bar, a line and Stop while something is being made; what came of it afterwards.

        The page as a whole is drawn again whenever a wall begins or ends, so that only walls in the making are polled.

        Args:
            stop: called when the visitor presses Stop.
            resume: called when the visitor wants what was stopped or broke off after all.
        """
        active = self.pending is not None or not all(wall.look(self.desk).status.over for wall in self.walls)
        every = POLL_SECONDS if active else None
        live(_bar, self.room, every, self.desk, self.walls, self.drawn, self.pending, stop, resume)


def begin(desk: Server, walls: Sequence[Wall], pending: Future[Model] | None = None) -> Progress:
    """To be called before the walls are drawn; see :class:`Progress`."""
    return Progress(desk, walls, pending, st.container(), _statuses(desk, walls, pending is not None))


def _bar(
    desk: Server,
    walls: Sequence[Wall],
    drawn: tuple[Status | bool, ...],
    awaited: Future[Model] | None,
    stop: Callable[[], None],
    resume: Callable[[], None],
) -> None:
    pending = awaited is not None
    now = _statuses(desk, walls, awaited is not None and not awaited.done())
    if now != drawn and DETAIL not in st.session_state:
        st.rerun()
    states = [wall.look(desk) for wall in walls]
    if pending or not all(state.status.over for state in states):
        with st.container(key="progress", horizontal=True, vertical_alignment="center"):
            with st.container(key="progress-bar"):
                st.progress(_share(states))
                blocks.quiet(_line(desk, walls, states))
            pressed = st.button(_("Stop"), key="stop", on_click=stop, icon=":material/stop:")
        if pressed:
            st.rerun()
        return
    errors = {str(error): error for wall in walls if (error := wall.error(desk)) is not None}
    for error in errors.values():
        blocks.problem(error)
    if errors or any(state.status is Status.STOPPED for state in states):
        with st.container(key="stopped", horizontal=True, vertical_alignment="center"):
            done, total = _tiles(states)
            line = _("Stopped. {done} of {total} tiles are finished and kept.").format(done=done, total=total)
            pressed = st.button(
                _("Resume"), key="resume", on_click=resume, icon=":material/play_arrow:", type="primary"
            )
            blocks.quiet(line)
        if pressed:
            st.rerun()


def _statuses(desk: Server, walls: Sequence[Wall], pending: bool) -> tuple[Status | bool, ...]:
    """What the page as drawn depends on."""
    # The other side is held until the visitor's own has begun.
    begun = any(wall.begun(desk) for wall in walls if wall.place == 0)
    return (pending, begun, *(wall.look(desk).status for wall in walls))


def _tiles(states: Sequence[LayerState]) -> tuple[int, int]:
    """Tiles that are finished, and that were asked for."""
    return sum(len(state.patterns) for state in states), sum(len(state.wanted) for state in states)


def _share(states: Sequence[LayerState]) -> float:
    """The finished share, counting the steps of unfinished tiles."""
    done, total = _tiles(states)
    begun = sum(len(state.previews) * state.step / state.steps for state in states if state.steps)
    return min(1.0, (done + begun) / total) if total else 0.0


def _line(desk: Server, walls: Sequence[Wall], states: Sequence[LayerState]) -> str:
    """``31 of 200 tiles · conv2d_2 of VGG16: step 23 of 40 · about 2 min left``."""
    done, total = _tiles(states)
    parts = [_("{done} of {total} tiles").format(done=done, total=total)]
    running = next((at for at, state in enumerate(states) if state.status is Status.RUNNING), None)
    if running is not None:
        state = states[running]
        layer = _("{layer} of {side}").format(layer=text.plain(state.request.layer, 40), side=walls[running].side)
        if state.steps:
            parts.append(_("{layer}: step {step} of {steps}").format(layer=layer, step=state.step, steps=state.steps))
        else:
            parts.append(_("getting {layer} ready").format(layer=layer))
        left = seconds_left(walls, states)
        if left is not None:
            parts.append(text.seconds_left(left))
    elif desk.download is not None:
        received, size = desk.download
        parts.append(
            _("downloading VGG16's weights: {received:.0f} of {size:.0f} MB").format(
                received=received / 1e6, size=size / 1e6
            )
        )
    return " · ".join(parts)


def seconds_left(walls: Sequence[Wall], states: Sequence[LayerState]) -> float | None:
    """How long everything on the page will take still, from what a tile takes where one is being made.

    A deeper layer costs more, and by how much :func:`filterviz.analysis.cost.effort` knows about.

    Returns:
        ``None`` while nothing has been measured.
    """
    running = [at for at, state in enumerate(states) if state.status is Status.RUNNING and state.tile_seconds]
    if not running:
        return None
    wall, now = walls[running[0]], states[running[0]]
    work = effort(wall.model.spec, wall.layer)
    left = now.seconds_left or 0.0
    for other, state in zip(walls, states, strict=True):
        if state.status is Status.WAITING:
            missing = len(state.wanted) - len(state.patterns)
            share = effort(other.model.spec, other.layer) / work if work else 1.0
            left += missing * (now.tile_seconds or 0.0) * share
    return left
