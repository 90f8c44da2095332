"""A button that copies the address of the page, which holds the whole view: a Streamlit component (Components v2)."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from filterviz.ui.i18n import _

HERE = Path(__file__).parent


def mount(kept: str, key: str) -> None:
    """Draw the button.

    Args:
        kept: A sentence about how long the address leads to what is shown; empty where it always will.
        key: Key of the component, which no other on the page has.
    """
    copied = _("The link is copied.")
    data = {"label": _("Share"), "copied": f"{copied} {kept}".strip(), "failed": _("Copy this link:")}
    _SHARE(data=data, key=key)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_SHARE = st.components.v2.component(
    "filterviz_share", html=_read("share.html"), css=_read("share.css"), js=_read("share.js")
)
