"""``filterviz page``: open the page in a browser."""

from __future__ import annotations

import threading
from argparse import Namespace

from filterviz.cli.arguments import Parser
from filterviz.cli.command import DONE, Command
from filterviz.service.workspace import Workspace


def configure(parser: Parser) -> None:
    """Add the arguments that only this command has."""
    parser.add_argument("--host", default="localhost", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8501, help="the port to listen on (%(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(_: Workspace, options: Namespace, __: threading.Event) -> int:
    """Serve the page until Ctrl-C is pressed."""
    # Streamlit takes a second to import, which no other command needs.
    from filterviz.ui import launch

    launch.serve(options.host, options.port, browser=not options.no_browser)
    return DONE


COMMAND = Command("page", "open the page in your browser", (), run, configure)
