"""What is said about the demo network and the stages of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.ui.i18n import _, ngettext


def example(slug: str) -> str:
    """What a network that comes with the program is called.

    Args:
        slug: One of :data:`~filterviz.service.model.EXAMPLES`.
    """
    names = {"cats_and_dogs": _("cats & dogs"), "digits": _("digits"), "shapes": _("shapes")}
    return names[slug]


def story(accuracy: float) -> str:
    """What the page shows before anybody gives it a file."""
    return _(
        "Below: a small network, trained on 2,000 photographs of cats and dogs until it was right about {accuracy:.0%} "
        "of 2,000 new ones, beside VGG16, which has learned from over a million photographs. Choose a stage on the "
        "curve to see what training changed. Press a tile to see it large."
    ).format(accuracy=accuracy)


def epochs(facts: Mapping[str, Any]) -> int:
    """For how many epochs a stage has been trained. The last stage records each of them, the others their number."""
    recorded = facts.get("epochs")
    return len(recorded) if isinstance(recorded, list) else int(facts.get("epoch", 0))


def accuracy(facts: Mapping[str, Any]) -> float | None:
    """The accuracy of a stage on photographs that it was not trained on, 0 to 1; ``None`` where it was not measured."""
    found = facts.get("val_accuracy", facts.get("accuracy"))
    return None if found is None else float(found)


def stage(facts: Mapping[str, Any]) -> str:
    """A stage of training in words, from the facts recorded about it.

    Example:
        >>> stage({"epoch": 0}), stage({"epoch": 5, "val_accuracy": 0.6095})
        ('untrained', '5 epochs, 61% accuracy')
    """
    number, found = epochs(facts), accuracy(facts)
    if not number:
        return _("untrained")
    trained = ngettext("{number} epoch", "{number} epochs", number).format(number=number)
    return trained if found is None else _("{epochs}, {accuracy:.0%} accuracy").format(epochs=trained, accuracy=found)
