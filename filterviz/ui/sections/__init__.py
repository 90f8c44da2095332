"""The parts of the page, a module for each."""

from __future__ import annotations

from collections.abc import Callable

from filterviz.service.model import Model
from filterviz.ui.sections import layer_table, tour, walls
from filterviz.ui.session import Session

Section = Callable[[Session, Model], None]
"""Draws a part of the page of a network. The layers in the session's view fit the network."""

SECTIONS: tuple[Section, ...] = (walls.show, layer_table.show, tour.show)
"""What the page shows of a network, from top to bottom. A new section is a module here and an entry in this row."""
