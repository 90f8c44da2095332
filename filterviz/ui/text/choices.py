"""What the visitor can choose, in words."""

from __future__ import annotations

import re

from filterviz.spec import ModelSpec, PixelRange, Recipe
from filterviz.spec.names import plain
from filterviz.ui.i18n import _, language


def recipe(name: str) -> str:
    """A recipe in a list to choose from."""
    return {"natural": _("Natural"), "classic": _("Original method")}[name]


def objective(name: str) -> str:
    """What a pattern is made for."""
    return {
        "channel": _("what excites the filter most"),
        "negative": _("the opposite: what the filter responds to least"),
        "neuron": _("what excites it at the centre of the image only"),
    }[name]


def count(number_: int) -> str:
    """How many filters are shown at once."""
    return str(number_) if number_ else _("all")


def sort(name: str) -> str:
    """What tiles are sorted by."""
    return {"": _("number"), "response": _("strongest first"), "similarity": _("similar together")}[name]


def pixel_range(choice: PixelRange) -> str:
    """A range of pixel values in words."""
    return {
        PixelRange.AUTO: _("Automatic"),
        PixelRange.UNIT: _("0 to 1 (divided by 255)"),
        PixelRange.SIGNED: _("-1 to 1"),
        PixelRange.BYTE: _("0 to 255"),
        PixelRange.CAFFE: _("ImageNet means subtracted, blue first"),
    }[choice]


def pixel_range_guess(spec: ModelSpec, recipe: Recipe) -> str:
    """What the automatic choice of pixel values is, and why."""
    guess = _("Our guess for this network: {range}, since {reason}.").format(
        range=pixel_range(spec.pixel_range), reason=_reason(spec.pixel_range_reason)
    )
    if recipe.spec.pixel_range is None:
        as_script = _("Automatic feeds the classic recipe's start image, 128 to 148, as it is, as the script did.")
        return f"{guess} {as_script}"
    return guess


def _reason(reason: str) -> str:
    """The reason for a guess, as :mod:`filterviz.reader.pixels` gives it, in the visitor's language."""
    if language() == "en":
        return plain(reason, 200)
    if named := re.match(r"its layers are named as (\w+)'s are", reason, re.ASCII):
        return _("its layers are named as {network}'s are").format(network=named[1])
    known = {
        "most networks are trained on 0-1": _("most networks are trained on 0-1"),
        "the mean and the variance that its Normalization holds fit these": _("its Normalization fits these"),
        "the means and variances its first normalisation kept in training fit these": _(
            "what its first normalisation kept in training fits these"
        ),
        "code that is not run prepares its pixels; -1 to 1 is the most usual outcome": _(
            "code that is not run prepares its pixels; -1 to 1 is the most usual outcome"
        ),
    }
    return known.get(reason) or _("it prepares its pixels itself")


def computed_range(used: PixelRange | None) -> str:
    """The range of pixel values in which a pattern was computed."""
    return _("as in the script: 128 to 148, whatever the network expects") if used is None else pixel_range(used)
