"""One visitor's page while it is drawn: everything that its parts need to know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Self

import streamlit as st

from filterviz.errors import FiltervizError
from filterviz.service.job_state import LayerState
from filterviz.service.presence import person_of
from filterviz.service.server import Server
from filterviz.service.wall_registry import WallRequest
from filterviz.ui import address, i18n, person, streamlit_private
from filterviz.ui.view import View

_VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor and what they see.

    Attributes:
        server: What all visitors share.
        view: What the page shows.
        visitor: A name for whoever looks at this page, the same for as long as it is open; see
            :func:`filterviz.service.presence.person_of`.
        language: The language of the page, a key of :data:`filterviz.ui.i18n.LANGUAGES`.
    """

    server: Server
    view: View
    visitor: str
    language: str

    @classmethod
    def current(cls, server: Server) -> Self:
        """The session of the page that is being drawn."""
        view = address.current(server.settings)
        if _VISITOR not in st.session_state:
            page = uuid.uuid4().hex
            st.session_state[_VISITOR] = f"{person.current() or page}.{page}"
        visitor = st.session_state[_VISITOR]
        server.presence.arrive(visitor, streamlit_private.connection())
        return cls(server, view, visitor, i18n.choose(view.language))

    @property
    def person(self) -> str:
        """Who the visitor is, on whichever of their pages."""
        return person_of(self.visitor)

    def with_view(self, view: View) -> Session:
        """The same session with something else to show."""
        return replace(self, view=view)

    def beside(self, purpose: str) -> Session:
        """A session for work beside the page, whose walls take turns with those of the page.

        Args:
            purpose: What for; the same purpose gives the same visitor, who is the same
                :func:`person <filterviz.service.presence.person_of>`.
        """
        return replace(self, visitor=f"{self.visitor}-{purpose}")

    def state(self, wall: WallRequest) -> tuple[LayerState, FiltervizError | None] | None:
        """Where a wall stands, and why it failed if it did; ``None`` where it was never asked for."""
        return self.server.walls.state(*wall, self.visitor)
