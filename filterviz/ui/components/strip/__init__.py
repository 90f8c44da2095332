"""The layers of a network by depth, each with a few patterns, to go from one to the next: a Streamlit component."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from filterviz.ui.components import trigger
from filterviz.ui.components.component import component

FEED = "strip/"
"""Beginning of the names under which the page's feed has news of the strip: ``strip/3``, the links of layer 3."""


@dataclass(frozen=True, slots=True)
class StripLayer:
    """One layer as the browser gets it.

    Attributes:
        index: The index of the layer in its network.
        name: What stands below its patterns: its name, without what all layers have in common.
        about: The whole name and what the layer is, for those who point at it or hear it read out.
        images: Links to the images of a few tiles.
        current: Whether it is the layer that is looked at.
    """

    index: int
    name: str
    about: str
    pictures: tuple[str, ...]
    current: bool


def mount(
    layers: Sequence[StripLayer], *, label: str, ends: tuple[str, str], key: str, choose: Callable[[int], None]
) -> None:
    """Draw the strip.

    Args:
        layers: The layers, the shallowest first.
        label: What the strip is, for those who do not see it.
        ends: What the filters at its beginning and at its end look for.
        key: Key of the component, which no other on the page has.
        choose: Called with the index of a layer when it is pressed, before anything is drawn again.
    """
    data = {"feed": FEED, "label": label, "ends": ends, "layers": [asdict(layer) for layer in layers]}
    _STRIP(data=data, key=key, on_choose_change=partial(trigger.pass_on, key, "choose", choose))


_STRIP = component(Path(__file__).parent)
