"""Starting the page: the packaged app, with the theme and the options that it needs."""

from __future__ import annotations

from pathlib import Path

from filterviz.ui import streamlit_private

APP = Path(__file__).parent / "entry" / "app.py"
"""The script that Streamlit runs. Streamlit finds its options in ``.streamlit/config.toml`` in the same folder."""


def serve(host: str = "localhost", port: int = 8501, *, browser: bool = True) -> None:
    """Serve the page until the process is told to stop.

    Args:
        host: The address to listen on.
        port: The port to listen on.
        browser: Whether to open the page in a browser.
    """
    options = [f"--server.address={host}", f"--server.port={port}", f"--server.headless={str(not browser).lower()}"]
    streamlit_private.run_script(APP, options)
