"""The head of the page of a network: what the network is, what there is to know about it, and the way to another."""

from __future__ import annotations

import streamlit as st

from filterviz.service.model import Model
from filterviz.ui import blocks, upload_field
from filterviz.ui.i18n import _
from filterviz.ui.session import Session
from filterviz.ui.text import networks


def show(session: Session, model: Model) -> None:
    """What the network is, an upload field behind a button, and the notes of the reader."""
    with st.container(key="model", horizontal=True, vertical_alignment="center"):
        with st.container(key="model-line"):
            blocks.line(networks.model_line(model))
            blocks.quiet(networks.model_sentence(model.spec))
        # Under a key of the network it is drawn for: once opened, it would stay open above the next one.
        with st.popover(_("Open another file"), icon=":material/upload:", key=f"another-{session.view.token}"):
            upload_field.ask(session)
    blocks.remarks(model.spec.notes)
