"""A button that copies the address of the page, which holds the whole view: a Streamlit component (Components v2)."""

from __future__ import annotations

from pathlib import Path

from filterviz.ui.components.component import component
from filterviz.ui.i18n import _


def mount(kept: str, key: str) -> None:
    """Draw the button.

    Args:
        kept: A sentence about how long the address leads to what is shown; empty where it always will.
        key: Key of the component, which no other on the page has.
    """
    copied = _("The link is copied.")
    data = {"label": _("Share"), "copied": f"{copied} {kept}".strip(), "failed": _("Copy this link:")}
    _SHARE(data=data, key=key)


_SHARE = component(Path(__file__).parent)
