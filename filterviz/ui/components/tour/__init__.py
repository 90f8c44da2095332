"""A few steps that explain the page, shown once in each browser: a Streamlit component (Components v2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from filterviz.ui.components.component import component
from filterviz.ui.i18n import _


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        at: A CSS selector of what it is about, which is marked meanwhile.
        words: What it says.
    """

    at: str
    words: str


def mount(steps: Sequence[Step], *, key: str) -> None:
    """Show the steps, where this browser has not seen them."""
    count = len(steps)
    data = {
        "label": _("A short tour"),
        "steps": [asdict(step) for step in steps],
        "place": [_("{number} of {count}").format(number=number + 1, count=count) for number in range(count)],
        "next": _("Next"),
        "done": _("Done"),
        "skip": _("Skip"),
    }
    _TOUR(data=data, key=key)


_TOUR = component(Path(__file__).parent)
