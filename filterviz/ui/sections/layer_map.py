"""The map of a network: what leads to what, which layers are shown, and the way to each."""

from __future__ import annotations

from functools import partial

import streamlit as st

from filterviz.analysis.layer_map import layer_map
from filterviz.service.model import Model
from filterviz.spec import LayerSpec
from filterviz.spec.names import plain
from filterviz.ui import address, blocks
from filterviz.ui.components import layer_map as component
from filterviz.ui.i18n import _
from filterviz.ui.session import Session
from filterviz.ui.text import networks, problems
from filterviz.ui.view import MOST_LAYERS, View

MOST_ROWS = 2000
"""The most layers on the map."""


def offer(session: Session, model: Model) -> None:
    """A button that opens the map. ``session`` has a view that was fitted to the network."""
    if st.button(_("Map"), icon=":material/account_tree:", key="map", help=_("What leads to what in this network")):
        st.dialog(_("Map of the layers"), width="large")(_draw)(session, model)


def _draw(session: Session, model: Model) -> None:
    view, found = session.view, layer_map(model.spec)
    rows = [_row(view, index, model.spec.layers[index]) for index in found.layers[:MOST_ROWS]]
    blocks.quiet(
        _(
            "From the image at the top to the answer at the bottom. A line leads from each layer to those that take "
            "what it computes. Full circles are shown on the page. Press a layer to see its patterns."
        )
    )
    component.mount(
        rows,
        found.joined[:MOST_ROWS],
        [arc for arc in found.arcs if arc.ends[-1] < MOST_ROWS],
        label=_("Map of the layers"),
        key=f"map-of-{view.token}",
        choose=partial(_look_at, view, model),
    )
    if len(found.layers) > MOST_ROWS:
        blocks.quiet(_("and {number} more").format(number=len(found.layers) - MOST_ROWS))


def _row(view: View, index: int, layer: LayerSpec) -> component.MapRow:
    about = networks.layer_line(layer) if layer.visualisable else problems.reason(layer)
    return component.MapRow(
        index,
        plain(layer.name, 60),
        f"{plain(layer.kind, 30)} · {about}" if about else plain(layer.kind, 30),
        shown=index in view.layers,
        current=index == view.at,
        pressable=layer.visualisable,
    )


def _look_at(view: View, model: Model, index: int) -> None:
    """Go to a layer; where as many are on the page as there may be, it takes the place of the one looked at."""
    if not (0 <= index < len(model.spec.layers) and model.spec.layers[index].visualisable):
        return
    kept = [layer for layer in view.layers if layer != view.at or len(view.layers) < MOST_LAYERS]
    address.go(view.change(layers=tuple(sorted({*kept, index})), at=index, overview=False))
