"""What is said about a wall as a whole, and about two walls beside each other."""

from __future__ import annotations

from filterviz.service import comparison
from filterviz.service.job_state import LayerState
from filterviz.spec import Flag, LayerSpec
from filterviz.ui.i18n import _, ngettext, speaker


def pairing(layer: LayerSpec, other: LayerSpec, mine: LayerState, its: LayerState) -> str:
    """Why two layers stand beside each other, and under which conditions their patterns were made."""
    fields = [item.receptive_field for item in (layer, other)]
    why = _("Both see the whole image.") if fields == [None, None] else _("They lie at a similar depth.")
    if None not in fields:
        why = _("A filter sees {mine} pixels across here and {its} there.").format(mine=fields[0], its=fields[1])
    differences = comparison.differing(mine, its, speaker())
    if not differences:
        same = _("Both walls use the same settings.")
        return f"{why} {same}" if mine.patterns and its.patterns else why
    unlike = _("Not the same on both sides: {differences}.").format(differences=", ".join(differences))
    return f"{why} {unlike}"


EDGE_PIXELS = 12
TEXTURE_PIXELS = 60


PART_PIXELS = 150
"""Receptive fields up to which a filter has room for an edge, a texture, a part of a thing. They are rough, and follow
how VGG16's own patterns change between blocks 3, 4 and 5."""


def lesson(layer: LayerSpec, state: LayerState) -> str:
    """What can be seen in a wall, and what cannot be concluded from it, once it is finished; empty before."""
    if not state.complete:
        return ""
    pixels = layer.receptive_field
    if pixels is None:
        scope = _("Each of these looks at the whole image.")
    elif pixels <= EDGE_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a colour, an edge, a stripe.")
    elif pixels <= TEXTURE_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a texture or a corner, not for an object.")
    elif pixels <= PART_PIXELS:
        scope = _("Each of these sees {pixels} pixels across: room for a part of an object, such as an eye or a wheel.")
    else:
        scope = _("Each of these sees {pixels} pixels across: room for whole objects, if the network has learned any.")
    scope = scope.format(pixels=pixels)
    if layer.gated:
        gate = _("Besides, a gate over the whole image weighs the channels; it makes them stronger or weaker.")
        scope = f"{scope} {gate}"
    silent = sum(Flag.SILENT in pattern.flags for pattern in state.patterns.values())
    if silent * 2 > len(state.wanted):
        found = _(
            "Most of these filters are never active: the layer uses few of them, or it expects other pixel values."
        )
    elif silent:
        found = _(
            "A filter that is never active does nothing that we could find. Training sometimes leaves such filters "
            "behind."
        )
    else:
        found = _("An image shows what excites a filter most, not what the network decides by.")
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
        "{shown} of {total} have a pattern, 1 is never active",
        "{shown} of {total} have a pattern, {silent} are never active",
        silent,
    ).format(shown=shown, total=len(state.wanted), silent=silent)
