"""The wall as the browser draws it: a Streamlit component (Components v2) of plain JavaScript, without a build step.

Streamlit's own buttons cannot be walked through with the arrow keys, mark each other or say a number when pointed at,
and a wall of a hundred of them is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile as the browser gets it.

    Attributes:
        filter: its number.
        picture: a link to it, most often a ``data:`` one.
        text: its alternative text.
        mark: what stands beside its number; often empty.
        tip: what is said about it when it is pointed at.
        state: ``done``, ``begun`` or ``empty``; only what is done can be opened.
        silent: whether it shows no pattern, and is not to be mistaken for one.
        near: the filters of the wall beside it that look most like it, the nearest first.
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
    rows: int,
    label: str,
    hint: str,
    pair: str,
    side: int,
    waiting: bool,
    relatives: str,
    key: str,
    seen: Callable[[], None],
    near: Callable[[], None],
) -> int | None:
    """Draw a wall.

    Args:
        tiles: in order, filling one column after the other.
        rows: of the wall.
        label: what the wall is, for those who do not see it.
        hint: what stands below it while no tile is pointed at.
        pair: the same for two walls that stand beside each other, and for no others.
        side: 0 or 1, which of the two this is.
        waiting: whether it will be made later.
        relatives: ``none`` where there are none, ``possible`` where they could be found, ``known`` where they stand in
            the tiles.
        key: of the component, unlike that of any other on the page.
        seen: called once when a wall that is waiting comes into view.
        near: called when a tile is pointed at whose relatives could be found.

    Returns:
        The filter whose tile was chosen just now.
    """
    data: dict[str, Any] = {
        "label": label,
        "hint": hint,
        "rows": rows,
        "pair": pair,
        "side": side,
        "waiting": waiting,
        "relatives": relatives,
        "tiles": [asdict(tile) for tile in tiles],
    }
    result = _TILES(data=data, key=key, on_open_change=_nothing, on_seen_change=seen, on_near_change=near)
    chosen = result.get("open")
    return int(chosen) if isinstance(chosen, int | float) else None


def _nothing() -> None:
    """A trigger needs somebody to call; what was chosen stands in the result."""


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_TILES = st.components.v2.component(
    "filterviz_tiles", html=_read("tiles.html"), css=_read("tiles.css"), js=_read("tiles.js")
)
