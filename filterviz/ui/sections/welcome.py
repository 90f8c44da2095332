"""The page before an upload: a small network in the making beside one that has learned well, from shipped pictures."""

from __future__ import annotations

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.service.model import DEMO, Model
from filterviz.service.server import Server
from filterviz.ui import address, blocks, progress, text, upload_field, wall
from filterviz.ui.i18n import _
from filterviz.ui.sections import detail
from filterviz.ui.view import View, sensible_layers
from filterviz.ui.wall import Wall

START_LAYER = 2
"""The convolution of the demo network that is shown first: early enough to be plain, deep enough to be worth it."""

CURVE_HEIGHT = 70


def show(desk: Server, view: View, visitor: str) -> None:
    """What this is, an upload field, and something to look at.

    Args:
        desk: where the work is done.
        view: with nothing in it but the language.
        visitor: who looks.
    """
    left, right = st.columns([3, 7], gap="large")
    with left:
        blocks.words(
            _(
                "Drop the file of a network here, as Keras saves it. For every filter of a layer you get the picture "
                "that excites it most: edges and colours early on, textures and parts of things later, if the network "
                "has learned them."
            )
        )
        upload_field.ask(desk, view, visitor)
    stages = desk.stages()
    try:
        if stages and desk.reference_at_hand():
            with left:
                model, layer = _choose(desk, view, stages)
            with right:
                _beside_vgg16(desk, visitor, model, layer)
    except FiltervizError as error:
        blocks.problem(error)


def _choose(desk: Server, view: View, stages: dict[str, Model]) -> tuple[Model, int]:
    """How long the demo network has been trained, and which of its layers is shown."""
    facts = {name: desk.workspace.bundled.models[name].facts for name in stages}
    blocks.quiet(text.story(facts[DEMO]["accuracy"]))
    names = list(stages)
    stage = st.select_slider(
        _("How long it has been trained"),
        names,
        names[-1],
        format_func=lambda name: text.stage(facts[name]),
        key="stage",
    )
    right = [epoch["val_accuracy"] for epoch in facts[DEMO].get("epochs", ())]
    rounds = text.rounds(facts[stage])
    blocks.curve(
        right,
        _("Share of the {pictures:,} others it is right about, from a coin's toss up, over {rounds} rounds").format(
            pictures=2000, rounds=len(right)
        ),
        height=CURVE_HEIGHT,
        least=0.5,
        most=1.0,
        mark=rounds - 1 if rounds else None,
    )
    layers = text.convolutions(stages[DEMO].spec)
    place = blocks.choice(
        _("Layer"),
        range(len(layers)),
        START_LAYER,
        lambda at: f"{at + 1}",
        key="story-layer",
        more=_("The deeper a layer, the more of the picture each of its filters sees."),
    )
    if st.button(_("Explore this network"), key="demo", icon=":material/search:"):
        layers_shown = sensible_layers(stages[DEMO].spec)
        address.go(View(token=DEMO, layers=layers_shown, language=view.language))
    return stages[stage], place


def _beside_vgg16(desk: Server, visitor: str, model: Model, place: int) -> None:
    index = model.spec.layers.index(text.convolutions(model.spec)[place])
    view = View(token=DEMO, layers=(index,))
    reference = desk.reference().result()
    counterpart = view.counterpart(index, model.spec, reference.spec)
    mine = Wall(model, model.spec.layers[index], view.request(index, model.spec), visitor, _("cats & dogs"))
    its = Wall(reference, counterpart, view.other_request(index, counterpart), visitor, text.REFERENCE, place=1)
    walls = [mine, its]
    for item in walls:
        desk.start(item.model, [item.request], visitor)
    desk.settle([(item.model, item.request) for item in walls])

    def stop() -> None:
        desk.stop([(item.model, item.request) for item in walls], visitor)

    bar = progress.begin(desk, walls)
    for column, item, other in zip(st.columns(2, gap="large"), walls, reversed(walls), strict=True):
        with column:
            blocks.head(item.side, item.layer.name, text.layer_line(item.layer))
            wall.show(desk, item, other)
    bar.show(stop=stop, resume=lambda: None)
    detail.show(desk, [(mine, its)])
