"""The page before an upload: a small network in the making beside one that has learned well, from bundled patterns."""

from __future__ import annotations

import streamlit as st

from filterviz.analysis.layer_matching import convolutions
from filterviz.errors import FiltervizError
from filterviz.service.model import DEMO, Model
from filterviz.ui import address, blocks, curve, progress, upload_field, wall
from filterviz.ui.i18n import _
from filterviz.ui.layer_choice import sensible_layers
from filterviz.ui.sections import detail
from filterviz.ui.session import Session
from filterviz.ui.text import networks, training
from filterviz.ui.view import View
from filterviz.ui.wall import ShownWall, WallPair

START_LAYER = 2
"""The convolution of the demo network that is shown first: early enough to be simple, deep enough to be interesting."""

CURVE_HEIGHT = 70


def show(session: Session) -> None:
    """What this is, an upload field, and something to look at."""
    left, right = st.columns([3, 7], gap="large")
    with left:
        blocks.words(
            _(
                "Drop the file of a network here, as Keras saves it. For every filter of a layer you get the picture "
                "that excites it most: edges and colours early on, textures and parts of things later, if the network "
                "has learned them."
            )
        )
        upload_field.ask(session)
    stages = session.server.training_stages()
    try:
        if stages and session.server.has_vgg16():
            with left:
                model, convolution = _choose(session, stages)
            with right:
                _beside_vgg16(session, model, convolution)
    except FiltervizError as error:
        blocks.problem(error)


def _choose(session: Session, stages: dict[str, Model]) -> tuple[Model, int]:
    """How long the demo network has been trained, and which of its convolutions is shown."""
    facts = {name: session.server.workspace.bundled.models[name].facts for name in stages}
    blocks.quiet(training.story(facts[DEMO]["accuracy"]))
    names = list(stages)
    stage = st.select_slider(
        _("How long it has been trained"),
        names,
        names[-1],
        format_func=lambda name: training.stage(facts[name]),
        key="stage",
    )
    _accuracy([epoch["val_accuracy"] for epoch in facts[DEMO].get("epochs", ())], training.rounds(facts[stage]))
    layers = convolutions(stages[DEMO].spec)
    convolution = blocks.choice(
        _("Layer"),
        range(len(layers)),
        START_LAYER,
        lambda at: f"{at + 1}",
        key="story-layer",
        more=_("The deeper a layer, the more of the picture each of its filters sees."),
    )
    if st.button(_("Explore this network"), key="demo", icon=":material/search:"):
        address.go(View(token=DEMO, layers=sensible_layers(stages[DEMO].spec), language=session.view.language))
    return stages[stage], convolution


def _accuracy(accuracies: list[float], rounds: int) -> None:
    """The accuracy of the demo network through its training, with a mark after so many rounds."""
    label = _("Share of the other {pictures:,} photographs that it gets right, from chance up, over {rounds} rounds")
    curve.show(
        accuracies,
        label.format(pictures=2000, rounds=len(accuracies)),
        height=CURVE_HEIGHT,
        least=0.5,
        most=1.0,
        mark=rounds - 1 if rounds else None,
    )


def _beside_vgg16(session: Session, model: Model, convolution: int) -> None:
    """The walls of a convolution of the demo network and of its counterpart."""
    pair = _pair(model, session.server.vgg16().result(), convolution)
    walls = [item for item in (pair.mine, pair.its) if item is not None]
    registry = session.server.walls
    for item in walls:
        registry.start(item.model, [item.request], session.visitor)
    registry.wait_cached([item.wanted for item in walls])

    room = st.container(key="bar")

    def stop() -> None:
        registry.stop([item.wanted for item in walls], session.visitor)

    bar = progress.begin(session, walls, room)
    for column, item, other in zip(st.columns(2, gap="large"), walls, reversed(walls), strict=True):
        with column:
            blocks.head(item.side, item.layer.name, networks.layer_line(item.layer))
            wall.show(session, item, other)
    bar.show(stop=stop, resume=lambda: None)
    detail.show(session, [pair])


def _pair(model: Model, vgg16: Model, convolution: int) -> WallPair:
    index = model.spec.layers.index(convolutions(model.spec)[convolution])
    view = View(token=DEMO, layers=(index,))
    mine = ShownWall(model, model.spec.layers[index], view.request(index, model.spec), _("cats & dogs"), index)
    counterpart = view.counterpart(index, model.spec, vgg16.spec)
    its = ShownWall(vgg16, counterpart, view.other_request(index, counterpart), networks.VGG16_NAME, index, column=1)
    return WallPair(mine, its)
