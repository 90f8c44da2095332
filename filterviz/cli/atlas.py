"""``filterviz atlas build|check``: make the patterns that come with the program, or make some again and compare."""

from __future__ import annotations

import argparse
import threading
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from filterviz.cli.arguments import Parser
from filterviz.cli.command import DONE, FAILED, Command
from filterviz.cli.output import tell
from filterviz.cli.progress import follow
from filterviz.service import bundle_builder
from filterviz.service.bundle_builder import TileCheck
from filterviz.service.job_state import JobState
from filterviz.service.model import EXAMPLES, VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.spec import LoadOptions, Pattern, Request
from filterviz.storage.bundled import FOLDER, BundledModel, BundledPatterns


def configure(parser: Parser) -> None:
    """Add what to do, and in which folder."""
    parser.add_argument("what", choices=["build", "check"], help="make them all, or make some anew and compare")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where they are")
    parser.add_argument(
        "--training", type=Path, metavar="DIR", help="build: what a script in examples/ wrote (else VGG16 alone)"
    )
    parser.add_argument("--only", choices=[*EXAMPLES, VGG16], help="build: this network alone")
    parser.add_argument("--tiles", type=int, default=2, metavar="N", help="check: tiles of each sheet")
    # Every command can be asked for --json, also where a refusal is all there is to print.
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)


def run(workspace: Workspace, options: Namespace, stop: threading.Event) -> int:
    """Build or check the bundled patterns."""
    if options.what == "build":
        return _build(workspace, options, stop)
    return _check(workspace, options)


def _build(workspace: Workspace, options: Namespace, stop: threading.Event) -> int:
    # The patterns that are bundled already must not answer the requests for new ones.
    workspace.bundled = BundledPatterns(options.folder / "none")

    def make(model: Model, requests: Sequence[Request]) -> JobState:
        return follow(workspace, workspace.start(model, requests), stop)

    for plan in bundle_builder.plans(workspace, options.training, options.only):
        tell(f"{plan.slug}: {sum(len(request.filters) for request in plan.requests)} tiles", error=True)
        bundle_builder.build(plan, options.folder, make)
    return DONE


def _check(workspace: Workspace, options: Namespace) -> int:
    wrong = checked = 0
    for bundled in BundledPatterns(options.folder).models.values():
        model = _open(workspace, bundled)
        if model is None:
            continue
        for found in _compare(workspace, bundled, model, options.tiles):
            checked += 1
            wrong += not found.passes
            tell(
                f"{bundled.name}, {found.sheet}, filter {found.filter}: "
                f"response {found.response:.1%} of the shipped one's, correlation of the pixels {found.correlation:.3f}"
                + ("" if found.passes else "  <- another pattern")
            )
    tell(f"{checked - wrong} of {checked} tiles made anew excite their filters as the shipped ones do.")
    return FAILED if wrong or not checked else DONE


def _open(workspace: Workspace, bundled: BundledModel) -> Model | None:
    """Open the network of bundled patterns; ``None`` if its file is not here and cannot be downloaded."""
    if bundled.file is not None:
        return workspace.open(bundled.file, name=bundled.name)
    if bundled.architecture == VGG16:
        options = LoadOptions(VGG16)
        path = workspace.file_of(Model(None, bundled.sha256, bundled.name, bundled.spec, options))
        return Model(path, bundled.sha256, bundled.name, bundled.spec, options)
    return None


def _compare(workspace: Workspace, bundled: BundledModel, model: Model, tiles: int) -> Iterator[TileCheck]:
    """Make some tiles of every sheet again, taking none of them from the store, and compare."""

    def make(request: Request) -> list[Pattern]:
        assert model.path is not None
        events = workspace.pool.run(model.path, model.sha256, request, load_options=model.load_options)
        return [event for event in events if isinstance(event, Pattern)]

    return bundle_builder.compare(bundled, make, tiles)


COMMAND = Command("atlas", "make, or check, the images that come with the program", [], run, configure)
