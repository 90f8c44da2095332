"""What the browser gets of one tile of a wall: its image, and the words about it."""

from __future__ import annotations

from filterviz.service.job_state import LayerState
from filterviz.spec import Flag
from filterviz.ui import images
from filterviz.ui.components.tiles import Tile
from filterviz.ui.text import captions

_EMPTY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E"


def tile(state: LayerState, channel: int, near: tuple[int, ...] = (), name: str = "") -> Tile:
    """One tile of a wall, as the browser gets it.

    Args:
        state: The state of the wall.
        channel: The number of the filter.
        near: The filters on the other side that look most like it.
        name: The class that the filter stands for, where that is known.
    """
    pattern = state.patterns.get(channel)
    begun = channel in state.previews
    if pattern is not None:
        image = images.of_pattern(pattern)
    else:
        image = images.of_preview(state.previews[channel]) if begun else _EMPTY
    return Tile(
        channel,
        image,
        captions.tile_alternative(channel, pattern, begun=begun, name=name),
        captions.tile_mark(pattern, name),
        captions.tip(channel, pattern, name),
        "done" if pattern is not None else "begun" if begun else "empty",
        pattern is not None and Flag.SILENT in pattern.flags,
        near,
    )


def small(state: LayerState, channel: int) -> str:
    """A link to a small image of a tile, finished or not; to an empty one where there is nothing of it yet."""
    pattern, preview = state.patterns.get(channel), state.previews.get(channel)
    if pattern is not None:
        return images.of_pattern(pattern, small=True)
    return _EMPTY if preview is None else images.of_preview(preview, small=True)
