"""The page, from top to bottom."""

from __future__ import annotations

import atexit
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import streamlit as st

from filterviz.errors import BadRequest, FiltervizError, RefusalCode, Refused
from filterviz.gallery import export
from filterviz.gallery.names import slug
from filterviz.settings import Settings
from filterviz.spec import LayerSpec
from filterviz.studio import Model
from filterviz.ui import blocks, detail, picker, progress, text, upload, wall
from filterviz.ui.desk import Desk
from filterviz.ui.uploads import Upload
from filterviz.ui.view import View
from filterviz.ui.wall import Wall

TAGLINE = "See what your Keras image network has learned, filter by filter, beside VGG16."

WELCOME = (
    "Drop the file of a network here, as Keras saves it. For every filter of a layer you get the picture that excites "
    "it most: edges and colours early on, textures and parts of things later, if the network has learned them."
)

EXAMPLE = (
    "This is what VGG16 looks for halfway down: a network that was trained on more than a million photographs and is "
    "known to have learned well. Press a picture to see it large."
)

WELCOME_LAYER = "block3_conv1"

_VISITOR = "visitor"
_STOPPED = "stopped"


@st.cache_resource(show_spinner=False)
def the_desk() -> Desk:
    """The one desk of this server."""
    desk = Desk(Settings.from_environment())
    atexit.register(desk.close)
    return desk


def main() -> None:
    """Draw the page."""
    blocks.style()
    blocks.title("filterviz", TAGLINE)
    desk = the_desk()
    visitor = st.session_state.setdefault(_VISITOR, uuid.uuid4().hex)
    view = View.from_query(st.query_params.to_dict(), desk.settings)
    file = desk.uploads.find(view.token) if view.token else None
    if file is None:
        if view.token:
            blocks.box("The file of this address is no longer here. Upload it again to see it.", note=True)
        _welcome(desk, visitor)
    else:
        _with_file(desk, file, view, visitor)
    st.space("large")
    blocks.quiet("VGG16's weights: Visual Geometry Group, University of Oxford, CC BY 4.0.")


