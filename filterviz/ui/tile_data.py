"""What the browser gets of one tile of a wall: its image, and the words about it."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filterviz.service.job_state import LayerState
from filterviz.spec import Flag, Pattern
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
        image = _finished(pattern)
    else:
        image = _link(state.previews[channel], quality=75) if begun else _EMPTY
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


# Patterns are compared by identity, and a wall keeps its own, so this remembers what is on somebody's page.


@lru_cache(maxsize=2048)
def _finished(pattern: Pattern) -> str:
    return _link(pattern.tile, quality=92)


def _link(image: NDArray[np.uint8], quality: int) -> str:
    """An image as a ``data:`` link. WebP takes a fifth of a PNG's bytes, and nobody sees the difference on the page."""
    stream = io.BytesIO()
    grey = image.shape[2] == 1
    Image.fromarray(image[:, :, 0] if grey else image).save(stream, "WEBP", quality=quality, method=1)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"
