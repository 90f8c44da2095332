"""The page that explains what a layer, a filter and a pattern are, with the bundled patterns."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from filterviz.service.model import VGG16
from filterviz.spec import Pattern, Recipe, Request
from filterviz.ui import blocks, images
from filterviz.ui.i18n import _
from filterviz.ui.session import Session
from filterviz.ui.text import captions, training

DEPTHS = (("block1_conv1", 2), ("block2_conv1", 44), ("block3_conv2", 20), ("block4_conv2", 60), ("block5_conv2", 12))
"""Layers of VGG16 from the first to one of the last, each with a filter whose pattern is easy to recognise."""

FIRST = ("block1_conv1", (0, 2, 8, 20))
"""Filters whose weights and patterns are shown one above the other."""

TRAINED = ("conv2d_3", 5)
"""A filter of the demo network, shown through its training."""


def show(session: Session) -> None:
    """The page that explains."""
    with st.container(key="guide"):
        blocks.heading(_("What am I looking at?"))
        blocks.words(
            _(
                "An image network is a stack of layers, and a layer is a row of filters. Each filter looks for one "
                "thing, everywhere in the image, and responds with a number: the more of it there is, the higher. "
                "This page finds, for each filter, the image that it responds to most."
            )
        )
        _depths(session)
        _weights(session)
        _training(session)
        blocks.heading(_("How a pattern is made"))
        blocks.words(
            _(
                "We begin with faint noise, ask the network which small change of the image would raise the "
                "filter's response, make it, and ask again, some fifty times. The image is shifted, turned and scaled "
                "a little at every step, so that what stays is what the filter looks for and not an accident of "
                "single pixels. No photograph takes part: everything you see comes out of the network."
            )
        )
        blocks.heading(_("What can be concluded, and what cannot"))
        blocks.bullets(_conclusions())
        blocks.heading(_("Finding your way"))
        blocks.bullets(
            [
                _("Point at a tile for its numbers; the tiles on the other side that look most like it are marked."),
                _("Press a tile to see it large. With the keyboard: Tab to the wall, arrow keys, Enter."),
                _("The address of the page holds the whole view. Copy it to come back, or to show somebody."),
                _("Stop whenever you like: what is finished is kept, and is there at once the next time."),
            ]
        )


def _conclusions() -> list[str]:
    return [
        _(
            "A wall alone does not say how well a network has learned. Networks that were trained on shuffled labels "
            "have walls that look trained."
        ),
        _(
            "A filter that is never active responds to nothing we tried. That is no sign of bad training: our small "
            "network has more of them after its training than before."
        ),
        _("A pattern does not say what the network decides by: the layers after it may ignore the filter."),
        _("The same filter can respond to other things as well; this is the one that it responds to most."),
        _("Responses can be compared within a layer, not between layers or networks."),
    ]


def _depths(session: Session) -> None:
    blocks.heading(_("Layers: from edges to objects"))
    found = []
    for name, channel in DEPTHS:
        pattern = _bundled(session, VGG16, name, channel)
        if pattern is not None:
            pixels = session.server.workspace.bundled.models[VGG16].spec.layer(name).receptive_field
            caption = _("{layer}: sees {pixels} pixels across").format(layer=name, pixels=pixels)
            found.append((pattern, caption))
    _row("depths", found)
    blocks.words(
        _(
            "VGG16, from its first layer to one of its last. A filter of the first layer sees three pixels across and "
            "can know a colour or an edge. Each later layer builds on the one before and sees more: textures, then "
            "parts such as eyes and feathers."
        )
    )


def _weights(session: Session) -> None:
    layer, filters = FIRST
    patterns = [_bundled(session, VGG16, layer, channel) for channel in filters]
    found = [pattern for pattern in patterns if pattern is not None and pattern.kernel is not None]
    if not found:
        return
    blocks.heading(_("A filter: a small set of weights"))
    with st.container(key="guide-weights", horizontal=True):
        for pattern in found:
            with st.container(key=f"guide-weight-{pattern.filter}", width=150):
                blocks.weights(pattern, 64)
                _image(pattern, 128)
    blocks.words(
        _(
            "In the first layer the weights themselves can be looked at: nine coloured squares above, and below them "
            "the pattern that they respond to. Deeper filters have weights as well, but those speak of other filters, "
            "not of pixels, which is why a pattern has to be found by trying."
        )
    )


def _training(session: Session) -> None:
    layer, channel = TRAINED
    stages = session.server.training_stages()
    found = []
    for name in stages:
        pattern = _bundled(session, name, layer, channel)
        if pattern is not None:
            found.append((pattern, training.stage(session.server.workspace.bundled.models[name].facts)))
    if len(found) < 2:
        return
    blocks.heading(_("Learning: one filter through its training"))
    _row("training", found)
    blocks.words(
        _(
            "A filter of our small network, which learned to tell cats from dogs. Before training its weights are "
            "random, and so is what it responds to. The captions say for how many epochs it had been trained."
        )
    )


def _row(key: str, found: Sequence[tuple[Pattern, str]]) -> None:
    with st.container(key=f"guide-{key}", horizontal=True):
        for at, (pattern, caption) in enumerate(found):
            with st.container(key=f"guide-{key}-{at}", width=150):
                _image(pattern, 140)
                blocks.quiet(caption)


def _image(pattern: Pattern, width: int) -> None:
    blocks.images([blocks.Image(images.of_pattern(pattern), captions.tile_alternative(pattern.filter, pattern))], width)


def _bundled(session: Session, model: str, layer: str, channel: int) -> Pattern | None:
    bundled = session.server.workspace.bundled.models.get(model)
    return None if bundled is None else bundled.find(Request(layer, (channel,), Recipe()), channel)