def _welcome(desk: Desk, visitor: str) -> None:
    """Before an upload: what this is, and what VGG16 looks like where its weights are here."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.write(WELCOME)
        upload.ask(desk, visitor)
    if desk.reference_at_hand():
        left.write(EXAMPLE)
        with right:
            _example(desk, visitor)


def _example(desk: Desk, visitor: str) -> None:
    """One wall of VGG16, so that there is something to look at."""
    reference = desk.reference()
    if not reference.done():
        st.fragment(_await, run_every=wall.POLL_SECONDS)(reference)
        return
    try:
        model = reference.result()
        layer = model.spec.layer(WELCOME_LAYER)
        request = View().reference_request(layer)
        desk.start(model, [request], visitor)
    except FiltervizError as error:
        blocks.problem(error)
        return
    walls = [Wall(model, request, visitor, text.REFERENCE)]
    blocks.head(text.REFERENCE, layer.name, f"{text.layer_line(layer)} · the first {len(request.filters)}")
    progress.show(desk, walls, pending=False, stop=lambda: _stop(desk, walls, visitor))
    wall.show(desk, walls[0])
    detail.show(desk, walls)


def _await(reference: Future[Model]) -> None:
    """Draw the page again as soon as VGG16 is there, or is known not to be."""
    if reference.done():
        st.rerun()
    blocks.quiet("Opening VGG16 …")


def _with_file(desk: Desk, file: Upload, view: View, visitor: str) -> None:
    """What is in a file, what to show of it, and the walls."""
    try:
        with st.spinner("Reading the file …"):
            model = desk.open(file, view.architecture)
    except FiltervizError as error:
        blocks.line(text.plain(file.name))
        blocks.problem(error)
        if isinstance(error, Refused) and error.code is RefusalCode.WEIGHTS_ONLY and error.where:
            _offer(view, error.where)
        upload.ask(desk, visitor)
        return
    name, other = st.columns([4, 1], vertical_alignment="center")
    with name:
        blocks.line(text.model_line(model))
        for note in model.spec.notes:
            blocks.quiet(text.plain(note, blocks.LONGEST_SENTENCE))
    with other, st.popover("Open another file", width="stretch"):
        upload.ask(desk, visitor)
    view = view.fitted(model.spec)
    asked = picker.pick(model.spec, view, desk.settings)
    if asked is not None:
        view = asked
        st.query_params.from_dict(view.to_query())
        st.session_state.pop(_STOPPED, None)
    if view.layers:
        _walls(desk, model, view, visitor, again=asked is not None)


def _offer(view: View, architecture: str) -> None:
    """Open bare weights as the network whose names and shapes they have, if the visitor agrees."""
    if st.button(f"Open it as {text.plain(architecture)}", type="primary", key="open-as"):
        st.query_params.from_dict(replace(view, architecture=architecture.lower()).to_query())
        st.rerun()


def _walls(desk: Desk, model: Model, view: View, visitor: str, *, again: bool) -> None:
    """The model's walls, each beside one of VGG16's."""
    layers = [model.spec.layers[index] for index in view.layers]
    mine = [Wall(model, view.request(layer), visitor, text.OWN, row) for row, layer in enumerate(layers)]
    pending = desk.reference()
    reference: Model | None = None
    missing: FiltervizError | None = None
    stopped = _STOPPED in st.session_state
    beside: list[Wall] = []
    try:
        if not stopped:
            desk.start(model, [item.request for item in mine], visitor, again=again)
        if pending.done():
            reference = pending.result()
    except BadRequest as error:
        blocks.problem(error)
        return
    except FiltervizError as error:
        missing = error
    counterparts: list[LayerSpec] = []
    if reference is not None:
        counterparts = [view.counterpart(index, model.spec, reference.spec) for index in view.layers]
        beside = [
            Wall(reference, view.reference_request(layer), visitor, text.REFERENCE, row)
            for row, layer in enumerate(counterparts)
        ]
        # The visitor's own network gets the first turn: it is what they came for.
        if not stopped and any(item.begun(desk) for item in mine):
            desk.start(reference, list(dict.fromkeys(item.request for item in beside)), visitor, again=again)
    everything = [*mine, *beside]
    progress.show(
        desk, everything, pending=not pending.done() and not stopped, stop=lambda: _stop(desk, everything, visitor)
    )
    for row, layer in enumerate(layers):
        left, right = st.columns(2, gap="large")
        with left:
            blocks.head(text.OWN, layer.name, text.layer_line(layer))
            wall.show(desk, mine[row])
        with right:
            if reference is not None:
                _choose_beside(view, view.layers[row], counterparts[row], reference)
                wall.show(desk, beside[row])
            elif row == 0:
                blocks.side(text.REFERENCE)
                blocks.box(str(missing) if missing else "VGG16 is being fetched …", note=True)
    _exports(desk, model, mine, "Save your tiles (.zip)")
    if reference is not None:
        _exports(desk, reference, list({item.request: item for item in beside}.values()), "Save VGG16's tiles (.zip)")
    detail.show(desk, everything)


def _choose_beside(view: View, index: int, counterpart: LayerSpec, reference: Model) -> None:
    """The head of VGG16's wall: which layer it is, and another if that is wanted."""
    choices = [at for at, layer in enumerate(reference.spec.layers) if layer in text.convolutions(reference.spec)]
    now = reference.spec.layers.index(counterpart)
    with st.container(key=f"beside-{index}"):
        blocks.side(text.REFERENCE)
        chosen = st.selectbox(
            "Layer of VGG16 to stand beside",
            choices,
            choices.index(now) if now in choices else 0,
            format_func=lambda at: text.reference_option(reference.spec.layers[at]),
            key=f"counterpart-{view.token}-{index}",
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


def _stop(desk: Desk, walls: Sequence[Wall], visitor: str) -> None:
    st.session_state[_STOPPED] = True
    desk.stop([(item.model, item.request) for item in walls], visitor)
