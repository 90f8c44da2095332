"""The table of a network's layers."""

from __future__ import annotations

import streamlit as st

from filterviz.service.model import Model
from filterviz.ui import blocks, controls
from filterviz.ui.i18n import _
from filterviz.ui.session import Session


def show(session: Session, model: Model) -> None:
    """The table, folded, with the choice whether all layers are offered to choose from."""
    with st.expander(_("The layers of this network")):
        controls.offer_every_layer(session.view, model.spec)
        blocks.layers(model.spec.layers)
