"""The address of the page, which holds what it shows, and the way from one address to the next.

Whatever the browser asks for, it asks for with the address it has at that moment, and for it Streamlit ends the run
that is at work. A click in the moment in which a file has come in would thus take the page back to where it was, and
the file would be lost. So a visitor's :class:`History` remembers for a while what was left.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from filterviz.settings import Settings
from filterviz.ui.view import View

_WAY = "way"

GRACE_SECONDS = 10.0
"""So long after an address was left, whoever asks for it has not heard of the next one yet: a busy server is slow."""

_Address = frozenset[tuple[str, str]]


class History:
    """Where a visitor's page has gone from where.

    It is changed in place: at every access to ``st.session_state`` Streamlit may end the run.
    """

    def __init__(self) -> None:
        self._view = View()
        self._now: _Address | None = None
        self._left: dict[_Address, float] = {}

    def arrive(self, address: Mapping[str, str]) -> None:
        """The page is at an address, because the browser says so."""
        self._now = frozenset(address.items())
        self._left.pop(self._now, None)

    def lead(self, view: View) -> None:
        """From now on the page is to show this."""
        left = self._now
        self._view = view
        self.arrive(view.to_query())
        if left is not None and left != self._now:
            self._left[left] = time.monotonic()

    def further(self, address: Mapping[str, str]) -> View | None:
        """What the page is to show by now in place of an address that was left a moment ago."""
        recent = time.monotonic() - GRACE_SECONDS
        self._left = {left: since for left, since in self._left.items() if since > recent}
        return self._view if frozenset(address.items()) in self._left else None


def way() -> History:
    """The way of the visitor whose page is being drawn."""
    found: History = st.session_state.setdefault(_WAY, History())
    return found


def here(settings: Settings) -> View:
    """What the page is to show: what the address says, unless the page has just left it for another."""
    taken = way()
    address = st.query_params.to_dict()
    further = None if _back() else taken.further(address)
    if further is not None:
        put(further)
        return further
    taken.arrive(address)
    return View.from_query(address, settings)


def put(view: View) -> None:
    """Have the address say what the page is about to show."""
    way().lead(view)
    st.query_params.from_dict(view.to_query())


def go(view: View) -> NoReturn:
    """Show something else, from the top."""
    put(view)
    st.rerun()


def follow() -> None:
    """Go where another run has led the page since this one began; do nothing if none has."""
    further = way().further(st.query_params.to_dict())
    if further is not None:
        go(further)


def _back() -> bool:
    """Whether the visitor went back or forth in the browser: then an address that was left is meant."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
