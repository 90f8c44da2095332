"""The page, from top to bottom."""

from __future__ import annotations

import atexit
import uuid
from dataclasses import replace

import streamlit as st

from filterviz.errors import FiltervizError, RefusalCode, Refused
from filterviz.service.model import DEMO, Model
from filterviz.service.server import Server
from filterviz.settings import Settings
from filterviz.storage.uploads import Upload
from filterviz.storage.vgg16 import vgg16_licence
from filterviz.ui import address, blocks, controls, text, upload_field
from filterviz.ui.components import render_guard
from filterviz.ui.i18n import LANGUAGES, _, choose, speaker
from filterviz.ui.sections import guide, walls, welcome
from filterviz.ui.view import View

_VISITOR = "visitor"


@st.cache_resource(show_spinner=False)
def the_desk() -> Server:
    """The one desk of this server."""
    desk = Server(Settings.from_environment())
    atexit.register(desk.close)
    return desk


def main() -> None:
    """Draw the page."""
    desk = the_desk()
    view = address.here(desk.settings)
    spoken = choose(view.language)
    blocks.style()
    run = render_guard.begin()
    _header(view, spoken)
    visitor = st.session_state.setdefault(_VISITOR, uuid.uuid4().hex)
    file = desk.uploads.find(view.token) if view.token else None
    demo = desk.workspace.demo() if view.token == DEMO else None
    if view.help:
        guide.show(desk)
    elif demo is not None:
        _with_model(desk, demo, view, visitor)
    elif file is not None:
        _with_file(desk, file, view, visitor)
    else:
        if view.token:
            blocks.box(_("The file of this address is no longer here. Upload it again to see it."), note=True)
        welcome.show(desk, view, visitor)
    st.space("large")
    blocks.quiet(vgg16_licence(speaker()))
    render_guard.end(run)


def _header(view: View, spoken: str) -> None:
    """The name of the page, what it is for, help and the language."""
    with st.container(key="header", horizontal=True, vertical_alignment="center"):
        blocks.title("filterviz", _("See what your Keras image network has learned, filter by filter, beside VGG16."))
        with st.container(key="header-right", horizontal=True, width="content", vertical_alignment="center"):
            label = _("Back") if view.help else _("What am I looking at?")
            if st.button(label, key="help", type="tertiary", icon=":material/help:" if not view.help else None):
                address.go(replace(view, help=not view.help))
            language = blocks.choice(
                _("Language"), list(LANGUAGES), spoken, LANGUAGES.__getitem__, key="language-choice", named=False
            )
    if language != spoken:
        address.go(replace(view, language=language))


def _with_file(desk: Server, file: Upload, view: View, visitor: str) -> None:
    """What is in a file, or why it cannot be opened."""
    try:
        with st.spinner(_("Reading the file …")):
            model = desk.open(file, view.architecture)
    except FiltervizError as error:
        blocks.line(text.plain(file.name))
        blocks.problem(error)
        if isinstance(error, Refused) and error.code is RefusalCode.WEIGHTS_ONLY and error.where:
            _offer(view, error.where)
        upload_field.ask(desk, view, visitor)
        return
    _with_model(desk, model, view, visitor)


def _with_model(desk: Server, model: Model, view: View, visitor: str) -> None:
    """What a network is, what to show of it, and the walls."""
    with st.container(key="model", horizontal=True, vertical_alignment="center"):
        with st.container(key="model-line"):
            blocks.line(text.model_line(model))
            blocks.quiet(text.model_sentence(model.spec))
        # Under a key of the network it is drawn for: open, it would stay open above the next one.
        with st.popover(_("Open another file"), icon=":material/upload:", key=f"another-{view.token}"):
            upload_field.ask(desk, view, visitor)
    for note in model.spec.notes:
        blocks.quiet(text.plain(note, blocks.LONGEST_SENTENCE))
    if not model.spec.visualisable:
        blocks.box(_("Nothing of this network can be shown; the list says why."), note=True)
        blocks.layers(model.spec.layers)
        return
    before = view.fitted(model.spec)
    view = controls.choose(desk, model, before)
    if view != before:
        address.put(view)
    walls.show(desk, model, view, visitor)
    controls.layers_of(model.spec, view)


def _offer(view: View, architecture: str) -> None:
    """Open bare weights as the network whose names and shapes they have, if the visitor agrees."""
    label = _("Open it as {architecture}").format(architecture=text.plain(architecture))
    if st.button(label, type="primary", key="open-as"):
        address.go(replace(view, architecture=architecture.lower()))
