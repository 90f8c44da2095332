"""The sentences of the page, and names from files made harmless.

Names never go into Markdown: they are shown as plain text by widgets, or escaped in HTML.
"""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from filterviz import comparing
from filterviz.jobs import LayerState
from filterviz.reference.matching import CONVOLUTIONS
from filterviz.spec import Flag, LayerSpec, ModelSpec, Pattern, PixelRange
from filterviz.studio import VGG16, Model

LONGEST_NAME = 80

OWN = "your network"
REFERENCE = "VGG16"
DEMO_SIDE = "cats & dogs"
"""The sides of the page."""

OTHERS = {"": REFERENCE, "untrained": "itself before training"}
"""What every network can be compared with, as it stands in the address."""

STORY = (
    "Beside this text: a small network, trained on 2,000 photographs of cats and dogs until it was right about "
    "{accuracy:.0%} of 2,000 others, and VGG16, which has learned from over a million photographs. Move the slider "
    "to see what training did to the small one. Press a picture to see it large."
)

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that command a terminal, turn text around, hide in it or break lines."""


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    r"""A name from a file as harmless plain text of bounded length.

    Example:
        >>> plain("conv\u202egnp\n1"), len(plain("x" * 5000))
        ('conv\ufffdgnp\ufffd1', 80)
    """
    short = name if len(name) <= longest else name[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _INVISIBLE else c for c in short)


def escaped(name: str, longest: int = LONGEST_NAME) -> str:
    """A name from a file for use in HTML, as text or in a quoted attribute.

    Example:
        >>> escaped('<img src=x onerror="alert(1)">')
        '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(plain(name, longest))


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "filter", "filters"), counted(2304, "filter", "filters")
        ('1 filter', '2,304 filters')
    """
    return f"{number:,} {one if number == 1 else many}"


def convolutions(spec: ModelSpec) -> list[LayerSpec]:
    """The layers whose filters were learned and can be shown."""
    return [layer for layer in spec.visualisable if layer.kind in CONVOLUTIONS]


def model_line(model: Model) -> str:
    """One line about a model, for a person.

    ``cats_and_dogs.h5 · 4 conv layers · 352 filters · 150x150x3 · Keras 2.1.6``
    """
    layers = convolutions(model.spec)
    parts = [plain(model.name)]
    if layers:
        parts.append(counted(len(layers), "conv layer", "conv layers"))
        parts.append(counted(sum(layer.channels or 0 for layer in layers), "filter", "filters"))
    if model.spec.input_shape is not None:
        parts.append(picture_size(model.spec.input_shape[1:]))
    if model.spec.keras_version:
        parts.append(f"Keras {plain(model.spec.keras_version, 16)}")
    return " · ".join(parts)


def picture_size(sides: Iterable[int | None]) -> str:
    """The size of a picture, ``any`` where it is free.

    Example:
        >>> picture_size((None, None, 3)), picture_size((150, 150, 3))
        ('any size x 3', '150x150x3')
    """
    sides = tuple(sides)
    if len(sides) == 3 and sides[0] is None and sides[1] is None:
        return f"any size x {sides[2]}"
    return "x".join("any" if side is None else str(side) for side in sides)


def layer_option(layer: LayerSpec) -> str:
    """A layer in a list to choose from."""
    return f"{plain(layer.name, 40)} · {counted(layer.channels or 0, 'filter', 'filters')}"


def reference_option(layer: LayerSpec) -> str:
    """A layer of VGG16 in a list to choose from."""
    return f"{plain(layer.name, 40)} · {layer_line(layer)}"


def layer_line(layer: LayerSpec) -> str:
    """What a layer is, in a few words."""
    filters = counted(layer.channels or 0, "filter", "filters")
    if layer.receptive_field is None:
        return f"{filters} · sees the whole picture"
    return f"{filters} · sees {layer.receptive_field} px"


def tile_label(filter_: int, pattern: Pattern | None) -> str:
    """What stands under a tile: its filter's number, and what must not be kept quiet."""
    if pattern is None:
        return str(filter_)
    if Flag.SILENT in pattern.flags:
        return f"{filter_} · stays silent"
    if Flag.NOT_FINITE in pattern.flags:
        return f"{filter_} · broke off"
    return str(filter_)


def tile_alternative(filter_: int, pattern: Pattern | None, *, begun: bool = True) -> str:
    """The alternative text of a tile. It holds no names, so it may stand in Markdown.

    Args:
        filter_: its number.
        pattern: the finished picture, if it is finished.
        begun: whether there is an unfinished one.
    """
    if pattern is None:
        return f"Unfinished pattern of filter {filter_}" if begun else f"No picture yet of filter {filter_}"
    if Flag.SILENT in pattern.flags:
        return f"No pattern: filter {filter_} stays silent"
    return f"Pattern of filter {filter_}, response {number(pattern.response_end)}"


