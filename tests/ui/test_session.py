"""What the parts of the page get to know: the same visitor from run to run, the view of the address, the language."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from filterviz.service.server import Server
from filterviz.settings import Settings
from filterviz.ui.session import Session
from filterviz.ui.view import View

APP = """
import json
import streamlit as st
from filterviz.service.presence import Presence
from filterviz.settings import Settings
from filterviz.ui.session import Session

class Server:
    settings = Settings()
    presence = Presence()

session = Session.current(Server())
st.text(json.dumps({"visitor": session.visitor, "language": session.language, "layers": session.view.layers}))
"""


def drawn(page: AppTest) -> dict[str, object]:
    page.run()
    assert not page.exception
    return dict(json.loads(page.text[0].value))


def test_a_session_is_of_one_visitor_and_says_what_the_address_says() -> None:
    page, other = AppTest.from_string(APP), AppTest.from_string(APP)
    page.query_params["layers"] = "0.4"
    page.query_params["lang"] = "zh"
    first = drawn(page)
    assert (first["language"], first["layers"]) == ("zh", [0, 4])
    assert drawn(page) == first
    assert drawn(other)["visitor"] != first["visitor"]
    assert drawn(other)["language"] == "en"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    server = Server(Settings(cache_dir=tmp_path, workers=1))
    yield Session(server, View(), "somebody", "en")
    server.close()


def test_another_view_and_work_beside_the_page_leave_a_session_as_it_is(session: Session) -> None:
    view = View(token="a" * 24)
    assert session.with_view(view).view == view
    assert session.with_view(view).visitor == "somebody"
    beside = session.beside("several")
    assert beside.visitor != session.visitor
    assert beside == session.beside("several")
    assert beside != session.beside("photos")
    assert (session.view, session.visitor) == (View(), "somebody")


def test_the_state_of_a_wall_is_that_on_the_server(session: Session, family_files: dict[str, Path]) -> None:
    file = family_files["keras_2_1.h5"]
    model = session.server.open(session.server.uploads.keep(file.name, io.BytesIO(file.read_bytes())))
    request = View().request(1, model.spec)
    assert session.state((model, request)) is None
    session.server.walls.start(model, [request], "somebody else", paused=True)
    found = session.state((model, request))
    assert found is not None
    assert found[0].request == request
    session.server.walls.leave("somebody else")
    assert session.state((model, request)) is not None, "whoever looks keeps it"
