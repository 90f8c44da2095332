"""One filter, large, with its numbers, its own weights where it looks straight at the picture, and its relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from filterviz.export import run_folder
from filterviz.imaging import png
from filterviz.service.server import Server
from filterviz.spec import Pattern
from filterviz.ui import blocks, text
from filterviz.ui.i18n import _
from filterviz.ui.sections import variants
from filterviz.ui.wall import DETAIL, Wall, in_order, relatives

CURVE_HEIGHT = 90


def show(desk: Server, pairs: Sequence[tuple[Wall, Wall | None]]) -> None:
    """The dialog of the tile that was pressed, if one is open.

    Args:
        desk: where the work is done.
        pairs: the walls of the page, each with the one beside it.
    """
    key, channel = st.session_state.get(DETAIL, ("", -1))
    sides = [*pairs, *((its, mine) for mine, its in pairs if its is not None)]
    wall, beside = next(((one, other) for one, other in sides if one.key == key), (None, None))
    pattern = None if wall is None else wall.look(desk).patterns.get(channel)
    if wall is None or pattern is None:
        close()
        variants.leave(desk, pairs[0][0].visitor)
        return
    title = _("Filter {filter} of {layer}, {side}").format(
        filter=text.named(channel, _label(wall, channel)), layer=text.plain(pattern.layer, 40), side=wall.side
    )
    # A title is Markdown, and names come from a file.
    st.dialog(_markdown_safe(title), width="large", on_dismiss=close)(_one)(desk, wall, pattern, beside)


def close() -> None:
    """Forget which tile is open."""
    st.session_state.pop(DETAIL, None)


def _one(desk: Server, wall: Wall, pattern: Pattern, beside: Wall | None) -> None:
    picture, numbers = st.columns(2, gap="medium")
    data = png.encode(pattern.tile)
    with picture:
        with st.container(key="detail-picture"):
            alternative = text.tile_alternative(pattern.filter, pattern, name=_label(wall, pattern.filter))
            st.image(data, width="stretch", alt=alternative, output_format="PNG")
        _turn(desk, wall, pattern, data)
    with numbers:
        for flag in pattern.flags:
            blocks.box(text.flag(flag), note=True)
        lowest = min((value for value in pattern.curve if math.isfinite(value)), default=0.0)
        blocks.curve(pattern.curve, _("The response, step by step"), height=CURVE_HEIGHT, least=min(0.0, lowest))
        _kernel(pattern)
        _relatives(desk, wall, pattern, beside)
        variants.offer(desk, wall, pattern)
        with st.expander(_("All numbers")):
            blocks.numbers(_numbers(wall, pattern))


def _numbers(wall: Wall, pattern: Pattern) -> dict[str, str]:
    return {
        _("Response at the start"): text.number(pattern.response_start),
        _("Response at the end"): text.number(pattern.response_end),
        _("Shows"): text.objective(wall.request.recipe.objective),
        _("Recipe"): f"{text.recipe(wall.request.recipe.name)}, {pattern.tile.shape[1]} px",
        _("Steps"): str(len(pattern.curve) - 1),
        _("Seed"): str(pattern.seed),
        _("Pixel values"): text.computed_range(pattern.pixel_range),
        _("Computed in"): f"{pattern.precision.value}, {pattern.seconds:.2g} s",
    }


def _turn(desk: Server, wall: Wall, pattern: Pattern, data: bytes) -> None:
    """Go to the tiles before and after, in the order of the wall, and save this one."""
    state = wall.look(desk)
    order = [channel for channel in in_order(state, wall.sort) if channel in state.patterns]
    place = order.index(pattern.filter)
    with st.container(key="detail-turn", horizontal=True, vertical_alignment="center"):
        for name, icon, to in (
            (_("Previous"), ":material/chevron_left:", place - 1),
            (_("Next"), ":material/chevron_right:", place + 1),
        ):
            if st.button(name, icon=icon, disabled=not 0 <= to < len(order), key=f"turn-{to - place}"):
                st.session_state[DETAIL] = (wall.key, order[to])
                st.rerun()
        st.download_button(
            _("Save this tile"),
            data=data,
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
                "The filter itself: the {width} x {height} weights that it lays over the picture at every place. "
                "Grey is zero."
            ).format(width=width, height=height)
        )


def _relatives(desk: Server, wall: Wall, pattern: Pattern, beside: Wall | None) -> None:
    if beside is None:
        return
    others = beside.look(desk)
    near = relatives(wall.look(desk), others).get(pattern.filter, ())
    if not near:
        return
    blocks.quiet(
        _("Most like it in {layer} of {side}, to the eye").format(
            layer=text.plain(beside.layer.name, 40), side=beside.side
        )
    )
    with st.container(key="detail-relatives", horizontal=True):
        for channel in near:
            found, name = others.patterns[channel], _label(beside, channel)
            with st.container(key=f"relative-{channel}", width=96):
                st.image(png.encode(found.tile), width=88, alt=text.tile_alternative(channel, found, name=name))
                if st.button(
                    _markdown_safe(text.named(channel, name)), key=f"relative-open-{channel}", type="tertiary"
                ):
                    st.session_state[DETAIL] = (beside.key, channel)
                    st.rerun()


def _label(wall: Wall, channel: int) -> str:
    return text.label_of(wall.model.spec, wall.layer.name, channel)


def _markdown_safe(words: str) -> str:
    """Words with every character that Markdown could take for its own escaped."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]()<>#+-.!|:$~" else character for character in words)
