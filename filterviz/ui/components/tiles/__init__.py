"""The wall as the browser draws it: a Streamlit component (Components v2) of plain JavaScript, without a build step.

Streamlit's own buttons cannot be reached with the arrow keys, mark each other or show a number when pointed at, and a
wall of a hundred of them is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from filterviz.ui.components import trigger
from filterviz.ui.components.component import component


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile as the browser gets it.

    Attributes:
        filter: The number of the filter.
        image: A link to the image.
        text: The alternative text.
        mark: What stands beside the number; often empty.
        tip: What is said about the tile when it is pointed at.
        state: ``done``, ``begun`` or ``empty``; only a tile that is done can be opened.
        silent: Whether the tile shows no pattern, and must not be mistaken for one.
        near: The filters of the wall beside it that look most like it, the most similar first.
    """

    filter: int
    picture: str
    text: str
    mark: str
    tip: str
    state: str
    silent: bool = False
    near: tuple[int, ...] = ()


def mount(
    tiles: Sequence[Tile],
    *,
    feed: str,
    columns: int,
    by_rows: bool,
    label: str,
    hint: str,
    pair: str,
    side: int,
    beside: int,
    waiting: bool,
    relatives: str,
    legend: str,
    key: str,
    chosen: Callable[[int], None],
    seen: Callable[[], None],
    near: Callable[[], None],
) -> None:
    """Draw a wall.

    Args:
        tiles: The tiles in order.
        feed: Beginning of the names under which the page's feed has news of the wall: ``{feed}hint``, the hint, and
            ``{feed}17``, the tile of filter 17.
        columns: How many columns the wall has; fewer on a phone, where it is read by rows.
        by_rows: Whether the tiles fill one row after the other, or one column after the other.
        label: What the wall is, for those who do not see it.
        hint: What stands below the wall while no tile is pointed at.
        pair: A name that walls beside each other share, and no others.
        side: 0, 1 or 2, which of them this is.
        beside: Which of them the similar tiles belong to.
        waiting: Whether the wall will be made later.
        relatives: ``none`` where there are no similar tiles, ``possible`` where they could be found, ``known`` where
            the tiles name them.
        legend: What stands below the wall while tiles that look like the one pointed at are marked.
        key: Key of the component, which no other on the page has.
        chosen: Called with the number of a filter when its tile is pressed, before anything is drawn again.
        seen: Called once when a wall that is waiting comes into view.
        near: Called when a tile is pointed at whose similar tiles could be found.
    """
    data: dict[str, Any] = {
        "feed": feed,
        "label": label,
        "hint": hint,
        "columns": columns,
        "byRows": by_rows,
        "pair": pair,
        "side": side,
        "beside": beside,
        "waiting": waiting,
        "relatives": relatives,
        "legend": legend,
        "tiles": [asdict(tile) for tile in tiles],
    }
    opened = partial(trigger.pass_on, key, "open", chosen)
    _TILES(data=data, key=key, on_open_change=opened, on_seen_change=seen, on_near_change=near)


_TILES = component(Path(__file__).parent)
