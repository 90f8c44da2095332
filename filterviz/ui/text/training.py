"""What is said about the demo network and the stages of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.ui.i18n import _, ngettext


def story(accuracy: float) -> str:
    """What the page shows before anybody gives it a file."""
    return _(
        "On this page: a small network, trained on 2,000 photographs of cats and dogs until it was right about "
        "{accuracy:.0%} of 2,000 others, and VGG16, which has learned from over a million photographs. Move the "
        "slider to see what training did to the small one. Press a picture to see it large."
    ).format(accuracy=accuracy)


def rounds(facts: Mapping[str, Any]) -> int:
    """For how many rounds a stage has been trained. The last stage records each round, the others their number."""
    epochs = facts.get("epochs")
    return len(epochs) if isinstance(epochs, list) else int(facts.get("epoch", 0))


def stage(facts: Mapping[str, Any]) -> str:
    """A stage of training on a slider, from the facts recorded about it.

    Example:
        >>> stage({"epoch": 0}), stage({"epoch": 5, "val_accuracy": 0.6095})
        ('not at all', '5 rounds (61% right)')
    """
    number = rounds(facts)
    accuracy = facts.get("val_accuracy", facts.get("accuracy"))
    if not number:
        return _("not at all")
    trained = ngettext("{number} round", "{number} rounds", number).format(number=number)
    return trained if accuracy is None else _("{rounds} ({right:.0%} right)").format(rounds=trained, right=accuracy)
