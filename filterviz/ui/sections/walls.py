"""The walls of a network, each beside one of another: VGG16, a second file, or the same network before training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

import streamlit as st

from filterviz.errors import BadRequest, FiltervizError
from filterviz.service.model import Model
from filterviz.spec import LayerSpec, Request
from filterviz.spec.names import markdown_safe, plain
from filterviz.ui import address, blocks, progress, wall
from filterviz.ui.i18n import _
from filterviz.ui.layer_choice import layer_choices
from filterviz.ui.sections import detail, downloads
from filterviz.ui.session import Session
from filterviz.ui.text import networks, quantities, remarks
from filterviz.ui.view import View
from filterviz.ui.wall import ShownWall, WallPair

_STOPPED = "stopped"
"""Where Streamlit's session state holds what was shown when the visitor pressed Stop. It holds for nothing else."""

_AGAIN = "again"

_AGREED = "agreed"
"""Where Streamlit's session state holds what was shown when the visitor agreed that it takes long."""


def show(session: Session, model: Model) -> None:
    """The network's walls, each with its counterpart."""
    pending = session.server.other(session.view.other, model)
    # Once for all of the page: drawn as being opened and taken for open, it would never be drawn again.
    waiting = not pending.done()
    other, missing = (None, None) if waiting else _opened(pending)
    try:
        pairs = _pairs(session.view, model, other)
    except ValueError as error:
        missing = BadRequest(str(error))
        pairs = _pairs(session.view, model, None)
    walls = [*(pair.mine for pair in pairs), *(pair.its for pair in pairs if pair.its is not None)]
    try:
        held = _start(session, walls)
    except BadRequest as error:
        blocks.problem(error)
        return
    if isinstance(held, BadRequest):
        blocks.problem(held)
    elif held is not None:
        _ask(session, held)
    bar = progress.begin(session, walls, pending if waiting and not _stopped(session.view) else None)
    for row, pair in enumerate(pairs):
        with st.container(key=f"pair-{row}"):
            _row(session, pair, row, missing if row == 0 else None)
    if held is None:
        bar.show(stop=partial(_stop, session, walls), resume=_resume)
    downloads.offer(session, pairs)
    detail.show(session, pairs)


def _opened(pending: Future[Model]) -> tuple[Model | None, FiltervizError | None]:
    error = pending.exception()
    if isinstance(error, FiltervizError):
        return None, error
    return pending.result(), None


def _pairs(view: View, model: Model, other: Model | None) -> list[WallPair]:
    """The walls of the chosen layers.

    Raises:
        ValueError: The other network has no layer that could stand beside one of them.
    """
    pairs = []
    stopped = _stopped(view)
    for row, index in enumerate(view.layers):
        layer, request = model.spec.layers[index], view.request(index, model.spec)
        mine = ShownWall(model, layer, request, networks.side(model), row, 0, view.sort, stopped)
        its = None
        if other is not None:
            counterpart = view.counterpart(index, model.spec, other.spec)
            request = view.other_request(index, counterpart)
            its = ShownWall(other, counterpart, request, networks.side(other), row, 1, view.sort, stopped)
        pairs.append(WallPair(index, mine, its))
    return pairs


def _start(session: Session, walls: Sequence[ShownWall]) -> BadRequest | float | None:
    """Have the walls made, and nothing else that this visitor looked at before.

    Returns:
        Why they are not: it is too much, or it takes so many seconds that the visitor is asked first. What there is of
        the walls is shown all the same.

    Raises:
        BadRequest: A request does not fit its model.
    """
    registry, visitor = session.server.walls, session.visitor
    registry.keep_only([wall.wanted for wall in walls], visitor)
    if _stopped(session.view):
        return None
    again = bool(st.session_state.pop(_AGAIN, False))
    sides = [side for column in (0, 1) if (side := [wall for wall in walls if wall.column == column])]
    for side in sides:
        registry.start(side[0].model, _requests(side), visitor, again=again, paused=True)
        registry.wait_cached([wall.wanted for wall in side])
    budget, unbegun = session.server.workspace.budget, registry.unbegun([wall.wanted for wall in walls])
    try:
        budget.check(session.person, unbegun)
    except BadRequest as error:
        return error
    seconds, most = budget.seconds(unbegun), session.server.settings.ask_seconds
    if most and seconds > most and st.session_state.get(_AGREED) != session.view.work:
        return seconds
    st.session_state[_AGREED] = session.view.work  # not to ask again when it is known better how long it takes
    for side in sides:
        # The visitor's own network gets the first turn: it is what they came for.
        paused = side is not sides[0] and not any(wall.has_begun(session) for wall in sides[0])
        if not paused:
            registry.start(side[0].model, _requests(side), visitor)
    return None


