"""The files of a Streamlit component (Components v2), which lie in its folder under the folder's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

SHARED = Path(__file__).with_name("shared.js")
"""What stands before the program of each component: they cannot import each other's files."""


def component(folder: Path) -> Callable[..., Any]:
    """The component of a folder ``name``: ``name.html``, ``name.css`` and ``name.js``."""
    html, css, js = (
        folder.joinpath(f"{folder.name}.{end}").read_text(encoding="utf-8") for end in ("html", "css", "js")
    )
    program = SHARED.read_text(encoding="utf-8") + js
    return st.components.v2.component(f"filterviz_{folder.name}", html=html, css=css, js=program)
