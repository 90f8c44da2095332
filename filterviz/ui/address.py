"""The address of the page, which holds what it shows, and the way from one address to the next.

Whatever the browser asks for, it asks for with the address it has at that moment, and Streamlit then ends the run that
is at work. A click in the moment in which a file has come in would thus take the page back to where it was, and the
file would be lost. So a visitor's :class:`History` remembers for a while which addresses were left.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NoReturn

import streamlit as st

from filterviz.settings import Settings
from filterviz.ui import streamlit_private
from filterviz.ui.view import View

_HISTORY = "history"

GRACE_SECONDS = 10.0
"""After an address was left, requests for it come for so long from a browser that does not know the next one yet."""

_Address = frozenset[tuple[str, str]]


class History:
    """The addresses that a visitor's page has left, and what it shows by now.

    It is changed in place, because Streamlit may end the run at every access to ``st.session_state``.
    """

    def __init__(self) -> None:
        self._view = View()
        self._now: _Address | None = None
        self._left: dict[_Address, float] = {}

    def arrive(self, address: Mapping[str, str]) -> None:
        """Record that the page is at an address, because the browser says so."""
        self._now = frozenset(address.items())
        self._left.pop(self._now, None)

    def leave_for(self, view: View) -> None:
        """Record that the page shows something else from now on."""
        left = self._now
        self._view = view
        self.arrive(view.to_query())
        if left is not None and left != self._now:
            self._left[left] = time.monotonic()

    def successor(self, address: Mapping[str, str]) -> View | None:
        """What the page shows by now in place of an address that was left a moment ago; ``None`` for any other."""
        recent = time.monotonic() - GRACE_SECONDS
        self._left = {left: since for left, since in self._left.items() if since > recent}
        return self._view if frozenset(address.items()) in self._left else None


def history() -> History:
    """The history of the visitor whose page is being drawn."""
    found: History = st.session_state.setdefault(_HISTORY, History())
    return found


def current(settings: Settings) -> View:
    """What the page is to show: what the address says, unless the page has just left it for another."""
    visited = history()
    address = st.query_params.to_dict()
    # Whoever goes back in the browser means an address that was left.
    successor = None if streamlit_private.came_through_history() else visited.successor(address)
    if successor is not None:
        put(successor)
        return successor
    visited.arrive(address)
    return View.from_query(address, settings)


def put(view: View) -> None:
    """Make the address say what the page is about to show."""
    history().leave_for(view)
    st.query_params.from_dict(view.to_query())


def go(view: View) -> NoReturn:
    """Show something else, from the top."""
    put(view)
    st.rerun()


def follow() -> None:
    """Go where another run has taken the page since this one began; do nothing if none has."""
    successor = history().successor(st.query_params.to_dict())
    if successor is not None:
        go(successor)
