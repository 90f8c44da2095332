"""Colours in words."""

from __future__ import annotations

from filterviz.ui.i18n import _


def plain(shade: str, hue: str) -> str:
    """What a tile of one colour is called.

    Args:
        shade: ``light``, ``dark`` or empty.
        hue: See :func:`filterviz.imaging.flat.plain_colour`.

    Example:
        >>> plain("light", "grey"), plain("", "black")
        ('plain light grey', 'plain black')
    """
    colour = _hues()[hue]
    shaded = {"light": _("light {hue}"), "dark": _("dark {hue}")}.get(shade, "{hue}").format(hue=colour)
    return _("plain {colour}").format(colour=shaded)


def _hues() -> dict[str, str]:
    return {
        "red": _("red"),
        "orange": _("orange"),
        "yellow": _("yellow"),
        "green": _("green"),
        "turquoise": _("turquoise"),
        "blue": _("blue"),
        "purple": _("purple"),
        "pink": _("pink"),
        "grey": _("grey"),
        "black": _("black"),
        "white": _("white"),
    }
