"""Several different patterns of the filter that is shown large, made when a visitor asks for them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from filterviz.analysis import similarity
from filterviz.errors import BadRequest
from filterviz.export import run_folder
from filterviz.imaging import mosaic, png
from filterviz.service.job_state import LayerState, Status
from filterviz.spec import Pattern, Request
from filterviz.spec.names import markdown_safe
from filterviz.ui import blocks, images
from filterviz.ui.feed import POLL_SECONDS
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.session import Session
from filterviz.ui.text import captions, labels
from filterviz.ui.wall import ShownWall

VARIANTS = 4
"""How many patterns of one filter are made: they take four times as long as its tile."""

ALIKE = 0.5
"""The distance below which two patterns look the same. Of two made from different seeds it was 0.1 to 0.45 for nine
filters in ten, on seven layers of VGG16 and the cats-and-dogs network. Of four made to differ, the largest was above
0.65 for 88 filters of these and below 0.4 for four, and nothing lay between."""

_WANTED = "several-of"
"""Where Streamlit's session state holds of which wall and filter they were asked for."""


def find(session: Session, wall: ShownWall, pattern: Pattern) -> LayerState | None:
    """What there is of the variants of a filter; ``None`` where they are not wanted, or came to nothing.

    Args:
        session: The visitor's page.
        wall: The wall of the filter.
        pattern: The one pattern of the filter that there is.
    """
    wanted = st.session_state.get(_WANTED) == (wall.key, pattern.filter)
    found = _beside(session).state((wall.model, _request(wall, pattern))) if wanted else None
    if found is None:
        leave(session)
        return None
    return None if found[0].status in (Status.FAILED, Status.STOPPED) else found[0]


def show(session: Session, wall: ShownWall, pattern: Pattern, state: LayerState) -> None:
    """The variants as they come, with a bar until they are there. ``state`` is what :func:`find` gave."""
    finished = state.status.over
    every = None if finished else POLL_SECONDS
    live(_draw, st.container(key="detail-several"), every, session, wall, pattern, _request(wall, pattern), finished)


def offer(session: Session, wall: ShownWall, pattern: Pattern, state: LayerState | None) -> None:
    """A button that has the variants made, or one that leads back to the one pattern.

    Args:
        session: The visitor's page.
        wall: The wall of the filter.
        pattern: The one pattern of the filter that there is.
        state: What :func:`find` gave.
    """
    if VARIANTS not in wall.request.recipe.spec.pictures:
        return
    if state is not None:
        st.button(_("Back to the one image"), icon=":material/image:", key="one", on_click=_forget, args=(session,))
        return
    request, this = _request(wall, pattern), (wall.key, pattern.filter)
    failed = _beside(session).state((wall.model, request)) if st.session_state.get(_WANTED) == this else None
    if failed is not None and failed[1] is not None:
        blocks.problem(failed[1])
    st.button(
        _("Four different images of it"),
        icon=":material/grid_view:",
        key="several",
        on_click=_ask,
        args=(session, wall, request, this),
        help=_("A filter may respond to more than one thing. These images are made to differ from each other."),
    )


def _request(wall: ShownWall, pattern: Pattern) -> Request:
    recipe = replace(wall.request.recipe, pictures=VARIANTS)
    return replace(wall.request, filters=(pattern.filter,), recipe=recipe)


def _forget(session: Session) -> None:
    st.session_state.pop(_WANTED, None)
    leave(session)


def leave(session: Session) -> None:
    """The visitor looks at no variants any more, so unfinished ones are not needed."""
    session.server.walls.leave(_beside(session).visitor)


def _beside(session: Session) -> Session:
    """The session that has variants made while the walls of the page go on."""
    return session.beside("several")


def _ask(session: Session, wall: ShownWall, request: Request, this: tuple[str, int]) -> None:
    st.session_state[_WANTED] = this
    walls, visitor = session.server.walls, _beside(session).visitor
    walls.keep_only([(wall.model, request)], visitor)
    try:
        walls.start(wall.model, [request], visitor, again=True)
    except BadRequest as error:
        st.toast(markdown_safe(str(error)), icon=":material/timer:")


def _draw(session: Session, wall: ShownWall, pattern: Pattern, request: Request, finished: bool) -> None:
    found = _beside(session).state((wall.model, request))
    if found is None or (found[0].status.over and not finished):
        st.rerun()
    state = found[0]
    variants = state.patterns.get(pattern.filter)
    if variants is None:
        _unfinished(state, pattern.filter)
        return
    compared = relative_responses(pattern, variants)
    which = labels.named(pattern.filter, wall.label(pattern.filter))
    alternative = _("One of four different images of filter {filter}").format(filter=which)
    _grid(variants.tile, [_("response: {share:.0%}").format(share=share) for share in compared], alternative)
    words = [
        _("All four look alike: this filter seems to respond to one thing only.")
        if alike(variants)
        else _("All were made for the same filter, and to differ from each other.")
    ]
    if compared:
        words.append(_("The response to the one image of the wall counts as 100 percent."))
    blocks.quiet(" ".join(words))
    wall_name = run_folder.wall_name(pattern.layer)
    st.download_button(
        _("Save these images"),
        data=png.encode(variants.tile),
        file_name=wall_name.replace("_pattern.png", f"_f{pattern.filter:03d}_{VARIANTS}.png"),
        mime="image/png",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _unfinished(state: LayerState, channel: int) -> None:
    """The variants so far, and how far they are."""
    if channel in state.previews:
        _grid(state.previews[channel], [], captions.tile_alternative(channel, None))
    st.progress(state.step / state.steps if state.steps else 0.0)
    blocks.quiet(_("Making four different images …") if state.steps else _("Waiting …"))


def _grid(tile: NDArray[np.uint8], under: list[str], alternative: str) -> None:
    """The variants that share a tile, each with what stands under it, if anything does."""
    split = zip(mosaic.split(tile, VARIANTS), under or VARIANTS * [""], strict=True)
    blocks.images([blocks.Image(images.of_tile(image), alternative, caption) for image, caption in split])


def relative_responses(pattern: Pattern, variants: Pattern) -> list[float]:
    """Each variant's response divided by the main pattern's; empty if that is not positive."""
    if not (math.isfinite(pattern.response_end) and pattern.response_end > 0):
        return []
    return [response / pattern.response_end for response in variants.responses]


def alike(variants: Pattern) -> bool:
    """Whether the variants that share a tile look like the same thing, in spite of what they were made for."""
    described = np.stack([similarity.descriptor(image) for image in mosaic.split(variants.tile, VARIANTS)])
    return float(similarity.distances(described, described).max()) < ALIKE
