"""One filter, large, with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from filterviz.gallery import export, png
from filterviz.spec import Pattern
from filterviz.ui import blocks, text
from filterviz.ui.desk import Desk
from filterviz.ui.wall import DETAIL, Wall

WIDTH, HEIGHT = 320, 90
"""Of the curve, in its own units."""


def show(desk: Desk, walls: Sequence[Wall]) -> None:
    """The dialog of the tile that was pressed, if one is open."""
    key, filter_ = st.session_state.get(DETAIL, ("", -1))
    wall = next((wall for wall in walls if wall.key == key), None)
    pattern = None if wall is None else wall.look(desk).patterns.get(filter_)
    if wall is None or pattern is None:
        close()
        return
    st.dialog(f"Filter {filter_}", width="large", on_dismiss=close)(_one)(wall, pattern)


def close() -> None:
    """Forget which tile is open."""
    st.session_state.pop(DETAIL, None)


def _one(wall: Wall, pattern: Pattern) -> None:
    picture, numbers = st.columns(2, gap="medium")
    data = png.encode(pattern.tile)
    with picture, st.container(key="detail-picture"):
        st.image(data, width="stretch", alt=text.tile_alternative(pattern.filter, pattern), output_format="PNG")
    with numbers:
        for flag in pattern.flags:
            blocks.box(text.flag(flag), note=True)
        blocks.numbers(
            {
                "Layer": text.plain(pattern.layer),
                "Response at the start": text.number(pattern.response_start),
                "Response at the end": text.number(pattern.response_end),
                "Steps": str(len(pattern.curve) - 1),
                "Seed": str(pattern.seed),
                "Pixel values": text.computed_range(pattern.pixel_range),
                "Computed in": f"{pattern.precision.value}, {pattern.seconds:.2g} s",
                "Recipe": f"{wall.request.recipe.name}, {pattern.tile.shape[1]} px",
                "Shows": text.objective(wall.request.recipe.objective),
            }
        )
        blocks.curve(_points(pattern.curve), "The response, step by step", (WIDTH, HEIGHT))
        st.download_button(
            "Save this tile",
            data=data,
            file_name=export.wall_name(pattern.layer).replace("_pattern.png", f"_f{pattern.filter:03d}.png"),
            mime="image/png",
            on_click="ignore",
            icon=":material/download:",
        )


def _points(curve: Sequence[float]) -> list[tuple[float, float]]:
    """A curve's points in a box of ``WIDTH`` x ``HEIGHT``, the highest response at the top; NaNs left out."""
    finite = [(step, value) for step, value in enumerate(curve) if math.isfinite(value)]
    if len(finite) < 2:
        return []
    low = min(0.0, *(value for _, value in finite))
    high = max(value for _, value in finite)
    span = high - low or 1.0
    last = len(curve) - 1
    return [(WIDTH * step / last, HEIGHT * (1 - (value - low) / span)) for step, value in finite]
