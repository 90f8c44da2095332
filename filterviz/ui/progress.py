"""How far the work is, and the button that stops it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import streamlit as st

from filterviz.jobs import LayerState, Status
from filterviz.studio import Model
from filterviz.ui import blocks, text
from filterviz.ui.desk import Desk
from filterviz.ui.wall import DETAIL, POLL_SECONDS, Wall

_ACTIVE = (Status.WAITING, Status.RUNNING)


def show(desk: Desk, walls: Sequence[Wall], *, pending: Future[Model] | None, stop: Callable[[], None]) -> None:
    """A bar, a line and Stop while something is being made; what came of it afterwards.

    The page as a whole is drawn again whenever a wall begins or ends, so that only walls in the making are polled.

    Args:
        desk: where the work is done.
        walls: all that the page shows.
        pending: the other network, if more will come once it is open.
        stop: called when the visitor presses Stop.
    """
    drawn = _statuses(desk, walls, pending is not None)
    active = pending is not None or any(status in _ACTIVE for status in drawn)
    st.fragment(_bar, run_every=POLL_SECONDS if active else None)(desk, walls, drawn, pending, stop)


def _bar(
    desk: Desk,
    walls: Sequence[Wall],
    drawn: tuple[Status | bool, ...],
    awaited: Future[Model] | None,
    stop: Callable[[], None],
) -> None:
    pending = awaited is not None
    now = _statuses(desk, walls, awaited is not None and not awaited.done())
    if now != drawn and DETAIL not in st.session_state:
        st.rerun()
    states = [wall.look(desk) for wall in walls]
    if pending or any(status in _ACTIVE for status in now):
        field, button = st.columns([5, 1], vertical_alignment="center")
        with field:
            st.progress(_share(states))
            blocks.quiet(_line(desk, walls, states))
        button.button("Stop", key="stop", on_click=stop, width="stretch", icon=":material/stop:")
        return
    errors = {str(error): error for wall in walls if (error := wall.error(desk)) is not None}
    for error in errors.values():
        blocks.problem(error)
    if any(state.status is Status.STOPPED for state in states):
        done = sum(len(state.patterns) for state in states)
        total = sum(len(state.wanted) for state in states)
        blocks.box(f"Stopped. {done} of {total} tiles are finished and kept; Show patterns goes on.", note=True)


def _statuses(desk: Desk, walls: Sequence[Wall], pending: bool) -> tuple[Status | bool, ...]:
    """What the page as drawn depends on."""
    begun = any(wall.begun(desk) for wall in walls)
    return (pending, begun, *(wall.look(desk).status for wall in walls))


def _share(states: Sequence[LayerState]) -> float:
    """The finished share, counting the steps of unfinished tiles."""
    total = sum(len(state.wanted) for state in states)
    done = sum(
        len(state.patterns) + len(state.previews) * (state.step / state.steps if state.steps else 0.0)
        for state in states
    )
    return min(1.0, done / total) if total else 0.0


def _line(desk: Desk, walls: Sequence[Wall], states: Sequence[LayerState]) -> str:
    """``31 of 200 tiles · conv2d_2 of VGG16: step 23 of 40 · about 6 s left for this layer``."""
    parts = [f"{sum(len(state.patterns) for state in states)} of {sum(len(state.wanted) for state in states)} tiles"]
    running = next((at for at, state in enumerate(states) if state.status is Status.RUNNING), None)
    if running is not None:
        state = states[running]
        layer = f"{text.plain(state.request.layer, 40)} of {walls[running].side}"
        parts.append(f"{layer}: step {state.step} of {state.steps}" if state.steps else f"getting {layer} ready")
        if state.seconds_left is not None:
            parts.append(f"{text.seconds_left(state.seconds_left)} for this layer")
    elif desk.download is not None:
        received, total = desk.download
        parts.append(f"downloading VGG16's weights: {received / 1e6:.0f} of {total / 1e6:.0f} MB")
    return " · ".join(parts)
