"""What to show and how: layers, the other network, how many filters in which order, how the patterns are made."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from filterviz.service.model import UNTRAINED, Model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, ModelSpec, PixelRange
from filterviz.spec.names import plain
from filterviz.ui import address, blocks, upload_field
from filterviz.ui.i18n import _
from filterviz.ui.layer_choice import layer_choices
from filterviz.ui.session import Session
from filterviz.ui.text import choices, networks
from filterviz.ui.view import COUNTS, LARGEST_SEED, MOST_LAYERS, SORTS, View

_UPLOADING = "upload-other"


def settings(session: Session, model: Model) -> View:
    """Behind a button: how many filters are shown, in which order, and how their patterns are made.

    Returns:
        The view that was chosen. What a pattern is made by is accepted all at once, with a button of its own.
    """
    view = session.view
    # Under a key of what holds: it closes when something else does.
    current = hash((view.token, view.recipe, view.pixel_range))
    with st.popover(_("Settings"), icon=":material/tune:", key=f"settings-{current}"):
        count = blocks.choice(_("Filters shown"), COUNTS, view.count, choices.count, key=f"count-{view.token}")
        sort = blocks.choice(_("Sort by"), SORTS, view.sort, choices.sort, key=f"sort-{view.token}")
        _conditions(model.spec, view, session.server.settings)
    return view.change(count=count, sort=sort)


def _every_key(view: View) -> str:
    return f"every-{view.token}"


def _every(spec: ModelSpec, view: View) -> bool:
    """Whether all layers are offered: asked for, or needed for one that is shown."""
    needed = any(index not in layer_choices(spec) for index in view.layers)
    return bool(st.session_state.get(_every_key(view), needed))


def layers(view: View, spec: ModelSpec) -> None:
    """Which layers are offered to look at, and whether one of them is shown or all."""
    with st.popover(_("Choose layers"), icon=":material/layers:", key=f"choose-layers-{view.token}"):
        every = _every(spec, view)
        offered = layer_choices(spec, every=every)
        # It stands where the address says, whichever part of the page has changed that.
        key = f"layers-{view.token}-{every}"
        st.session_state[key] = [index for index in view.layers if index in offered]
        st.multiselect(
            _("Layers"),
            offered,
            format_func=lambda index: networks.layer_option(spec.layers[index]),
            max_selections=MOST_LAYERS,
            key=key,
            on_change=_choose_layers,
            args=(view, spec, key),
            placeholder=_("Choose layers"),
        )
        st.checkbox(_("Offer every layer, not only the convolutions"), value=every, key=_every_key(view))
    label = _("One layer at a time") if view.overview else _("All at once")
    icon = ":material/crop_square:" if view.overview else ":material/grid_view:"
    if len(view.layers) > 1 and st.button(label, icon=icon, key="overview"):
        address.go(view.change(overview=not view.overview))


def _choose_layers(view: View, spec: ModelSpec, key: str) -> None:
    address.put(view.change(layers=tuple(sorted(st.session_state[key]))).fitted(spec))


def other(session: Session) -> None:
    """Choose what to compare with."""
    view = session.view
    files = {token: session.server.uploads.find(token) for token in (*view.checkpoints, view.other)}
    names = {**networks.others(), **{token: plain(file.name) for token, file in files.items() if file is not None}}
    beside = [token for token in view.checkpoints if token != view.token and token in names]
    known = [*dict.fromkeys(["", UNTRAINED, *beside, view.other]), _UPLOADING]
    # One field for all choices: it stands where the address says, but for whoever is about to give it a file.
    key, was = f"other-{view.token}", f"other-was-{view.token}"
    if st.session_state.get(key) != _UPLOADING or st.session_state.get(was) != view.other:
        st.session_state[key] = view.other
    st.session_state[was] = view.other
    chosen = st.selectbox(
        _("Compare with"),
        known,
        format_func=lambda other: (
            _("another file …") if other == _UPLOADING else names.get(other, _("a file that is no longer here"))
        ),
        key=key,
        on_change=_compare_with,
        args=(view, key),
        label_visibility="collapsed",
        width=220,
    )
    if chosen == _UPLOADING:
        upload_field.ask_other(session)


def third(session: Session) -> None:
    """Whether VGG16 stands beside two other networks. Only a wide screen has room for three: the style sheet knows."""
    view = session.view
    if view.other and session.server.has_vgg16():
        label, icon = (_("Without VGG16"), "remove") if view.third else (_("VGG16 too"), "add")
        if st.button(label, icon=f":material/{icon}:", key="third"):
            address.go(view.change(third=not view.third))


def _compare_with(view: View, key: str) -> None:
    chosen = st.session_state[key]
    if chosen != _UPLOADING:
        address.put(view.change(other=chosen, beside={}))


def _conditions(spec: ModelSpec, view: View, settings: Settings) -> None:
    """The recipe and what belongs to it, accepted all at once: each change would throw away what is being made."""
    name = blocks.choice(_("Recipe"), list(RECIPES), view.recipe.name, choices.recipe, key=f"recipe-{view.token}")
    # Another recipe begins with what it was made for.
    recipe = view.recipe if view.recipe.name == name else RECIPES[name]

    def key(field: str) -> str:
        return f"{field}-{name}-{view.token}"

    with st.form(f"conditions-{view.token}-{name}", border=False):
        first, second, third = st.columns(3)
        size = first.number_input(_("Tile size in pixels"), 1, settings.max_size, recipe.size, 16, key=key("size"))
        steps = second.number_input(_("Steps"), 1, settings.max_steps, recipe.steps, 8, key=key("steps"))
        seed = third.number_input(_("Seed of the noise"), 0, LARGEST_SEED, recipe.seed, 1, key=key("seed"))
        sought = recipe.spec.objectives
        objective = st.selectbox(
            _("What to look for"),
            sought,
            sought.index(recipe.objective),
            format_func=choices.objective,
            disabled=len(sought) == 1,
            key=key("objective"),
        )
        ranges = list(PixelRange)
        pixel_range = st.selectbox(
            _("Pixel values the network was trained on"),
            ranges,
            ranges.index(view.pixel_range),
            format_func=choices.pixel_range,
            key=key("range"),
        )
        blocks.quiet(choices.pixel_range_guess(spec, recipe))
        pressed = st.form_submit_button(_("Apply"), type="primary", key=key("make"))
    if pressed:
        made = replace(recipe, size=int(size), steps=int(steps), seed=int(seed), objective=objective)
        address.go(view.change(recipe=made, pixel_range=pixel_range))
