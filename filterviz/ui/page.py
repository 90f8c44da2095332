"""The page, from top to bottom."""

from __future__ import annotations

import atexit
import uuid
from dataclasses import replace

import streamlit as st

from filterviz.errors import FiltervizError, RefusalCode, Refused
from filterviz.settings import Settings
from filterviz.studio import DEMO, Model
from filterviz.ui import blocks, comparison, picker, text, upload, welcome
from filterviz.ui.desk import Desk
from filterviz.ui.uploads import Upload
from filterviz.ui.view import View

TAGLINE = "See what your Keras image network has learned, filter by filter, beside VGG16."

_VISITOR = "visitor"


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
    demo = desk.studio.demo() if view.token == DEMO else None
    if demo is not None:
        _with_model(desk, demo, view, visitor)
    elif file is not None:
        _with_file(desk, file, view, visitor)
    else:
        if view.token:
            blocks.box("The file of this address is no longer here. Upload it again to see it.", note=True)
        welcome.show(desk, visitor)
    st.space("large")
    blocks.quiet("VGG16's weights: Visual Geometry Group, University of Oxford, CC BY 4.0.")


def _with_file(desk: Desk, file: Upload, view: View, visitor: str) -> None:
    """What is in a file, or why it cannot be opened."""
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
    _with_model(desk, model, view, visitor)


def _with_model(desk: Desk, model: Model, view: View, visitor: str) -> None:
    """What a network is, what to show of it, and the walls."""
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
        comparison.go_on()
    if view.layers:
        comparison.choose_other(desk, view)
        comparison.show(desk, model, view, visitor, again=asked is not None)


def _offer(view: View, architecture: str) -> None:
    """Open bare weights as the network whose names and shapes they have, if the visitor agrees."""
    if st.button(f"Open it as {text.plain(architecture)}", type="primary", key="open-as"):
        st.query_params.from_dict(replace(view, architecture=architecture.lower()).to_query())
        st.rerun()
