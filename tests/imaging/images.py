"""Patterns made by hand, for the tests of what is done with them."""

from __future__ import annotations

import numpy as np

from filterviz.spec import Flag, Pattern, PixelRange, Precision


def pattern(channel: int = 0, *, layer: str = "conv", size: int = 64, channels: int = 3, **changes: object) -> Pattern:
    tile = np.random.default_rng(channel).integers(0, 256, (size, size, channels), dtype=np.uint8)
    fields = {
        "layer": layer,
        "filter": channel,
        "tile": tile,
        "response_start": 0.25,
        "response_end": float("nan"),
        "curve": (0.25, float("nan")),
        "flags": (Flag.NOT_FINITE,),
        "seed": 7,
        "seconds": 0.5,
        "precision": Precision.FLOAT32,
        "pixel_range": PixelRange.UNIT,
    }
    return Pattern(**{**fields, **changes})  # type: ignore[arg-type]
