"""The page before an upload: a small network in the making beside one that has learned well, from bundled patterns."""

from __future__ import annotations

import streamlit as st

from filterviz.analysis.layer_matching import convolutions
from filterviz.errors import FiltervizError
from filterviz.service.model import DEMO, Model
from filterviz.ui import blocks, progress, upload_field, wall
from filterviz.ui.components import render_guard
from filterviz.ui.components import stages as stages_component
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.sections import detail, examples
from filterviz.ui.session import Session
from filterviz.ui.text import networks, training
from filterviz.ui.view import View
from filterviz.ui.wall import ShownWall, WallPair

START_LAYER = 2
"""The convolution of the demo network that is shown first: early enough to be simple, deep enough to be interesting."""

CHANCE = 0.5
"""The accuracy of guessing between two classes."""

_STAGE = "stage"
"""Where Streamlit's session state holds which stage of the training is shown."""


def show(session: Session) -> None:
    """What this is, an upload field, and something to look at."""
    left, right = st.columns([3, 7], gap="large")
    with left:
        blocks.words(
            _(
                "A filter is a small detector inside an image network: it looks for one pattern everywhere in an "
                "image. Drop your Keras model file here, and this page draws, for every filter, the pattern that it "
                "responds to most."
            )
        )
        upload_field.ask(session)
        examples.show(session)
    with right:
        story(session)


def story(session: Session) -> None:
    """The small network through its training, beside VGG16; nothing where the program came without its patterns."""
    stages = session.server.training_stages()
    if stages and session.server.has_vgg16():
        # A part of its own: whoever chooses a layer waits for the walls alone, and not for the whole page.
        live(_story, st.container(key="story"), None, session, stages)


def _story(session: Session, stages: dict[str, Model]) -> None:
    """The demo network at one stage of its training, beside VGG16."""
    try:
        model, convolution = _choose(session, stages)
        _beside_vgg16(session, model, convolution)
    except FiltervizError as error:
        blocks.problem(error, note=True)
    render_guard.end(render_guard.new_name())


def _choose(session: Session, stages: dict[str, Model]) -> tuple[Model, int]:
    """How long the demo network has been trained, and which of its convolutions is shown."""
    facts = {name: session.server.workspace.bundled.models[name].facts for name in stages}
    names = list(stages)
    blocks.quiet(training.story(facts[DEMO]["accuracy"]))
    with st.container(key="story-choice", horizontal=True, vertical_alignment="bottom"):
        with st.container(key="story-stage"):
            shown = st.session_state.get(_STAGE, len(names) - 1)
            shown = shown if 0 <= shown < len(names) else len(names) - 1
            stages_component.mount(
                [
                    stages_component.Stop(
                        training.epochs(facts[name]),
                        training.accuracy(facts[name]) or CHANCE,
                        training.stage(facts[name]),
                    )
                    for name in names
                ],
                shown,
                [epoch["val_accuracy"] for epoch in facts[DEMO].get("epochs", ())],
                least=CHANCE,
                label=_("How long it has been trained"),
                up=_("Accuracy on 2,000 new photos (50 % = guessing)"),
                across=_("epochs of training"),
                key="stages",
                choose=_choose_stage,
            )
        with st.container(key="story-layer-choice", width="content"):
            layers = convolutions(stages[DEMO].spec)
            convolution = blocks.choice(
                _("Layer"),
                range(len(layers)),
                START_LAYER,
                lambda at: f"{at + 1}",
                key="story-layer",
                more=_("The deeper a layer, the more of the image each of its filters sees."),
            )
    return stages[names[shown]], convolution


def _choose_stage(number: int) -> None:
    st.session_state[_STAGE] = number


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
    if not all(item.state(session).status.over for item in walls):
        bar.show(stop=stop, resume=lambda: None)
    detail.show(session, [pair])


def _pair(model: Model, vgg16: Model, convolution: int) -> WallPair:
    index = model.spec.layers.index(convolutions(model.spec)[convolution])
    view = View(token=DEMO, layers=(index,))
    mine = ShownWall(model, model.spec.layers[index], view.request(index, model.spec), training.example(DEMO), index)
    counterpart = view.counterpart(index, model.spec, vgg16.spec)
    its = ShownWall(vgg16, counterpart, view.other_request(index, counterpart), networks.VGG16_NAME, index, column=1)
    return WallPair(mine, its)
