"""Four steps for somebody who sees a network's page for the first time."""

from __future__ import annotations

from filterviz.service.model import Model
from filterviz.ui.components import tour
from filterviz.ui.i18n import _
from filterviz.ui.session import Session


def show(_session: Session, _model: Model) -> None:
    """The steps. The browser remembers that it has shown them."""
    tour.mount(
        [
            tour.Step(
                ".st-key-pair-0",
                _(
                    "Each tile shows the pattern that one filter of the network responds to most. Tiles become sharper "
                    "while they are made."
                ),
            ),
            tour.Step(
                ".st-key-strip",
                _(
                    "These are the layers, from the first to the last: first colours and edges, later textures and "
                    "parts of things. Press one to see its filters."
                ),
            ),
            tour.Step(
                ".st-key-pair-0 [data-testid='stColumn']",
                _("Point at a tile for its numbers, and press it to see it large. The arrow keys work too."),
            ),
            tour.Step(
                ".st-key-beside-0",
                _(
                    "This is for comparison: VGG16, which has learned from over a million photographs. Choose another "
                    "file of yours instead, or the same network before its training."
                ),
            ),
        ],
        key="tour",
    )
