"""The page, from top to bottom."""

from __future__ import annotations

import atexit
from dataclasses import replace

import streamlit as st

from filterviz.errors import FiltervizError, RefusalCode, Refused
from filterviz.service.model import Model
from filterviz.service.server import Server
from filterviz.settings import Settings
from filterviz.spec.names import markdown_safe, plain
from filterviz.storage.uploads import Upload
from filterviz.storage.vgg16 import vgg16_licence
from filterviz.ui import address, blocks, icon, upload_field
from filterviz.ui.components import render_guard, streamlit_words
from filterviz.ui.i18n import LANGUAGES, _, speaker
from filterviz.ui.sections import SECTIONS, checkpoints, guide, network_head, welcome
from filterviz.ui.session import Session


@st.cache_resource(show_spinner=False)
def the_server() -> Server:
    """What all visitors share; made when the first one comes."""
    server = Server(Settings.from_environment())
    atexit.register(server.close)
    return server


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="filterviz", page_icon=icon.icon(), layout="wide")
    session = Session.current(the_server())
    blocks.style()
    run = render_guard.begin()
    _header(session)
    _content(session)
    streamlit_words.mount()
    st.space("large")
    blocks.quiet(vgg16_licence(speaker()))
    render_guard.end(run)


def _header(session: Session) -> None:
    """The name of the page, what it is for, help and the language."""
    view = session.view
    with st.container(key="header", horizontal=True, vertical_alignment="center"):
        blocks.title("filterviz", _("See the patterns that your image network has learned to look for."))
        with st.container(key="header-right", horizontal=True, width="content", vertical_alignment="center"):
            label = _("Back") if view.help else _("What am I looking at?")
            if st.button(label, key="help", type="tertiary", icon=":material/help:" if not view.help else None):
                address.go(replace(view, help=not view.help))
            language = blocks.choice(
                _("Language"),
                list(LANGUAGES),
                session.language,
                LANGUAGES.__getitem__,
                key="language-choice",
                named=False,
            )
    if language != session.language:
        address.go(replace(view, language=language))


def _content(session: Session) -> None:
    """What the address asks for: the explanation, a network, or the page before an upload."""
    view, server = session.view, session.server
    file = server.uploads.find(view.token) if view.token else None
    example = server.workspace.example(view.token)
    if view.help:
        guide.show(session)
    elif example is not None:
        _network(session, example)
    elif file is not None:
        _file(session, file)
    else:
        if view.token:
            blocks.box(_("The file of this address is no longer here. Upload it again to see it."), note=True)
        welcome.show(session)


def _file(session: Session, file: Upload) -> None:
    """What is in a file, or why it cannot be opened."""
    checkpoints.show(session)
    try:
        with st.spinner(_("Reading the file …")):
            model = session.server.open(file, session.view.architecture)
    except FiltervizError as error:
        _refused(session, file, error)
        return
    _network(session, model)


def _refused(session: Session, file: Upload, error: FiltervizError) -> None:
    """Why a file cannot be opened, what to do, room for another, and something to look at all the same."""
    left, right = st.columns([4, 6], gap="large")
    with left:
        blocks.line(plain(file.name))
        blocks.problem(error)
        if isinstance(error, Refused) and error.code is RefusalCode.WEIGHTS_ONLY and error.where:
            _offer_to_open_as(session, error.where)
        upload_field.ask(session)
    with right:
        welcome.story(session)


def _network(session: Session, model: Model) -> None:
    """A network: what it is, what to show of it, and the sections that show it."""
    network_head.show(session, model)
    if not model.spec.visualisable:
        blocks.box(_("Nothing of this network can be shown. The table says why."), note=True)
        blocks.layers(model.spec.layers)
        return
    fitted = session.with_view(session.view.fitted(model.spec))
    for section in SECTIONS:
        section(fitted, model)


def _offer_to_open_as(session: Session, architecture: str) -> None:
    """Open bare weights as the network whose names and shapes they have, if the visitor agrees."""
    label = _("Open it as {architecture}").format(architecture=markdown_safe(plain(architecture)))
    if st.button(label, type="primary", key="open-as"):
        address.go(replace(session.view, architecture=architecture.lower()))
