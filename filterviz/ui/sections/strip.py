"""The layers of a network by depth, each with a few tiles, to go from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from streamlit.delta_generator import DeltaGenerator

from filterviz.service.job_state import LayerState
from filterviz.service.model import Model
from filterviz.spec.names import plain
from filterviz.spec.terms import Json
from filterviz.ui import address, tile_data
from filterviz.ui.components import strip
from filterviz.ui.feed import Items
from filterviz.ui.i18n import _
from filterviz.ui.live import live
from filterviz.ui.session import Session
from filterviz.ui.text import networks
from filterviz.ui.view import GLIMPSE, View
from filterviz.ui.wall import ShownWall


def show(
    session: Session, model: Model, room: DeltaGenerator, walls: Sequence[ShownWall], names: Mapping[int, str]
) -> None:
    """Draw the strip. While tiles in it are being made, the page's feed tells the browser more.

    Args:
        session: The visitor's page.
        model: The network.
        room: The container for it; nothing else may stand in it.
        walls: For each of the view's layers the wall whose first tiles are shown.
        names: Short names of the layers, by their index.
    """
    live(_draw, room, None, session, model, walls, names)


class StripNews:
    """What the page's feed says of the strip. What has not changed is not worked out again.

    Args:
        session: The visitor's page.
        walls: See :func:`show`.
    """

    def __init__(self, session: Session, walls: Sequence[ShownWall]) -> None:
        self._session = session
        self._walls = walls
        self._known: dict[int, tuple[LayerState, Json]] = {}

    def items(self) -> Items:
        """The items as they are now."""
        for wall in self._walls:
            state, known = wall.state(self._session), self._known.get(wall.index)
            if known is None or known[0] is not state:
                self._known[wall.index] = state, list(_pictures(state))
        return {f"{strip.FEED}{index}": links for index, (_state, links) in self._known.items()}


def _draw(session: Session, model: Model, walls: Sequence[ShownWall], names: Mapping[int, str]) -> None:
    view = session.view
    layers = [
        strip.StripLayer(
            wall.index,
            plain(names[wall.index], 40),
            f"{plain(wall.layer.name, 60)} · {networks.layer_line(wall.layer)}",
            _pictures(wall.state(session)),
            wall.index == view.at and not view.overview,
        )
        for wall in walls
    ]
    strip.mount(
        layers,
        label=_("Layers of {network}, from the first to the last").format(network=plain(model.name, 40)),
        ends=(_("colours and edges"), _("textures, parts of things")),
        key=f"strip-{view.token}",
        choose=partial(_look_at, view),
    )


def _look_at(view: View, index: int) -> None:
    if index in view.layers and (index != view.at or view.overview):
        address.go(view.change(at=index, overview=False))


def _pictures(state: LayerState) -> tuple[str, ...]:
    return tuple(tile_data.small(state, channel) for channel in state.wanted[:GLIMPSE])
