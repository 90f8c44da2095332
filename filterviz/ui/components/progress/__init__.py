"""How far the work of a page is, as the browser draws it: a Streamlit component (Components v2).

It is also what asks the page's feed (:mod:`filterviz.ui.feed`) for news, and passes them on to the walls.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from filterviz.ui.components.component import component


@dataclass(frozen=True, slots=True)
class Bar:
    """What the bar shows.

    Attributes:
        share: How much is done, 0 to 1; ``None`` where there is nothing to do.
        line: The line below.
    """

    share: float | None
    line: str


def mount(feed: str, drawn: str, bar: Bar, *, hold: bool, label: str, key: str) -> None:
    """Draw the bar, and have the page drawn anew when what it depends on has changed.

    Args:
        feed: Name of the page's feed, which has the items ``bar`` (:class:`Bar`) and ``page``.
        drawn: What the page depends on as it is drawn: the feed's item ``page`` at this moment.
        bar: What the bar shows now.
        hold: Whether something lies above the page, so that it is not drawn anew.
        label: What the bar is, for those who do not see it.
        key: Key of the component, which no other on the page has.
    """
    data = {"feed": feed, "drawn": drawn, "hold": hold, "bar": asdict(bar), "label": label}
    # That the trigger draws the page again is all that is wanted of it.
    _PROGRESS(data=data, key=key, on_changed_change=lambda: None)


_PROGRESS = component(Path(__file__).parent)
