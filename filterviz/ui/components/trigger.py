"""What the browser sends back from a component."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def pass_on(key: str, name: str, take: Callable[[int], None]) -> None:
    """Call a function with the number that a component has sent, if it is one; for a component's callback.

    Args:
        key: Key of the component.
        name: Name of its trigger.
        take: Called with the number. Anybody can send anything, so it must check what the number stands for.
    """
    sent = (st.session_state.get(key) or {}).get(name)
    if isinstance(sent, int | float) and not isinstance(sent, bool) and sent == int(sent):
        take(int(sent))
