"""The walls of a network, each beside one of another: VGG16, a second file, or the same network before training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from filterviz.errors import BadRequest, FiltervizError
from filterviz.service.model import Model
from filterviz.spec import LayerSpec, Request
from filterviz.ui import address, blocks, controls, progress, wall
from filterviz.ui.i18n import _
from filterviz.ui.layer_choice import layer_choices
from filterviz.ui.sections import detail, downloads, layer_map, share, strip
from filterviz.ui.session import Session
from filterviz.ui.text import networks, quantities, remarks
from filterviz.ui.view import View
from filterviz.ui.wall import ShownWall, WallPair

THIRD_SECONDS = 2.0
"""The page waits so long at most for VGG16 as a third network."""

_AGAIN = "again"

_AGREED = "agreed"
"""Where Streamlit's session state holds what was shown when the visitor agreed that it takes long."""


def show(session: Session, model: Model) -> None:
    """The layers by depth, the state of the work, and the wall that is looked at beside its counterpart."""
    rooms = _frame(session, model)
    session = rooms.session
    view, server = session.view, session.server
    pending = server.other(view.other, model)
    # Once for all of the page: drawn as being opened and taken for open, it would never be drawn again.
    waiting = not pending.done()
    other, missing = (None, None) if waiting else _opened(pending)
    third = _third(session) if view.third and view.other else None
    try:
        pairs = _pairs(view, model, other, third)
    except ValueError as error:
        missing = BadRequest(str(error))
        pairs = _pairs(view, model, None, None)
    glimpses = _glimpses(view, model, pairs)
    walls = sorted((wall for pair in pairs for wall in pair.walls), key=lambda wall: wall.column)
    walls += [wall for wall in glimpses if wall not in walls]
    try:
        held = _start(session, walls)
    except BadRequest as error:
        blocks.problem(error)
        return
    if isinstance(held, BadRequest):
        blocks.problem(held)
    elif held is not None:
        _ask(session, held)
    short = networks.short_names([model.spec.layers[index].name for index in view.layers])
    names = dict(zip(view.layers, short, strict=True))
    unopened = pending if waiting and not view.stopped else None
    bar = progress.begin(session, walls, rooms.progress, unopened, strip.StripNews(session, glimpses).items)
    for row, pair in enumerate(pairs):
        with st.container(key=f"pair-{row}"):
            _row(session, pair, row, names[pair.index], missing if row == 0 else None)
    if held is None:
        bar.show(stop=partial(_stop, session, walls), resume=partial(_resume, session))
    strip.show(session, model, rooms.strip, glimpses, names)
    with rooms.save:
        downloads.offer(session, pairs)
    detail.show(session, pairs)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands above the walls, and is filled once it is known what they are.

    Attributes:
        session: The session with what the visitor has chosen.
        strip: Room for the layers by depth.
        progress: Room for the state of the work.
        save: Room for what can be taken away.
    """

    session: Session
    strip: DeltaGenerator
    progress: DeltaGenerator
    save: DeltaGenerator


def _frame(session: Session, model: Model) -> _Frame:
    """Two rows of a height that never changes, so that the walls below stay where they are."""
    with st.container(key="layers", horizontal=True, vertical_alignment="center"):
        room = st.container(key="strip")
        with st.container(key="layers-choice", width="content"):
            controls.layers(session.view, model.spec)
            layer_map.offer(session, model)
    with st.container(key="bar", horizontal=True, vertical_alignment="center"):
        state = st.container(key="progress")
        with st.container(key="bar-buttons", horizontal=True, width="content", vertical_alignment="center"):
            save = st.container(key="save", width="content")
            view = controls.settings(session, model)
            share.offer(session)
    if view != session.view:
        address.put(view)
    return _Frame(session.with_view(view), room, state, save)


def _opened(pending: Future[Model]) -> tuple[Model | None, FiltervizError | None]:
    error = pending.exception()
    if isinstance(error, FiltervizError):
        return None, error
    return pending.result(), None


def _third(session: Session) -> Model | None:
    """VGG16, where it can be had at once: its patterns come with the program."""
    pending = session.server.vgg16()
    wait([pending], THIRD_SECONDS)
    return pending.result() if pending.done() and pending.exception() is None else None


def _pairs(view: View, model: Model, other: Model | None, third: Model | None) -> list[WallPair]:
    """The walls of the layers that are shown.

    Raises:
        ValueError: The other network has no layer that could stand beside one of them.
    """
    pairs = []
    for index in view.shown:
        layer, request = model.spec.layers[index], view.request(index, model.spec)
        most = len(request.filters)
        its = None
        if other is not None:
            counterpart = view.counterpart(index, model.spec, other.spec)
            beside = view.other_request(index, counterpart)
            most = max(most, len(beside.filters))
            its = _wall(view, other, counterpart, beside, index, side=1)
        reference = None
        if third is not None:
            beside_both = replace(view, other="", beside={})
            counterpart = beside_both.counterpart(index, model.spec, third.spec)
            asked = beside_both.other_request(index, counterpart)
            most = max(most, len(asked.filters))
            reference = _wall(view, third, counterpart, asked, index, side=2)
        # The same columns on all sides: tiles of two sizes would look like two magnifications.
        columns = wall.columns(most)
        mine = replace(_wall(view, model, layer, request, index, side=0), columns=columns)
        others = [None if one is None else replace(one, columns=columns) for one in (its, reference)]
        pairs.append(WallPair(mine, *others))
    return pairs


def _glimpses(view: View, model: Model, pairs: Sequence[WallPair]) -> list[ShownWall]:
    """A wall of each chosen layer to take a few tiles from: the one that is shown, else one of those tiles alone."""
    shown = {pair.index: pair.mine for pair in pairs}
    return [
        shown.get(index) or _wall(view, model, model.spec.layers[index], view.glimpse(index, model.spec), index, side=0)
        for index in view.layers
    ]


def _wall(view: View, model: Model, layer: LayerSpec, request: Request, index: int, side: int) -> ShownWall:
    return ShownWall(model, layer, request, networks.side(model), index, side, view.sort, stopped=view.stopped)


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
    if session.view.stopped:
        return None
    again = bool(st.session_state.pop(_AGAIN, False))
    sides = [side for column in (0, 1, 2) if (side := [wall for wall in walls if wall.column == column])]
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


def _row(session: Session, pair: WallPair, row: int, name: str, missing: FiltervizError | None) -> None:
    mine, its = pair.mine, pair.its
    left, right, *more = st.columns(2 if pair.third is None else 3, gap="large")
    with left:
        blocks.head(mine.side, name, networks.layer_line(mine.layer), mine.layer.name)
        wall.show(session, mine, its)
    with right:
        with st.container(key=f"beside-{row}"):
            _choose_beside(session, pair, row)
        if its is not None:
            wall.show(session, its, mine)
        elif missing is not None:
            blocks.problem(missing, note=True)
        elif row == 0:
            blocks.box(_("It is being opened …"), note=True)
    if pair.third is not None:
        with more[0]:
            with st.container(key=f"third-head-{row}", horizontal=True):
                blocks.head(pair.third.side, pair.third.layer.name, networks.layer_line(pair.third.layer))
                if row == 0:
                    controls.third(session)
            wall.show(session, pair.third, mine)
    if its is not None:
        blocks.quiet(remarks.pairing(mine.layer, its.layer, mine.state(session), its.state(session)))
    _pages(session.view, pair)


def _pages(view: View, pair: WallPair) -> None:
    """Turn the pages of a pair of walls that have more filters than are shown at once."""
    pages = max(view.pages_of(layer) for layer in [each.layer for each in pair.walls])
    if pages < 2:
        return
    now = min(view.pages.get(pair.index, 1), pages)
    turned = st.pagination(pages, default=now, key=f"page-{view.token}-{pair.index}-{view.count}")
    if turned != now:
        address.go(view.change(pages={**view.pages, pair.index: turned}))


def _choose_beside(session: Session, pair: WallPair, row: int) -> None:
    """The head of the other network's wall: which network it is, which layer, and others if they are wanted."""
    with st.container(key=f"beside-choice-{row}", horizontal=True, gap="small"):
        if row == 0:
            controls.other(session)
            if pair.third is None:
                controls.third(session)
        elif pair.its is not None:
            blocks.side(pair.its.side)
        if pair.its is not None:
            _choose_layer(session.view, pair.mine, pair.its)
    if pair.its is not None:
        blocks.quiet(networks.layer_line(pair.its.layer))


def _choose_layer(view: View, mine: ShownWall, its: ShownWall) -> None:
    layers = its.model.spec.layers
    now = layers.index(its.layer)
    choices = sorted({*layer_choices(its.model.spec), now})
    chosen = st.selectbox(
        _("Layer to compare with"),
        choices,
        choices.index(now),
        format_func=lambda at: networks.reference_option(layers[at]),
        key=f"counterpart-{view.token}-{view.other}-{mine.index}",
        label_visibility="collapsed",
        width=240,
    )
    if chosen != now:
        address.go(view.change(beside={**view.beside, mine.index: chosen}))


def _stop(session: Session, walls: Sequence[ShownWall]) -> None:
    address.put(session.view.change(stopped=True))
    session.server.walls.stop([wall.wanted for wall in walls], session.visitor)


def _resume(session: Session) -> None:
    address.put(session.view.change(stopped=False))
    st.session_state[_AGAIN] = True
