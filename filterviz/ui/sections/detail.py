"""One filter, large: its numbers, its weights where it looks straight at the image, and the filters most like it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import streamlit as st

from filterviz.export import run_folder
from filterviz.imaging import png
from filterviz.spec import Pattern
from filterviz.spec.names import markdown_safe, plain
from filterviz.ui import address, blocks, curve, images
from filterviz.ui.i18n import _
from filterviz.ui.sections import variants
from filterviz.ui.session import Session
from filterviz.ui.text import captions, choices, labels, quantities
from filterviz.ui.tile_order import in_order, relatives
from filterviz.ui.view import OpenTile
from filterviz.ui.wall import ShownWall, WallPair

CURVE_HEIGHT = 90


def show(session: Session, pairs: Sequence[WallPair]) -> None:
    """The dialog of the tile that was pressed, if one is open."""
    tile = session.view.tile
    pair = None if tile is None else next((pair for pair in pairs if pair.index == tile.layer), None)
    wall = None if tile is None or pair is None else pair.wall(tile.side)
    pattern = None if tile is None or wall is None else wall.state(session).patterns.get(tile.filter)
    if tile is None or pair is None or wall is None or pattern is None:
        variants.leave(session)
        return
    beside, channel = pair.wall(0 if tile.side else 1), tile.filter
    title = _("Filter {filter} of {layer}, {side}").format(
        filter=labels.named(channel, wall.label(channel)), layer=plain(pattern.layer, 40), side=wall.side
    )
    close = partial(address.put, session.view.change(tile=None))
    st.dialog(markdown_safe(title), width="large", on_dismiss=close)(_draw)(session, wall, pattern, beside)


def _open(session: Session, wall: ShownWall, channel: int) -> NoReturn:
    """Show another tile in the place of this one."""
    address.go(session.view.change(tile=OpenTile(wall.index, wall.column, channel)))


def _draw(session: Session, wall: ShownWall, pattern: Pattern, beside: ShownWall | None) -> None:
    left, right = st.columns(2, gap="medium")
    several = variants.find(session, wall, pattern)
    with left:
        if several is not None:
            variants.show(session, wall, pattern, several)
        else:
            with st.container(key="detail-picture"):
                alternative = captions.tile_alternative(pattern.filter, pattern, name=wall.label(pattern.filter))
                blocks.images([blocks.Image(images.of_pattern(pattern), alternative)])
        _turn(session, wall, pattern)
    with right:
        for flag in pattern.flags:
            blocks.box(captions.flag(flag), note=True)
        lowest = min((value for value in pattern.curve if math.isfinite(value)), default=0.0)
        curve.show(pattern.curve, _("The response, step by step"), height=CURVE_HEIGHT, least=min(0.0, lowest))
        _kernel(pattern)
        if beside is not None:
            _relatives(session, wall, pattern, beside)
        variants.offer(session, wall, pattern, several)
        with st.expander(_("All numbers")):
            blocks.numbers(_numbers(wall, pattern))


def _numbers(wall: ShownWall, pattern: Pattern) -> dict[str, str]:
    return {
        _("Response at the start"): quantities.number(pattern.response_start),
        _("Response at the end"): quantities.number(pattern.response_end),
        _("Shows"): choices.objective(wall.request.recipe.objective),
        _("Recipe"): f"{choices.recipe(wall.request.recipe.name)}, {pattern.tile.shape[1]} px",
        _("Steps"): str(len(pattern.curve) - 1),
        _("Seed"): str(pattern.seed),
        _("Pixel values"): choices.computed_range(pattern.pixel_range),
        _("Computed in"): f"{pattern.precision.value}, {pattern.seconds:.2g} s",
    }


def _turn(session: Session, wall: ShownWall, pattern: Pattern) -> None:
    """Go to the tiles before and after, in the order of the wall, and save this one."""
    state = wall.state(session)
    order = [channel for channel in in_order(state, wall.sort) if channel in state.patterns]
    position = order.index(pattern.filter)
    with st.container(key="detail-turn", horizontal=True, vertical_alignment="center"):
        for name, icon, step in (
            (_("Previous"), ":material/chevron_left:", -1),
            (_("Next"), ":material/chevron_right:", 1),
        ):
            following = position + step
            if st.button(name, icon=icon, disabled=not 0 <= following < len(order), key=f"turn-{step}"):
                _open(session, wall, order[following])
        st.download_button(
            _("Save this tile"),
            data=png.encode(pattern.tile),
            file_name=run_folder.wall_name(pattern.layer).replace("_pattern.png", f"_f{pattern.filter:03d}.png"),
            mime="image/png",
            on_click="ignore",
            icon=":material/download:",
        )


def _kernel(pattern: Pattern) -> None:
    if pattern.kernel is None:
        return
    height, width, _channels = pattern.kernel.shape
    with st.container(key="detail-kernel", horizontal=True, vertical_alignment="center"):
        blocks.weights(pattern, 96)
        blocks.quiet(
            _(
                "The filter itself: the {width} x {height} weights that it applies at every position of the image. "
                "Grey is zero."
            ).format(width=width, height=height)
        )


def _relatives(session: Session, wall: ShownWall, pattern: Pattern, beside: ShownWall) -> None:
    """The tiles on the other side that look most like this one; each can be opened."""
    others = beside.state(session)
    near = relatives(wall.state(session), others).get(pattern.filter, ())
    if not near:
        return
    blocks.quiet(
        _("Most similar-looking in {layer} of {side}").format(layer=plain(beside.layer.name, 40), side=beside.side)
    )
    with st.container(key="detail-relatives", horizontal=True):
        for channel in near:
            found, name = others.patterns[channel], beside.label(channel)
            with st.container(key=f"relative-{channel}", width=96):
                alternative = captions.tile_alternative(channel, found, name=name)
                blocks.images([blocks.Image(images.of_pattern(found), alternative)], 88)
                words = markdown_safe(labels.named(channel, name))
                if st.button(words, key=f"relative-open-{channel}", type="tertiary"):
                    _open(session, beside, channel)
