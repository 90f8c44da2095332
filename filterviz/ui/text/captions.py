"""The words about one tile: its mark, its alternative text, and what is said when it is pointed at."""

from __future__ import annotations

import weakref

from filterviz.imaging import flat
from filterviz.spec import Flag, Pattern
from filterviz.ui.i18n import _
from filterviz.ui.text import colours, labels, quantities


def tile_mark(pattern: Pattern | None, name: str = "") -> str:
    """The mark beside a filter's number under its tile: its class, and what must not be overlooked or looks broken."""
    if pattern is None:
        return name
    if Flag.SILENT in pattern.flags:
        found = _("never active")
    elif Flag.NOT_FINITE in pattern.flags:
        found = _("overflowed")
    else:
        colour = _plain_colour(pattern)
        found = "" if colour is None else colours.plain(*colour)
    return " · ".join(filter(None, [name, found]))


_COLOURS: weakref.WeakKeyDictionary[Pattern, tuple[str, str] | None] = weakref.WeakKeyDictionary()


def _plain_colour(pattern: Pattern) -> tuple[str, str] | None:
    """The one colour of a pattern, found once for as long as the pattern is in memory."""
    if pattern not in _COLOURS:
        _COLOURS[pattern] = flat.plain_colour(pattern.tile)
    return _COLOURS[pattern]


def tile_alternative(channel: int, pattern: Pattern | None, *, begun: bool = True, name: str = "") -> str:
    """The alternative text of a tile. The only name in it is that of a class, made harmless by :func:`labels.label`.

    Args:
        channel: The number of the filter.
        pattern: The finished pattern, if it is finished.
        begun: Whether there is an unfinished pattern.
        name: The class that the filter stands for, where that is known.
    """
    which = labels.named(channel, name)
    if pattern is None:
        found = _("Unfinished pattern of filter {filter}") if begun else _("No image yet of filter {filter}")
        return found.format(filter=which)
    if Flag.SILENT in pattern.flags:
        return _("No pattern: filter {filter} is never active").format(filter=which)
    return _("Pattern of filter {filter}, response {response}").format(
        filter=which, response=quantities.number(pattern.response_end)
    )


def tip(channel: int, pattern: Pattern | None, name: str = "") -> str:
    """The numbers of a tile and the class of its filter, for whoever points at it."""
    which = labels.named(channel, name)
    if pattern is None:
        return _("Filter {filter}").format(filter=which)
    if Flag.SILENT in pattern.flags:
        return _("Filter {filter} · never active: no image we tried activates it").format(filter=which)
    line = _("Filter {filter} · response {start} at the start, {end} at the end").format(
        filter=which, start=quantities.number(pattern.response_start), end=quantities.number(pattern.response_end)
    )
    return " · ".join([line, _("still rising")]) if Flag.UNCONVERGED in pattern.flags else line


def flag(value: Flag) -> str:
    """What a flag means, as a sentence."""
    return {
        Flag.SILENT: _(
            "This filter is never active: no image we tried gave it a response above zero, so the image shows no "
            "pattern."
        ),
        Flag.UNCONVERGED: _("The response was still rising when the steps ended; more steps would sharpen the image."),
        Flag.NOT_FINITE: _("The numbers overflowed on the way; the image is the last one before that."),
    }[value]
