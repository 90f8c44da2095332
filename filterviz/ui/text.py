"""The sentences of the page, and names from files made harmless.

Names never go into Markdown: they are shown as plain text by widgets, or escaped in HTML.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from filterviz.analysis.layer_matching import CONVOLUTIONS
from filterviz.errors import EngineFailed, FiltervizError, RefusalCode, Refused, TimedOut, WeightsUnavailable
from filterviz.service import comparison
from filterviz.service.job_state import LayerState
from filterviz.service.model import VGG16, Model
from filterviz.spec import Flag, LayerSpec, ModelSpec, Pattern, PixelRange, Recipe
from filterviz.spec.names import LONGEST_NAME
from filterviz.spec.names import plain as plain
from filterviz.ui.i18n import _, language, ngettext, speaker

REFERENCE = "VGG16"


def escaped(name: str, longest: int = LONGEST_NAME) -> str:
    """A name from a file for use in HTML, as text or in a quoted attribute.

    Example:
        >>> escaped('<img src=x onerror="alert(1)">')
        '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(plain(name, longest))


def convolutions(spec: ModelSpec) -> list[LayerSpec]:
    """The layers whose filters were learned and can be shown."""
    return [layer for layer in spec.visualisable if layer.kind in CONVOLUTIONS]


def filters(number: int) -> str:
    """A number of filters.

    Example:
        >>> filters(1), filters(2304)
        ('1 filter', '2,304 filters')
    """
    return ngettext("{number:,} filter", "{number:,} filters", number).format(number=number)


def model_line(model: Model) -> str:
    """One line about a model, for a person.

    ``cats_and_dogs.h5 · 4 conv layers · 352 filters · 150x150x3 · Keras 2.1.6``
    """
    layers = convolutions(model.spec)
    parts = [plain(model.name)]
    if layers:
        parts.append(ngettext("{number} conv layer", "{number} conv layers", len(layers)).format(number=len(layers)))
        parts.append(filters(sum(layer.channels or 0 for layer in layers)))
    if model.spec.input_shape is not None:
        parts.append(picture_size(model.spec.input_shape[1:]))
    if model.spec.keras_version:
        parts.append(f"Keras {plain(model.spec.keras_version, 16)}")
    return " · ".join(parts)


def model_sentence(spec: ModelSpec) -> str:
    """What a network is, to somebody who has never heard of a layer."""
    shape = spec.input_shape
    sides, channels = (None, None) if shape is None or len(shape) != 4 else (shape[1:3], shape[3])
    kind = {1: _("grey pictures"), 3: _("colour pictures")}.get(channels or 0, _("pictures"))
    if sides is not None and None not in sides:
        seen = _("It looks at {kind} of {width} x {height} pixels").format(kind=kind, width=sides[1], height=sides[0])
    else:
        seen = _("It looks at {kind} of any size").format(kind=kind)
    fields = [layer.receptive_field for layer in convolutions(spec) if layer.receptive_field]
    if not fields:
        return f"{seen}."
    if max(fields) == min(fields):
        sees = _("each of its filters sees {most} pixels across").format(most=max(fields))
    else:
        sees = _("its first filters see {least} pixels across, its deepest {most}").format(
            least=min(fields), most=max(fields)
        )
    return f"{seen}; {sees}."


def picture_size(sides: Iterable[int | None]) -> str:
    """The size of a picture, ``any`` where it is free.

    Example:
        >>> picture_size((None, None, 3)), picture_size((150, 150, 3))
        ('any size x 3', '150x150x3')
    """
    sides = tuple(sides)
    if len(sides) == 3 and sides[0] is None and sides[1] is None:
        return _("any size x {channels}").format(channels=sides[2])
    return "x".join(_("any") if side is None else str(side) for side in sides)


def layer_option(layer: LayerSpec) -> str:
    """A layer in a list to choose from."""
    return f"{plain(layer.name, 40)} · {filters(layer.channels or 0)}"


def reference_option(layer: LayerSpec) -> str:
    """A layer of the other network in a list to choose from."""
    return f"{plain(layer.name, 40)} · {_filters_and_field(layer)}"


