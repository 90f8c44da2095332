"""The page's languages: English stands in the code, others in gettext catalogues under ``filterviz/locale``."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import streamlit as st

from filterviz.ui import streamlit_private

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages of the page by the code that stands in its address."""

FOLDER = Path(__file__).parents[1] / "locale"

_CATALOGUES = {"zh": "zh_CN"}

_CHOSEN = "language"

_SPOKEN = ContextVar("spoken", default="")


def choose(wanted: str) -> str:
    """Choose the language of this visitor's page.

    Args:
        wanted: A key of :data:`LANGUAGES`; with anything else the browser's language is chosen.

    Returns:
        The language that was chosen.
    """
    browser = (st.context.locale or "")[:2].lower()
    found = next((code for code in (wanted, browser) if code in LANGUAGES), "en")
    st.session_state[_CHOSEN] = found
    return found


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language within the block, in a thread where no page is being drawn."""
    token = _SPOKEN.set(code)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> str:
    """The visitor's language; English where there is no visitor."""
    if spoken := _SPOKEN.get():
        return spoken
    if not streamlit_private.has_visitor():
        return "en"
    return str(st.session_state.get(_CHOSEN, "en"))


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """The translations of a language; the messages themselves where there are none."""
    return gettext.translation("filterviz", FOLDER, [_CATALOGUES.get(code, code)], fallback=True)


def _(message: str) -> str:
    """A sentence in the visitor's language."""
    return catalogue(language()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """A sentence about a number of things in the visitor's language."""
    return catalogue(language()).ngettext(one, many, number)


def speaker() -> Callable[[str], str]:
    """A function that translates into the visitor's language, also later and in another thread."""
    return catalogue(language()).gettext
