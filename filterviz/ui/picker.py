"""What to show: the layers, and, for those who look for it, how the pictures are made."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from filterviz.settings import Settings
from filterviz.spec import RECIPES, ModelSpec, PixelRange, objectives
from filterviz.ui import blocks, text
from filterviz.ui.view import COUNTS, LARGEST_SEED, MOST_LAYERS, View, layer_choices, sensible_layers


def pick(spec: ModelSpec, view: View, settings: Settings) -> View | None:
    """Let the visitor choose.

    Returns:
        The view asked for, when the button was pressed just now.
    """

    def key(name: str) -> str:
        return f"{name}-{view.token}"

    every = bool(st.session_state.get(key("every"), any(i not in layer_choices(spec) for i in view.layers)))
    choices = layer_choices(spec, every=every)
    with st.container(key="picker"):
        field, how, button = st.columns([6, 2, 2], vertical_alignment="bottom")
        chosen = field.multiselect(
            "Layers",
            choices,
            default=[index for index in view.layers or sensible_layers(spec) if index in choices],
            format_func=lambda index: text.layer_option(spec.layers[index]),
            max_selections=MOST_LAYERS,
            key=key(f"layers-{every}"),
            placeholder="Choose layers",
        )
        names = list(RECIPES)
        recipe = how.selectbox(
            "Recipe", names, names.index(view.recipe.name), format_func=text.recipe, key=key("recipe")
        )
        pressed = button.button("Show patterns", type="primary", width="stretch", disabled=not chosen, key="show")
        conditions, table = st.columns(2)
        with conditions, st.expander("More: how the pictures are made"):
            made = _conditions(spec, view, recipe, settings)
            st.checkbox("Offer every layer, not only the convolutions", value=every, key=key("every"))
        with table, st.expander("The layers of this network", expanded=not view.layers):
            blocks.layers(spec.layers)
    return replace(made, layers=tuple(sorted(chosen)), beside=view.beside) if pressed else None


def _conditions(spec: ModelSpec, view: View, name: str, settings: Settings) -> View:
    """Size, steps and the rest, at what the visitor left them at; another recipe begins with what it was made for."""

    def key(field: str) -> str:
        return f"{field}-{name}-{view.token}"

    recipe = view.recipe if view.recipe.name == name else RECIPES[name]
    (first, second), (third, fourth) = st.columns(2), st.columns(2)
    size = first.number_input("Size of a tile in pixels", 1, settings.max_size, recipe.size, 16, key=key("size"))
    steps = second.number_input("Steps", 1, settings.max_steps, recipe.steps, 8, key=key("steps"))
    seed = third.number_input("Seed of the noise", 0, LARGEST_SEED, recipe.seed, 1, key=key("seed"))
    count = fourth.selectbox("Filters of each layer", COUNTS, COUNTS.index(view.count), key=key("count"))
    sought = objectives(name)
    objective = st.selectbox(
        "What to look for",
        sought,
        sought.index(recipe.objective),
        format_func=text.objective,
        disabled=len(sought) == 1,
        key=key("objective"),
    )
    ranges = list(PixelRange)
    pixel_range = st.selectbox(
        "Pixel values the network was trained on",
        ranges,
        ranges.index(view.pixel_range),
        format_func=text.pixel_range,
        key=key("range"),
    )
    blocks.quiet(text.pixel_range_guess(spec, name))
    return replace(
        view,
        recipe=replace(recipe, size=int(size), steps=int(steps), seed=int(seed), objective=objective),
        count=count,
        pixel_range=pixel_range,
    )