def layer_line(layer: LayerSpec) -> str:
    """What a layer is, in a few words."""
    line = _filters_and_field(layer)
    return _("{line}; a gate over the whole picture weighs its channels").format(line=line) if layer.gated else line


def seen(layer: LayerSpec) -> str:
    """How far a layer sees, as a cell of a table; empty where that is the whole picture or makes no sense."""
    if not layer.receptive_field:
        return ""
    pixels = f"{layer.receptive_field} px"
    return _("{pixels}, gated").format(pixels=pixels) if layer.gated else pixels


def _filters_and_field(layer: LayerSpec) -> str:
    count = filters(layer.channels or 0)
    if layer.receptive_field is None:
        return _("{filters} · sees the whole picture").format(filters=count)
    return _("{filters} · sees {pixels} px").format(filters=count, pixels=layer.receptive_field)


LONGEST_LABEL = 40
"""Characters of a class's name that are shown."""


def label_of(spec: ModelSpec, layer: str, channel: int) -> str:
    """What a filter stands for, where it is an output of the network and that is known; empty elsewhere."""
    return label(spec.labels(layer), channel)


def label(labels: Sequence[str], channel: int) -> str:
    """The name of a filter among those of its layer, made harmless; empty where it has none."""
    return plain(labels[channel], LONGEST_LABEL) if channel < len(labels) else ""


def named(channel: int, name: str = "") -> str:
    """A filter's number, with what it stands for where that is known.

    Example:
        >>> named(3), named(0, "Cat")
        ('3', '0 (Cat)')
    """
    return f"{channel} ({name})" if name else str(channel)


def tile_mark(pattern: Pattern | None, name: str = "") -> str:
    """What stands under a tile beside its filter's number: what it stands for, and what must not be kept quiet."""
    flags = () if pattern is None else pattern.flags
    found = _("stays silent") if Flag.SILENT in flags else _("broke off") if Flag.NOT_FINITE in flags else ""
    return " · ".join(filter(None, [name, found]))


def tile_alternative(channel: int, pattern: Pattern | None, *, begun: bool = True, name: str = "") -> str:
    """The alternative text of a tile. No name is in it but that of a class, made harmless by :func:`label`.

    Args:
        channel: its number.
        pattern: the finished picture, if it is finished.
        begun: whether there is an unfinished one.
        name: what the filter stands for, where that is known.
    """
    which = named(channel, name)
    if pattern is None:
        found = _("Unfinished pattern of filter {filter}") if begun else _("No picture yet of filter {filter}")
        return found.format(filter=which)
    if Flag.SILENT in pattern.flags:
        return _("No pattern: filter {filter} stays silent").format(filter=which)
    return _("Pattern of filter {filter}, response {response}").format(
        filter=which, response=number(pattern.response_end)
    )


def tip(channel: int, pattern: Pattern | None, name: str = "") -> str:
    """The numbers of a tile, for whoever points at it, with what its filter stands for where that is known."""
    which = named(channel, name)
    if pattern is None:
        return _("Filter {filter}").format(filter=which)
    if Flag.SILENT in pattern.flags:
        return _("Filter {filter} · stays silent: no picture we tried makes it respond").format(filter=which)
    line = _("Filter {filter} · response {start} at the start, {end} at the end").format(
        filter=which, start=number(pattern.response_start), end=number(pattern.response_end)
    )
    return " · ".join([line, _("still rising")]) if Flag.UNCONVERGED in pattern.flags else line


def number(value: float) -> str:
    """A response with as many digits as say something.

    Example:
        >>> number(8614.4), number(0.0123456), number(0.0), number(float("nan"))
        ('8,614', '0.0123', '0', 'not a number')
    """
    if math.isnan(value):
        return _("not a number")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def side(model: Model) -> str:
    """What to call one side of a comparison."""
    if model.load_options.untrained is not None:
        return _("before training")
    if model.architecture == VGG16 and model.name == REFERENCE:
        return REFERENCE
    return plain(model.name, 40)


def others() -> dict[str, str]:
    """What every network can be compared with, as it stands in the address."""
    return {"": REFERENCE, "untrained": _("itself before training")}


