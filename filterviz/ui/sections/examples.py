"""The networks that come with the program, to be looked at by whoever has no file at hand."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import islice

import streamlit as st

from filterviz.analysis.layer_matching import convolutions
from filterviz.service.model import EXAMPLES
from filterviz.spec import ModelSpec, Pattern
from filterviz.storage.bundled import BundledModel
from filterviz.ui import address, blocks, images
from filterviz.ui.i18n import _
from filterviz.ui.layer_choice import sensible_layers
from filterviz.ui.session import Session
from filterviz.ui.text import training
from filterviz.ui.view import View

TILES = 4
"""How many patterns of each network are shown."""


def show(session: Session) -> None:
    """Each network with some of its patterns; nothing where the program came without them."""
    bundled = session.server.workspace.bundled.models
    found = {slug: bundled[slug] for slug in EXAMPLES if slug in bundled}
    if not found:
        return
    blocks.quiet(_("Or look at a network that comes with filterviz:"))
    with st.container(key="examples", horizontal=True):
        for slug, model in found.items():
            with st.container(key=f"example-of-{slug}"):
                links = [images.of_pattern(pattern, small=True) for pattern in _patterns(model)]
                blocks.images([blocks.Image(link, "") for link in links])
                if st.button(training.example(slug), key=f"example-{slug}", width="stretch"):
                    address.go(replace(_view(slug, model), language=session.view.language))
                blocks.quiet(_("{accuracy:.0%} of new images right").format(accuracy=model.facts["accuracy"]))


def _classes(spec: ModelSpec) -> int | None:
    """The index of the layer with a pattern for each class, where the classes have names."""
    index = spec.layers.index(spec.visualisable[-1])
    return index if spec.labels(spec.layers[index].name) else None


def _view(slug: str, model: BundledModel) -> View:
    """The page of a network. Where its classes have names, it opens on them: what they are, everybody knows."""
    classes = _classes(model.spec)
    if classes is None:
        return View(token=slug)
    return View(token=slug, layers=(*sensible_layers(model.spec), classes), at=classes)


@lru_cache(maxsize=len(EXAMPLES))
def _patterns(model: BundledModel) -> tuple[Pattern, ...]:
    """The first patterns of the classes, or of the last convolution, that show something.

    They are kept, and their images with them.
    """
    spec, classes = model.spec, _classes(model.spec)
    index = spec.layers.index(convolutions(spec)[-1]) if classes is None else classes
    request = View().request(index, spec)
    every = (model.find(replace(request, filters=(channel,)), channel) for channel in request.filters)
    return tuple(islice((pattern for pattern in every if pattern is not None and not pattern.flags), TILES))
