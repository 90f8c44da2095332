"""The address of the page, which holds what it shows."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from filterviz.settings import Settings
from filterviz.ui.view import View


def here(settings: Settings) -> View:
    """What the address asks for."""
    return View.from_query(st.query_params.to_dict(), settings)


def put(view: View) -> None:
    """Have the address say what the page is about to show."""
    st.query_params.from_dict(view.to_query())


def go(view: View) -> NoReturn:
    """Show something else, from the top."""
    put(view)
    st.rerun()
