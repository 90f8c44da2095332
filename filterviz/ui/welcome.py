"""The page before an upload: a small network in the making beside one that has learned well, from shipped pictures."""

from __future__ import annotations

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.studio import DEMO, Model
from filterviz.ui import blocks, detail, progress, text, upload, wall
from filterviz.ui.desk import Desk
from filterviz.ui.view import View, sensible_layers
from filterviz.ui.wall import Wall

WELCOME = (
    "Drop the file of a network here, as Keras saves it. For every filter of a layer you get the picture that excites "
    "it most: edges and colours early on, textures and parts of things later, if the network has learned them."
)

START_LAYER = 2
"""The convolution of the demo network that is shown first: early enough to be plain, deep enough to be worth it."""


def show(desk: Desk, visitor: str) -> None:
    """What this is, an upload field, and something to look at.

    Args:
        desk: where the work is done.
        visitor: who looks.
    """
    left, right = st.columns([3, 7], gap="large")
    with left:
        st.write(WELCOME)
        upload.ask(desk, visitor)
    stages = desk.stages()
    try:
        if stages and desk.reference_at_hand():
            with left:
                model, layer = _choose(desk, stages)
            with right:
                _beside_vgg16(desk, visitor, model, layer)
    except FiltervizError as error:
        blocks.problem(error)


def _choose(desk: Desk, stages: dict[str, Model]) -> tuple[Model, int]:
    """How long the demo network has been trained, and which of its layers is shown."""
    facts = {name: desk.studio.shipped.models[name].facts for name in stages}
    blocks.quiet(text.STORY.format(accuracy=facts[DEMO]["accuracy"]))
    names = list(stages)
    stage = st.select_slider(
        "How long it has been trained", names, names[-1], format_func=lambda name: text.stage(facts[name]), key="stage"
    )
    layers = text.convolutions(stages[DEMO].spec)
    place = st.segmented_control(
        "Layer",
        range(len(layers)),
        default=START_LAYER,
        format_func=lambda at: f"{at + 1}",
        key="story-layer",
        help="The deeper a layer, the more of the picture each of its filters sees.",
    )
    if st.button("Explore this network", key="demo", icon=":material/search:"):
        st.query_params.from_dict(View(token=DEMO, layers=sensible_layers(stages[DEMO].spec)).to_query())
        st.rerun()
    return stages[stage], START_LAYER if place is None else place


def _beside_vgg16(desk: Desk, visitor: str, model: Model, place: int) -> None:
    layer = text.convolutions(model.spec)[place]
    view = View(token=DEMO)
    reference = desk.reference().result()
    counterpart = view.counterpart(model.spec.layers.index(layer), model.spec, reference.spec)
    walls = [
        Wall(model, view.request(layer), visitor, text.DEMO_SIDE),
        Wall(reference, view.other_request(counterpart), visitor, text.REFERENCE),
    ]
    for item in walls:
        desk.start(item.model, [item.request], visitor)
    desk.settle([(item.model, item.request) for item in walls])
    progress.show(desk, walls, pending=None, stop=lambda: desk.stop([(w.model, w.request) for w in walls], visitor))
    for column, item, shown in zip(st.columns(2, gap="large"), walls, (layer, counterpart), strict=True):
        with column:
            blocks.head(item.side, shown.name, text.layer_line(shown))
            wall.show(desk, item)
    detail.show(desk, walls)
