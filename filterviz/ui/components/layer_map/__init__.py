"""What leads to what in a network, as a column of layers with arcs beside it: a Streamlit component."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from filterviz.analysis.layer_map import Arc
from filterviz.ui.components import trigger
from filterviz.ui.components.component import component


@dataclass(frozen=True, slots=True)
class MapRow:
    """One layer as the browser gets it.

    Attributes:
        index: The index of the layer in its network.
        name: Its name.
        about: What it is, or why it cannot be shown.
        shown: Whether it is one of the layers on the page.
        current: Whether it is the layer that is looked at.
        pressable: Whether it can be shown.
    """

    index: int
    name: str
    about: str
    shown: bool
    current: bool
    pressable: bool


def mount(
    rows: Sequence[MapRow],
    joined: Sequence[bool],
    arcs: Sequence[Arc],
    *,
    label: str,
    key: str,
    choose: Callable[[int], None],
) -> None:
    """Draw the map.

    Args:
        rows: The layers in the order of the computation.
        joined: For each row whether it takes what the row above gives.
        arcs: What leads further than to the next row.
        label: What the map is, for those who do not see it.
        key: Key of the component, which no other on the page has.
        choose: Called with the index of a layer when it is pressed, before anything is drawn again.
    """
    data = {
        "label": label,
        "rows": [asdict(row) for row in rows],
        "joined": list(joined),
        "arcs": [asdict(arc) for arc in arcs],
    }
    _MAP(data=data, key=key, on_choose_change=partial(trigger.pass_on, key, "choose", choose))


_MAP = component(Path(__file__).parent)
