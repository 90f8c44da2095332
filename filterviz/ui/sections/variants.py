"""Several different pictures of the filter that is shown large, made when a visitor asks for them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from filterviz.analysis import similarity
from filterviz.export import run_folder
from filterviz.imaging import mosaic, png
from filterviz.service.job_state import LayerState, Status
from filterviz.service.server import Server
from filterviz.spec import Pattern, Request
from filterviz.ui import blocks, text
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.wall import POLL_SECONDS, Wall

PICTURES = 4
"""Of one filter: they take four times as long as its tile."""

ALIKE = 0.5
"""Distance of two pictures that look the same. Of two made from different seeds it was 0.1 to 0.45 for nine filters in
ten, on seven layers of VGG16 and the cats-and-dogs network. Of four made to differ, the largest was above 0.65 for 88
filters of these and below 0.4 for four, and nothing lay between."""

_WANTED = "several-of"
"""Where the session remembers of which wall and filter they were asked for."""


def offer(desk: Server, wall: Wall, pattern: Pattern) -> None:
    """A button that has them made; once it was pressed, the pictures as they come.

    Args:
        desk: where the work is done.
        wall: of the filter.
        pattern: the one picture of it that is there.
    """
    if PICTURES not in wall.request.recipe.spec.pictures:
        return
    request = replace(wall.request, filters=(pattern.filter,), recipe=replace(wall.request.recipe, pictures=PICTURES))
    this, visitor = (wall.key, pattern.filter), _watcher(wall.visitor)
    found = desk.look(wall.model, request, visitor) if st.session_state.get(_WANTED) == this else None
    if found is None:
        leave(desk, wall.visitor)
    state, error = found or (None, None)
    if error is not None:
        blocks.problem(error)
    if state is None or state.status in (Status.FAILED, Status.STOPPED):
        st.button(
            _("Four different pictures of it"),
            icon=":material/grid_view:",
            key="several",
            on_click=_ask,
            args=(desk, wall, request, this),
            help=_("A filter may answer to more than one thing. These pictures are made to be unlike each other."),
        )
        return
    room = st.container(key="detail-several")
    live(_pictures, room, None if state.status.over else POLL_SECONDS, desk, wall, pattern, request, state.status.over)


def leave(desk: Server, visitor: str) -> None:
    """The visitor looks at none any more: what is unfinished is not needed."""
    desk.leave(_watcher(visitor))


def _watcher(visitor: str) -> str:
    """Whom these pictures are for: somebody beside the visitor, whose walls go on meanwhile and who takes turns."""
    return f"{visitor}-several"


def _ask(desk: Server, wall: Wall, request: Request, this: tuple[str, int]) -> None:
    st.session_state[_WANTED] = this
    visitor = _watcher(wall.visitor)
    desk.keep_only([(wall.model, request)], visitor)
    desk.start(wall.model, [request], visitor, again=True)


def _pictures(desk: Server, wall: Wall, pattern: Pattern, request: Request, finished: bool) -> None:
    found = desk.look(wall.model, request, _watcher(wall.visitor))
    if found is None or (found[0].status.over and not finished):
        st.rerun()
    state = found[0]
    several = state.patterns.get(pattern.filter)
    if several is None:
        _unfinished(state, pattern.filter)
        return
    compared = shares(pattern, several)
    name = text.label_of(wall.model.spec, wall.layer.name, pattern.filter)
    which = text.named(pattern.filter, name)
    alternative = _("One of four different pictures of filter {filter}").format(filter=which)
    _grid(several.tile, [f"{share:.0%}" for share in compared], alternative)
    words = [
        _("They came out alike all the same: it seems that this filter answers to one thing only.")
        if alike(several)
        else _("Made for the same filter, and to be unlike each other.")
    ]
    if compared:
        words.append(_("Below each: the filter's response to it, beside that to the large picture."))
    blocks.quiet(" ".join(words))
    st.download_button(
        _("Save these pictures"),
        data=png.encode(several.tile),
        file_name=run_folder.wall_name(pattern.layer).replace("_pattern.png", f"_f{pattern.filter:03d}_{PICTURES}.png"),
        mime="image/png",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _unfinished(state: LayerState, channel: int) -> None:
    """What there is of them, and how far they are."""
    if channel in state.previews:
        _grid(state.previews[channel], [], text.tile_alternative(channel, None))
    st.progress(state.step / state.steps if state.steps else 0.0)
    blocks.quiet(_("Making four different pictures …") if state.steps else _("waits for its turn"))


def _grid(tile: NDArray[np.uint8], captions: list[str], alternative: str) -> None:
    """The pictures that share a tile, each with its caption, if there is one."""
    images = [png.encode(picture) for picture in mosaic.split(tile, PICTURES)]
    alternatives = len(images) * [alternative]
    st.image(images, caption=captions or None, width="stretch", alt=alternatives, output_format="PNG")


def shares(one: Pattern, several: Pattern) -> list[float]:
    """What a filter's responses to several pictures are of that to one; nothing where that is none."""
    if not (math.isfinite(one.response_end) and one.response_end > 0):
        return []
    return [response / one.response_end for response in several.responses]


def alike(several: Pattern) -> bool:
    """Whether the pictures that share a tile look like the same thing, in spite of what they were made for."""
    described = np.stack([similarity.descriptor(picture) for picture in mosaic.split(several.tile, PICTURES)])
    return float(similarity.distances(described, described).max()) < ALIKE
