"""The table of a network's layers."""

from __future__ import annotations

import streamlit as st

from filterviz.service.model import Model
from filterviz.ui import blocks
from filterviz.ui.i18n import _
from filterviz.ui.session import Session


def show(_session: Session, model: Model) -> None:
    """The table, folded."""
    with st.expander(_("The layers of this network")):
        blocks.layers(model.spec.layers)
