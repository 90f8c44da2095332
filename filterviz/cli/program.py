"""Run one command: parse its arguments, turn errors into exit codes, and survive a reader that goes away."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Sequence
from typing import TextIO

from filterviz._version import __version__
from filterviz.cli import atlas, compare, layers, outputs, page, patterns
from filterviz.cli.arguments import Parser, join_pixel_range
from filterviz.cli.command import FAILED, REFUSED, STOPPED, UNREAD, USAGE, Command
from filterviz.cli.output import print_json, tell
from filterviz.errors import BadRequest, FiltervizError, Refused, Stopped
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (page.COMMAND, layers.COMMAND, compare.COMMAND, patterns.COMMAND, outputs.COMMAND, atlas.COMMAND)
}
"""Every command by its name, in the order of ``filterviz --help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: What follows the program's name; ``sys.argv[1:]`` by default.
    """
    try:
        try:
            options = parser().parse_args(join_pixel_range(sys.argv[1:] if arguments is None else arguments))
            return _run(options)
        finally:
            # If this were left to the end of the interpreter, a broken pipe could not be handled any more.
            for stream in _standard_streams():
                stream.flush()
    except BrokenPipeError:
        # As in "layers FILE | head": the reader has seen enough. All child processes have ended by now.
        for stream in _standard_streams():
            _discard_unread(stream)
        return UNREAD


def parser() -> Parser:
    """The parser of the whole command line."""
    program = Parser(prog="filterviz", description="See what a Keras image network has learned, filter by filter.")
    program.add_argument("--version", action="version", version=f"filterviz {__version__}")
    subparsers = program.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        parents = [make() for make in command.parents]
        command.configure(subparsers.add_parser(command.name, parents=parents, help=command.help))
    return program


def _run(options: Namespace) -> int:
    stop = threading.Event()
    previous = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with Workspace(Settings.from_environment()) as workspace:
            return COMMANDS[options.command].run(workspace, options, stop)
    except Refused as refusal:
        if options.json:
            print_json({"refused": refusal.to_json()})
        else:
            tell(f"Refused ({refusal.code.value}): {refusal}", error=True)
        return REFUSED
    except Stopped as stopped:
        tell(stopped, error=True)
        return STOPPED
    except (BadRequest, ValueError) as error:
        tell(error, error=True)
        return USAGE
    except FiltervizError as error:
        tell(error, error=True)
        return FAILED
    finally:
        signal.signal(signal.SIGINT, previous)


def _standard_streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _discard_unread(stream: TextIO) -> None:
    """If nobody reads a stream any more, send what is still buffered in it to the null device."""
    try:
        stream.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            null_device = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null_device, stream.fileno())
            os.close(null_device)
