"""One module alone reaches into Streamlit, so that a new version of Streamlit is one module's matter."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import filterviz
from filterviz.ui import streamlit_private

PACKAGE = Path(filterviz.__file__).parent
OWNER = Path(streamlit_private.__file__)
PUBLIC = {"streamlit", "streamlit.delta_generator"}
"""What any module of the page may import: the documented interface, and the type of a container."""


def private_uses(source: str) -> list[str]:
    """What a module takes from Streamlit that is not public: other modules, and names with an underscore."""
    found = []
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "streamlit":
                    names.add(alias.asname or "streamlit")
                    found += [alias.name] if alias.name not in PUBLIC else []
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "streamlit":
            found += [str(node.module)] if node.module not in PUBLIC else []
            # A name that is a module of its own: "from streamlit import runtime".
            found += [alias.name for alias in node.names if alias.name[0] == "_" or alias.name[0].islower()]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            path = ast.unparse(node).split(".")
            if path[0] in names and (path[1] in ("runtime", "web") or any(part[0] == "_" for part in path[1:])):
                found.append(".".join(path))
    return found


@pytest.mark.parametrize(
    "source",
    [
        "from streamlit.runtime.scriptrunner import get_script_run_ctx",
        "import streamlit.web.bootstrap",
        "from streamlit import runtime",
        "from streamlit import _main",
        "import streamlit as st\nst.runtime.exists()",
        "import streamlit as st\nst._config.get_option('theme.base')",
        "import streamlit\nstreamlit.container()._parent",
    ],
)
def test_what_is_private_is_seen(source: str) -> None:
    assert private_uses(source)


def test_what_is_public_may_be_used() -> None:
    source = (
        "import streamlit as st\nfrom streamlit.delta_generator import DeltaGenerator\nst.components.v2.component('x')"
    )
    assert private_uses(source) == []


def test_one_module_alone_uses_what_is_private() -> None:
    uses = {path: private_uses(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    assert uses.pop(OWNER)
    assert {str(path.relative_to(PACKAGE)): found for path, found in uses.items() if found} == {}


def test_where_nobody_looks_nothing_happens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert not streamlit_private.has_visitor()
        assert not streamlit_private.came_through_history()
        streamlit_private.release(None)  # type: ignore[arg-type]
    assert caplog.records == []


APP = """
import streamlit as st
from filterviz.ui import streamlit_private

given = st.file_uploader("file")
if given is not None:
    streamlit_private.release(given)
st.text(f"{streamlit_private.has_visitor()} {streamlit_private.came_through_history()}")
"""


def test_a_page_is_drawn_for_a_visitor() -> None:
    page = AppTest.from_string(APP).run()
    assert page.text[0].value == "True False"
    page.file_uploader[0].upload("file.h5", b"bytes")
    assert not page.run().exception