def story(accuracy: float) -> str:
    """What the page shows before anybody gives it a file."""
    return _(
        "Beside this text: a small network, trained on 2,000 photographs of cats and dogs until it was right about "
        "{accuracy:.0%} of 2,000 others, and VGG16, which has learned from over a million photographs. Move the "
        "slider to see what training did to the small one. Press a picture to see it large."
    ).format(accuracy=accuracy)


def rounds(facts: Mapping[str, Any]) -> int:
    """How long a stage has been trained, from what is recorded of it: of the last stage all rounds are."""
    epochs = facts.get("epochs")
    return len(epochs) if isinstance(epochs, list) else int(facts.get("epoch", 0))


def stage(facts: Mapping[str, Any]) -> str:
    """A stage of training on a slider, from what is recorded of it.

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


def pairing(layer: LayerSpec, other: LayerSpec, mine: LayerState, its: LayerState) -> str:
    """Why two layers stand beside each other, and under which conditions their pictures were made."""
    fields = [item.receptive_field for item in (layer, other)]
    why = _("Both see the whole picture.") if fields == [None, None] else _("They stand at a like depth.")
    if None not in fields:
        why = _("A filter sees {mine} px here and {its} px there.").format(mine=fields[0], its=fields[1])
    differences = comparison.differing(mine, its, speaker())
    if not differences:
        same = _("Both were made under the same conditions.")
        return f"{why} {same}" if mine.patterns and its.patterns else why
    unlike = _("Not the same on both sides: {differences}.").format(differences=", ".join(differences))
    return f"{why} {unlike}"


TEXTURE_PIXELS = 60
PART_PIXELS = 150
"""What a filter that sees so many pixels across can hold: edges, then textures, then parts of things. Rough: see how
VGG16's own patterns change between blocks 3, 4 and 5."""

EDGE_PIXELS = 12


def lesson(layer: LayerSpec, state: LayerState) -> str:
    """What can be seen in a wall, and what cannot be concluded from it, once it is finished; empty before."""
    if not state.complete:
        return ""
    pixels = layer.receptive_field
    if pixels is None:
        scope = _("Each of these looks at the whole picture.")
    elif pixels <= EDGE_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a colour, an edge, a stripe.")
    elif pixels <= TEXTURE_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a texture or a corner, not for a thing.")
    elif pixels <= PART_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a part of a thing, an eye, a wheel.")
    else:
        scope = _("Each of these sees {pixels} pixels across: room for whole things, if the network has learned any.")
    scope = scope.format(pixels=pixels)
    if layer.gated:
        gate = _("Besides, a gate over the whole picture weighs the channels; it makes them stronger or weaker.")
        scope = f"{scope} {gate}"
    silent = sum(Flag.SILENT in pattern.flags for pattern in state.patterns.values())
    if silent * 2 > len(state.wanted):
        found = _(
            "Most of the filters stay silent: this layer uses few of them, or its pictures are not what it expects."
        )
    elif silent:
        found = _("A filter that stays silent does no work that we could find; training sometimes leaves such behind.")
    else:
        found = _("A picture shows what excites a filter most, not what the network decides by.")
    return f"{scope} {found}"


def summary(state: LayerState) -> str:
    """How many of a wall's filters have a pattern."""
    patterns = state.patterns.values()
    silent = sum(Flag.SILENT in pattern.flags for pattern in patterns)
    shown = len(patterns) - silent
    if len(patterns) < len(state.wanted):
        return _("{done} of {total} finished").format(done=len(patterns), total=len(state.wanted))
    if not silent:
        return ngettext("1 filter, with a pattern", "all {number} filters have a pattern", shown).format(number=shown)
    return ngettext(
        "{shown} of {total} have a pattern, 1 stays silent",
        "{shown} of {total} have a pattern, {silent} stay silent",
        silent,
    ).format(shown=shown, total=len(state.wanted), silent=silent)


def seconds_left(seconds: float) -> str:
    """An honest guess, not a stopwatch.

    Example:
        >>> seconds_left(0.4), seconds_left(14.2), seconds_left(400)
        ('about 1 s left', 'about 14 s left', 'about 7 min left')
    """
    if seconds < 100:
        return _("about {seconds} s left").format(seconds=max(1, round(seconds)))
    return _("about {minutes} min left").format(minutes=round(seconds / 60))


