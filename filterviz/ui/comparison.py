"""The walls of a network, each beside one of another: VGG16, a second file, or the same network before training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from filterviz.errors import BadRequest, FiltervizError
from filterviz.gallery import export
from filterviz.gallery.names import slug
from filterviz.spec import LayerSpec
from filterviz.studio import Model
from filterviz.ui import blocks, detail, progress, text, upload, wall
from filterviz.ui.desk import UNTRAINED, Desk
from filterviz.ui.view import View
from filterviz.ui.wall import Wall

_STOPPED = "stopped"

_UPLOADING = "upload-other"


def go_on() -> None:
    """Forget that the visitor stopped."""
    st.session_state.pop(_STOPPED, None)


def choose_other(desk: Desk, view: View) -> None:
    """What to compare with; the page starts again when that changes."""
    second = desk.uploads.find(view.other)
    names = {**text.OTHERS, **({view.other: text.plain(second.name)} if second is not None else {})}
    known = [*dict.fromkeys(["", UNTRAINED, view.other]), _UPLOADING]
    chosen = st.selectbox(
        "Compare with",
        known,
        known.index(view.other),
        format_func=lambda other: (
            "another file …" if other == _UPLOADING else names.get(other, "a file no longer here")
        ),
        key=f"other-{view.token}-{view.other}",
    )
    if chosen == _UPLOADING:
        upload.ask_other(desk, view)
    elif chosen != view.other:
        st.query_params.from_dict(replace(view, other=chosen, beside={}).to_query())
        st.rerun()


def show(desk: Desk, model: Model, view: View, visitor: str, *, again: bool) -> None:
    """The network's walls, each with its counterpart.

    Args:
        desk: where the work is done.
        model: the visitor's network.
        view: what to show.
        visitor: who looks.
        again: also make what was stopped or has failed before.
    """
    layers = [model.spec.layers[index] for index in view.layers]
    own = text.side(model)
    mine = [Wall(model, view.request(layer), visitor, own, row) for row, layer in enumerate(layers)]
    pending = desk.other(view.other, model)
    other: Model | None = None
    missing: FiltervizError | None = None
    stopped = _STOPPED in st.session_state
    beside: list[Wall] = []
    counterparts: list[LayerSpec] = []
    try:
        if not stopped:
            desk.start(model, [item.request for item in mine], visitor, again=again)
    except BadRequest as error:
        blocks.problem(error)
        return
    try:
        if pending.done():
            other = pending.result()
            counterparts = [view.counterpart(index, model.spec, other.spec) for index in view.layers]
    except (FiltervizError, ValueError) as error:
        other = None
        missing = error if isinstance(error, FiltervizError) else BadRequest(str(error))
    if other is not None:
        requests = [view.other_request(layer, twin=view.other == UNTRAINED) for layer in counterparts]
        name = text.side(other)
        beside = [Wall(other, request, visitor, name, row) for row, request in enumerate(requests)]
        # The visitor's own network gets the first turn: it is what they came for.
        if not stopped and any(item.begun(desk) for item in mine):
            desk.start(other, list(dict.fromkeys(requests)), visitor, again=again)
    everything = [*mine, *beside]
    stop = _stopper(desk, everything, visitor)
    progress.show(desk, everything, pending=None if pending.done() or stopped else pending, stop=stop)
    for row, layer in enumerate(layers):
        left, right = st.columns(2, gap="large")
        with left:
            blocks.head(own, layer.name, text.layer_line(layer))
            wall.show(desk, mine[row])
        with right:
            if other is not None:
                _choose_beside(view, view.layers[row], layer.name, counterparts[row], other)
                wall.show(desk, beside[row])
            elif row == 0:
                blocks.side(text.OTHERS.get(view.other, "the other network"))
                blocks.box(str(missing) if missing else "It is being opened …", note=True)
        if other is not None:
            blocks.quiet(text.pairing(layer, counterparts[row], mine[row].look(desk), beside[row].look(desk)))
    _exports(desk, model, mine, "Save your tiles (.zip)")
    if other is not None:
        unique = list({item.request: item for item in beside}.values())
        _exports(desk, other, unique, f"Save the tiles of {text.side(other)} (.zip)")
    detail.show(desk, everything)


def _choose_beside(view: View, index: int, beside: str, counterpart: LayerSpec, other: Model) -> None:
    """The head of the other network's wall: which layer it is, and another if that is wanted."""
    offered = text.convolutions(other.spec) or other.spec.visualisable
    choices = [at for at, layer in enumerate(other.spec.layers) if layer in offered]
    now = other.spec.layers.index(counterpart)
    with st.container(key=f"beside-{index}"):
        blocks.side(text.side(other))
        chosen = st.selectbox(
            f"Layer of {text.side(other)}, beside {text.plain(beside, 40)}",
            choices if now in choices else sorted([*choices, now]),
            (choices if now in choices else sorted([*choices, now])).index(now),
            format_func=lambda at: text.reference_option(other.spec.layers[at]),
            key=f"counterpart-{view.token}-{view.other}-{index}",
            label_visibility="collapsed",
        )
    if chosen != now:
        st.query_params.from_dict(replace(view, beside={**view.beside, index: chosen}).to_query())
        st.rerun()


def _exports(desk: Desk, model: Model, walls: Sequence[Wall], label: str) -> None:
    """All finished tiles with their numbers."""
    results = [(item.request, item.look(desk).patterns) for item in walls]
    if any(patterns for _, patterns in results):
        st.download_button(
            label,
            data=lambda: export.run_zip(model.describe(), results),
            file_name=f"{slug(model.name)}_patterns.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
        )


def _stopper(desk: Desk, walls: Sequence[Wall], visitor: str) -> Callable[[], None]:
    def stop() -> None:
        st.session_state[_STOPPED] = True
        desk.stop([(item.model, item.request) for item in walls], visitor)

    return stop
