"""The queue in words: who else is served, and when a visitor's own work begins."""

from __future__ import annotations

from filterviz.spec import Standing
from filterviz.ui.i18n import _, ngettext
from filterviz.ui.text import quantities


def standing(standing: Standing, *, begun: bool) -> str:
    """Where a visitor's work stands; empty where nobody else is served.

    Args:
        standing: The place in the queue.
        begun: Whether the work has taken a step already, and only waits for its next turn.

    Example:
        >>> standing(Standing(place=2, others=3, seconds=20), begun=False)
        'place 2 in the queue, begins in about 20 s, 3 others are being served'
        >>> standing(Standing(place=1, others=1), begun=True), standing(Standing(place=0, others=0), begun=True)
        ('1 other is being served', '')
    """
    if not standing.others:
        return ""
    others = ngettext("{number} other is being served", "{number} others are being served", standing.others)
    parts = [others.format(number=standing.others)]
    if standing.place and not begun:
        if standing.seconds is not None:
            parts.insert(0, _("begins in about {time}").format(time=quantities.duration(standing.seconds)))
        parts.insert(0, _("place {place} in the queue").format(place=standing.place))
    return _(", ").join(parts)
