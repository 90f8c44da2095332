"""The command line: ``filterviz COMMAND ...``, or ``python -m filterviz COMMAND ...``. Each command has a module here.

With ``--json`` a command prints one JSON document on standard output and nothing else there. Progress always goes to
standard error. The exit codes stand in :mod:`filterviz.cli.command`.
"""

from filterviz.cli.command import DONE, FAILED, REFUSED, STOPPED, UNREAD, USAGE
from filterviz.cli.program import COMMANDS, main

__all__ = ["COMMANDS", "DONE", "FAILED", "REFUSED", "STOPPED", "UNREAD", "USAGE", "main"]
