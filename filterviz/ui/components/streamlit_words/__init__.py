"""Streamlit's own words in the language of the page: a Streamlit component (Components v2).

Streamlit has them in English only. What filterviz draws itself is not touched: its texts are translated before they are
sent, and a name that happens to be one of these words stands in a longer text.
"""

from __future__ import annotations

from pathlib import Path

from filterviz.ui.components.component import component
from filterviz.ui.i18n import _, language


def mount() -> None:
    """Translate them, on a page that is not in English."""
    if language() != "en":
        words = {
            "Upload": _("Upload"),
            "file upload": _("Upload"),
            "Close": _("Close"),
            "Open": _("Open"),
            "Choose an option": _("Choose an option"),
            "Choose options": _("Choose an option"),
            "No results": _("No results"),
            "No options to select": _("No results"),
            "Select all": _("Select all"),
            "Clear all": _("Clear all"),
            "Clear value": _("Clear all"),
            "Increment": _("Increase"),
            "Decrement": _("Decrease"),
            "Pagination": _("Pages"),
            "Next page": _("Next page"),
            "Previous page": _("Previous page"),
            "Skip to main content": _("Skip to main content"),
        }
        beginnings = {"Help for ": _("Help: "), "Page ": _("Page "), "Remove ": _("Remove ")}
        _WORDS(data={"words": words, "beginnings": beginnings}, key="streamlit-words")


_WORDS = component(Path(__file__).parent)