def number(value: float) -> str:
    """A response with as many digits as say something.

    Example:
        >>> number(8614.4), number(0.0123456), number(0.0), number(float("nan"))
        ('8,614', '0.0123', '0', 'not a number')
    """
    if math.isnan(value):
        return "not a number"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def side(model: Model) -> str:
    """What to call one side of a comparison."""
    if model.opening.untrained is not None:
        return "before training"
    if model.architecture == VGG16 and model.name == REFERENCE:
        return REFERENCE
    return plain(model.name, 40)


def stage(facts: Mapping[str, Any]) -> str:
    """A stage of training on a slider, from what is recorded of it.

    Example:
        >>> stage({"epoch": 0}), stage({"epoch": 5, "val_accuracy": 0.6095})
        ('not at all', '5 rounds (61% right)')
    """
    epochs = facts.get("epochs")
    rounds = len(epochs) if isinstance(epochs, list) else int(facts.get("epoch", 0))
    accuracy = facts.get("val_accuracy", facts.get("accuracy"))
    if not rounds:
        return "not at all"
    return f"{counted(rounds, 'round', 'rounds')}" + (f" ({accuracy:.0%} right)" if accuracy is not None else "")


def pairing(layer: LayerSpec, other: LayerSpec, mine: LayerState, its: LayerState) -> str:
    """Why two layers stand beside each other, and under which conditions their pictures were made."""
    fields = [item.receptive_field for item in (layer, other)]
    why = "Both see the whole picture." if fields == [None, None] else "They stand at a like depth."
    if None not in fields:
        why = f"A filter sees {fields[0]} px here and {fields[1]} px there."
    differences = comparing.differing(mine, its)
    if not differences:
        return f"{why} Both were made under the same conditions." if mine.patterns and its.patterns else why
    return f"{why} Not the same on both sides: {', '.join(differences)}."


def summary(state: LayerState) -> str:
    """How many of a wall's filters have a pattern."""
    patterns = state.patterns.values()
    silent = sum(Flag.SILENT in pattern.flags for pattern in patterns)
    shown = len(patterns) - silent
    if len(patterns) < len(state.wanted):
        return f"{len(patterns)} of {len(state.wanted)} finished"
    if not silent:
        return f"all {shown} filters have a pattern" if shown > 1 else "1 filter, with a pattern"
    never = "1 stays silent" if silent == 1 else f"{silent} stay silent"
    return f"{shown} of {len(state.wanted)} have a pattern, {never}"


def seconds_left(seconds: float) -> str:
    """An honest guess, not a stopwatch.

    Example:
        >>> seconds_left(0.4), seconds_left(14.2), seconds_left(400)
        ('about 1 s left', 'about 14 s left', 'about 7 min left')
    """
    if seconds < 100:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


def recipe(name: str) -> str:
    """A recipe in a list to choose from."""
    return {"natural": "Natural", "classic": "Classic (the script)"}[name]


def objective(name: str) -> str:
    """What a pattern was made for."""
    return {
        "channel": "what excites the filter most",
        "negative": "the opposite: what the filter answers to least",
        "neuron": "what excites it at the middle of the picture alone",
    }[name]


def pixel_range(choice: PixelRange) -> str:
    """A range of pixel values in words."""
    return {
        PixelRange.AUTO: "Automatic",
        PixelRange.UNIT: "0 to 1 (divided by 255)",
        PixelRange.SIGNED: "-1 to 1",
        PixelRange.BYTE: "0 to 255",
        PixelRange.CAFFE: "ImageNet means subtracted, blue first",
    }[choice]


def pixel_range_guess(spec: ModelSpec, recipe: str) -> str:
    """What the automatic choice is, and why."""
    guess = f"Our guess for this network: {pixel_range(spec.pixel_range)}, since {plain(spec.pixel_range_reason, 200)}."
    if recipe == "classic":
        return f"{guess} Automatic feeds the classic recipe's start picture, 128 to 148, as it is, as the script did."
    return guess


def computed_range(used: PixelRange | None) -> str:
    """The range a picture was computed in."""
    return "as the script: 128 to 148, whatever the network expects" if used is None else pixel_range(used)


def flag(value: Flag) -> str:
    """What a flag means, as a sentence."""
    return {
        Flag.SILENT: "This filter stays silent: nothing we tried gave it a response above zero, so the picture shows "
        "no pattern.",
        Flag.UNCONVERGED: "The response was still rising when the steps ended; more steps would sharpen the picture.",
        Flag.NOT_FINITE: "The numbers overflowed on the way; the picture is the last one before that.",
    }[value]
