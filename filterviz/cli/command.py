"""What a command is, and the exit codes that all commands share."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from filterviz.cli.arguments import Parser
from filterviz.service.workspace import Workspace

DONE = 0
USAGE = 2  # The arguments make no sense, or do not fit the model.
REFUSED = 3  # The file was refused; see filterviz.errors.RefusalCode.
FAILED = 4  # The computation failed, or VGG16's weights are neither here nor can they be downloaded.
STOPPED = 130  # Somebody pressed Ctrl-C. Finished tiles are kept.
UNREAD = 141  # Nobody reads the output any more, as in "filterviz layers FILE | head".


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: The word it is called by.
        help: One line for ``filterviz --help``.
        parents: Functions that make the parsers of the arguments it shares with other commands.
        run: Does the work and returns the exit code. The event is set when somebody presses Ctrl-C.
        configure: Adds the command's own arguments to its parser, if it has any.
    """

    name: str
    help: str
    parents: Sequence[Callable[[], Parser]]
    run: Callable[[Workspace, Namespace, threading.Event], int]
    configure: Callable[[Parser], None] = lambda parser: None
