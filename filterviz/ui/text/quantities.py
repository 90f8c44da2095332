"""Numbers in words: counts, sizes, responses and durations."""

from __future__ import annotations

import math
from collections.abc import Iterable

from filterviz.ui.i18n import _, ngettext


def filters(number: int) -> str:
    """A number of filters.

    Example:
        >>> filters(1), filters(2304)
        ('1 filter', '2,304 filters')
    """
    return ngettext("{number:,} filter", "{number:,} filters", number).format(number=number)


def image_size(sides: Iterable[int | None]) -> str:
    """The size of an image, ``any`` where it is free.

    Example:
        >>> image_size((None, None, 3)), image_size((150, 150, 3))
        ('any size x 3', '150x150x3')
    """
    sides = tuple(sides)
    if len(sides) == 3 and sides[0] is None and sides[1] is None:
        return _("any size x {channels}").format(channels=sides[2])
    return "x".join(_("any") if side is None else str(side) for side in sides)


def number(value: float) -> str:
    """A response with three significant digits.

    Example:
        >>> number(8614.4), number(0.0123456), number(0.0), number(float("nan"))
        ('8,614', '0.0123', '0', 'not a number')
    """
    if math.isnan(value):
        return _("not a number")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """A time, rounded so that it promises no more than an estimate can keep.

    Example:
        >>> duration(0.4), duration(14.2), duration(400), duration(3 * 3600 + 1200), duration(86400)
        ('1 s', '14 s', '7 min', '3 h 20 min', '24 h')
    """
    if seconds < 100:
        return _("{seconds} s").format(seconds=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 100:
        return _("{minutes} min").format(minutes=minutes)
    if minutes % 60 == 0:
        return _("{hours} h").format(hours=minutes // 60)
    return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


def seconds_left(least: float, most: float) -> str:
    """The time left, as a range.

    Example:
        >>> seconds_left(0.3, 0.4), seconds_left(20, 31.2), seconds_left(80, 125), seconds_left(310, 485)
        ('about 1 s left', '20 to 31 s left', '1 to 2 min left', '5 to 8 min left')
        >>> seconds_left(7000, 11000)
        '2 to 3 h left'
    """
    if most < 100:
        low, high, words = max(1, round(least)), max(1, round(most)), _("{least} to {most} s left")
    elif most < 6000:
        low, high, words = max(1, round(least / 60)), round(most / 60), _("{least} to {most} min left")
    else:
        low, high, words = max(1, round(least / 3600)), round(most / 3600), _("{least} to {most} h left")
    if low == high:
        return _("about {time} left").format(time=duration((least * most) ** 0.5))
    return words.format(least=low, most=high)
