"""The stages of a training on its accuracy curve, one of which is chosen: a Streamlit component (Components v2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from filterviz.ui.components import trigger
from filterviz.ui.components.component import component


@dataclass(frozen=True, slots=True)
class Stop:
    """A stage that can be chosen.

    Attributes:
        epoch: After how many epochs; 0 before the training.
        value: The accuracy then, 0 to 1.
        name: What it is called.
    """

    epoch: int
    value: float
    name: str


def mount(
    stops: Sequence[Stop],
    chosen: int,
    accuracies: Sequence[float],
    *,
    least: float,
    label: str,
    up: str,
    across: str,
    key: str,
    choose: Callable[[int], None],
) -> None:
    """Draw the curve with its stops.

    Args:
        stops: The stages, the first before the training.
        chosen: Which of them is shown.
        accuracies: The accuracy after each epoch, 0 to 1.
        least: The accuracy at the bottom; at the top it is 1.
        label: What is chosen, for those who do not see it.
        up: What the vertical axis shows.
        across: What the horizontal axis shows.
        key: Key of the component, which no other on the page has.
        choose: Called with the number of a stop when it is pressed, before the component is drawn again.
    """
    ticks = [{"at": at, "words": f"{at:.0%}"} for at in (least, (1 + least) / 2, 1.0)]
    data = {
        "label": label,
        "up": up,
        "across": across,
        "ticks": ticks,
        "last": len(accuracies),
        "least": least,
        "most": 1.0,
        "values": accuracies,
        "stops": [asdict(stop) for stop in stops],
        "chosen": chosen,
    }
    _STAGES(data=data, key=key, on_choose_change=partial(trigger.pass_on, key, "choose", choose))


_STAGES = component(Path(__file__).parent)