def recipe(name: str) -> str:
    """A recipe in a list to choose from."""
    return {"natural": _("Natural"), "classic": _("Classic (the script)")}[name]


def objective(name: str) -> str:
    """What a pattern was made for."""
    return {
        "channel": _("what excites the filter most"),
        "negative": _("the opposite: what the filter answers to least"),
        "neuron": _("what excites it at the middle of the picture alone"),
    }[name]


def count(number_: int) -> str:
    """How many filters are shown at once."""
    return str(number_) if number_ else _("all")


def sort(name: str) -> str:
    """What tiles are put in order by."""
    return {"": _("number"), "response": _("response"), "similarity": _("likeness")}[name]


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
    """What the automatic choice is, and why."""
    guess = _("Our guess for this network: {range}, since {reason}.").format(
        range=pixel_range(spec.pixel_range), reason=plain(spec.pixel_range_reason, 200)
    )
    if recipe.spec.pixel_range is None:
        as_script = _("Automatic feeds the classic recipe's start picture, 128 to 148, as it is, as the script did.")
        return f"{guess} {as_script}"
    return guess


def computed_range(used: PixelRange | None) -> str:
    """The range a picture was computed in."""
    return _("as the script: 128 to 148, whatever the network expects") if used is None else pixel_range(used)


def flag(value: Flag) -> str:
    """What a flag means, as a sentence."""
    return {
        Flag.SILENT: _(
            "This filter stays silent: nothing we tried gave it a response above zero, so the picture shows no pattern."
        ),
        Flag.UNCONVERGED: _(
            "The response was still rising when the steps ended; more steps would sharpen the picture."
        ),
        Flag.NOT_FINITE: _("The numbers overflowed on the way; the picture is the last one before that."),
    }[value]


def problem(error: FiltervizError) -> tuple[str, str]:
    """What went wrong, and what to do next.

    The reader's own sentences are English and say it exactly; other languages put the kind of problem before them.
    """
    what, hint = (error.what, error.hint) if isinstance(error, Refused) else (str(error), "")
    if language() == "en":
        return what, hint
    return _kind(error), " ".join(part for part in (what, hint) if part)


def _kind(error: FiltervizError) -> str:
    if isinstance(error, Refused):
        return {
            RefusalCode.NOT_A_MODEL: _("This file is no Keras model. Save yours with model.save('model.keras')."),
            RefusalCode.DAMAGED: _("The file is damaged or was cut short. Copy or download it again."),
            RefusalCode.WEIGHTS_ONLY: _(
                "The file holds weights alone. Save the whole model: model.save('model.keras')."
            ),
            RefusalCode.NO_IMAGE_LAYERS: _("No layer of this network looks at pictures, so there is nothing to show."),
            RefusalCode.CODE_IN_FILE: _(
                "The file holds program code, which we never run. Save it without Lambda layers."
            ),
            RefusalCode.UNSUPPORTED_LAYER: _("The network begins with a layer that we do not know."),
            RefusalCode.OUTSIDE_DATA: _(
                "The file points to data outside itself, which we never follow. Save it whole."
            ),
            RefusalCode.TOO_LARGE: _("The file is too large. Save it without the optimizer: include_optimizer=False."),
            RefusalCode.TOO_DEEP: _("The network is nested deeper than we follow."),
            RefusalCode.BAD_CONFIG: _("The description of the network makes no sense. Save the model once more."),
            RefusalCode.MISMATCHED_WEIGHTS: _("The weights do not fit the network. Save the model once more."),
        }[error.code]
    if isinstance(error, TimedOut):
        return _("This took too long and was ended. Choose smaller tiles or fewer filters.")
    if isinstance(error, EngineFailed):
        return _("The work on this network broke off. Try again, with smaller tiles if it happens once more.")
    if isinstance(error, WeightsUnavailable):
        return _("VGG16's weights are not here; its shipped pictures go on being shown.")
    return _("This cannot be done as asked.")