def _requests(side: Sequence[ShownWall]) -> list[Request]:
    return list(dict.fromkeys(wall.request for wall in side))


def _ask(session: Session, seconds: float) -> None:
    """Whether to begin what takes long."""
    time = quantities.duration(seconds)
    blocks.box(
        _("This takes about {time} of computing. Smaller tiles, fewer steps or fewer filters take less.").format(
            time=time
        ),
        note=True,
    )
    if st.button(_("Begin all the same"), type="primary", key="begin"):
        st.session_state[_AGREED] = session.view.work
        st.rerun()


def _row(session: Session, pair: WallPair, row: int, missing: FiltervizError | None) -> None:
    mine, its = pair.mine, pair.its
    left, right = st.columns(2, gap="large")
    with left:
        blocks.head(mine.side, mine.layer.name, networks.layer_line(mine.layer))
        wall.show(session, mine, its)
    with right:
        if its is not None:
            _choose_beside(session.view, pair.index, mine.layer, its)
            wall.show(session, its, mine)
        elif row == 0:
            blocks.side(networks.others().get(session.view.other, _("the other network")))
            if missing is not None:
                blocks.problem(missing, note=True)
            else:
                blocks.box(_("It is being opened …"), note=True)
    if its is not None:
        blocks.quiet(remarks.pairing(mine.layer, its.layer, mine.state(session), its.state(session)))
    _pages(session.view, pair)


def _pages(view: View, pair: WallPair) -> None:
    """Turn the pages of a pair of walls that have more filters than are shown at once."""
    pages = max(view.pages_of(layer) for layer in (pair.mine.layer, *([pair.its.layer] if pair.its else [])))
    if pages < 2:
        return
    now = min(view.pages.get(pair.index, 1), pages)
    turned = st.pagination(pages, default=now, key=f"page-{view.token}-{pair.index}-{view.count}")
    if turned != now:
        address.go(replace(view, pages={**view.pages, pair.index: turned}))


def _choose_beside(view: View, index: int, mine: LayerSpec, its: ShownWall) -> None:
    """The head of the other network's wall: which layer it is, and another if that is wanted."""
    layers = its.model.spec.layers
    now = layers.index(its.layer)
    choices = sorted({*layer_choices(its.model.spec), now})
    with st.container(key=f"beside-{index}"):
        blocks.side(its.side)
        chosen = st.selectbox(
            _("Layer of {side}, beside {layer}").format(
                side=markdown_safe(its.side), layer=markdown_safe(plain(mine.name, 40))
            ),
            choices,
            choices.index(now),
            format_func=lambda at: networks.reference_option(layers[at]),
            key=f"counterpart-{view.token}-{view.other}-{index}",
            label_visibility="collapsed",
        )
    if chosen != now:
        address.go(replace(view, beside={**view.beside, index: chosen}))


def _stop(session: Session, walls: Sequence[ShownWall]) -> None:
    st.session_state[_STOPPED] = session.view.work
    session.server.walls.stop([wall.wanted for wall in walls], session.visitor)


def _resume() -> None:
    st.session_state.pop(_STOPPED, None)
    st.session_state[_AGAIN] = True


def _stopped(view: View) -> bool:
    """Whether the visitor stopped the making of just this."""
    return bool(st.session_state.get(_STOPPED) == view.work)
