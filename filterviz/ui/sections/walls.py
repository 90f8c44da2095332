"""The walls of a network, each beside one of another: VGG16, a second file, or the same network before training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from filterviz.errors import BadRequest, FiltervizError
from filterviz.service.model import Model
from filterviz.service.server import Server
from filterviz.spec import LayerSpec
from filterviz.ui import address, blocks, progress, text, wall
from filterviz.ui.i18n import _
from filterviz.ui.sections import detail, downloads
from filterviz.ui.view import View, layer_choices
from filterviz.ui.wall import Wall

_STOPPED = "stopped"
"""Where the session remembers what was shown when the visitor pressed Stop. It holds for nothing else."""

_AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two walls beside each other.

    Attributes:
        index: of the visitor's layer.
        mine: its wall.
        its: the wall beside it, once the other network is open.
    """

    index: int
    mine: Wall
    its: Wall | None


def show(desk: Server, model: Model, view: View, visitor: str) -> None:
    """The network's walls, each with its counterpart.

    Args:
        desk: where the work is done.
        model: the visitor's network.
        view: what to show.
        visitor: who looks.
    """
    pending = desk.other(view.other, model)
    # Once for all of the page: drawn as being opened and taken for open, it would never be drawn again.
    waiting = not pending.done()
    other, missing = (None, None) if waiting else _opened(pending)
    try:
        pairs = _pairs(model, other, view, visitor)
    except ValueError as error:
        other, missing = None, BadRequest(str(error))
        pairs = _pairs(model, None, view, visitor)
    walls = [*(pair.mine for pair in pairs), *(pair.its for pair in pairs if pair.its is not None)]
    try:
        _start(desk, view, walls, visitor)
    except BadRequest as error:
        blocks.problem(error)
        return
    bar = progress.begin(desk, walls, pending if waiting and not _stopped(view) else None)
    for row, pair in enumerate(pairs):
        with st.container(key=f"pair-{row}"):
            _row(desk, view, pair, row, missing if row == 0 else None)
    bar.show(stop=partial(_stop, desk, view, walls, visitor), resume=_resume)
    downloads.offer(desk, [(pair.mine, pair.its) for pair in pairs])
    detail.show(desk, [(pair.mine, pair.its) for pair in pairs])


def _opened(pending: Future[Model]) -> tuple[Model | None, FiltervizError | None]:
    error = pending.exception()
    if isinstance(error, FiltervizError):
        return None, error
    return pending.result(), None


def _pairs(model: Model, other: Model | None, view: View, visitor: str) -> list[Pair]:
    pairs = []
    stopped = _stopped(view)
    for row, index in enumerate(view.layers):
        layer = model.spec.layers[index]
        mine = Wall(
            model, layer, view.request(index, model.spec), visitor, text.side(model), row, 0, view.sort, stopped
        )
        its = None
        if other is not None:
            counterpart = view.counterpart(index, model.spec, other.spec)
            request = view.other_request(index, counterpart)
            its = Wall(other, counterpart, request, visitor, text.side(other), row, 1, view.sort, stopped)
        pairs.append(Pair(index, mine, its))
    return pairs


def _start(desk: Server, view: View, walls: Sequence[Wall], visitor: str) -> None:
    """Have the walls made, and nothing else that this visitor looked at before."""
    desk.keep_only([(item.model, item.request) for item in walls], visitor)
    if _stopped(view):
        return
    again = bool(st.session_state.pop(_AGAIN, False))
    mine, its = ([item for item in walls if item.place == place] for place in (0, 1))
    desk.start(mine[0].model, [item.request for item in mine], visitor, again=again)
    desk.settle([(item.model, item.request) for item in mine])
    if its:
        # The visitor's own network gets the first turn: it is what they came for.
        held = not any(item.begun(desk) for item in mine)
        wanted = list(dict.fromkeys(item.request for item in its))
        desk.start(its[0].model, wanted, visitor, again=again, held=held)
        desk.settle([(item.model, item.request) for item in its])


def _row(desk: Server, view: View, pair: Pair, row: int, missing: FiltervizError | None) -> None:
    mine, its = pair.mine, pair.its
    left, right = st.columns(2, gap="large")
    with left:
        blocks.head(mine.side, mine.layer.name, text.layer_line(mine.layer))
        wall.show(desk, mine, its)
    with right:
        if its is not None:
            _choose_beside(view, pair.index, mine.layer, its)
            wall.show(desk, its, mine)
        elif row == 0:
            blocks.side(text.others().get(view.other, _("the other network")))
            if missing is not None:
                blocks.problem(missing, note=True)
            else:
                blocks.box(_("It is being opened …"), note=True)
    if its is not None:
        blocks.quiet(text.pairing(mine.layer, its.layer, mine.look(desk), its.look(desk)))
    _pages(view, pair)


def _pages(view: View, pair: Pair) -> None:
    """Turn the pages of a pair of walls that have more filters than are shown at once."""
    pages = max(view.pages_of(layer) for layer in (pair.mine.layer, *([pair.its.layer] if pair.its else [])))
    if pages < 2:
        return
    now = min(view.pages.get(pair.index, 1), pages)
    turned = st.pagination(pages, default=now, key=f"page-{view.token}-{pair.index}-{view.count}")
    if turned != now:
        address.go(replace(view, pages={**view.pages, pair.index: turned}))


def _choose_beside(view: View, index: int, mine: LayerSpec, its: Wall) -> None:
    """The head of the other network's wall: which layer it is, and another if that is wanted."""
    layers = its.model.spec.layers
    now = layers.index(its.layer)
    choices = sorted({*layer_choices(its.model.spec), now})
    with st.container(key=f"beside-{index}"):
        blocks.side(its.side)
        chosen = st.selectbox(
            _("Layer of {side}, beside {layer}").format(side=its.side, layer=text.plain(mine.name, 40)),
            choices,
            choices.index(now),
            format_func=lambda at: text.reference_option(layers[at]),
            key=f"counterpart-{view.token}-{view.other}-{index}",
            label_visibility="collapsed",
        )
    if chosen != now:
        address.go(replace(view, beside={**view.beside, index: chosen}))


def _stop(desk: Server, view: View, walls: Sequence[Wall], visitor: str) -> None:
    st.session_state[_STOPPED] = view.work
    desk.stop([(item.model, item.request) for item in walls], visitor)


def _resume() -> None:
    st.session_state.pop(_STOPPED, None)
    st.session_state[_AGAIN] = True


def _stopped(view: View) -> bool:
    """Whether the visitor stopped the making of just this."""
    return bool(st.session_state.get(_STOPPED) == view.work)
