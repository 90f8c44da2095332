"""``filterviz compare MODEL OTHER --out DIR``: two networks side by side, layer beside layer, made the same way."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filterviz.cli.arguments import Parser, model_arguments, open_model, recipe_arguments, recipe_from
from filterviz.cli.command import DONE, Command
from filterviz.cli.output import print_json, tell
from filterviz.cli.progress import follow, raise_unless_done
from filterviz.export import comparison_folder, paper_figure, run_folder
from filterviz.service import comparison
from filterviz.service.job_state import LayerState
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.spec import Request

UNTRAINED = "untrained"
"""What ``OTHER`` may say instead of a file: the first network before any training."""


def configure(parser: Parser) -> None:
    """Add the other network, which layers and how many filters, and where the files go."""
    parser.add_argument("other", metavar="OTHER", help="a Keras file, vgg16, or untrained: MODEL before any training")
    parser.add_argument(
        "--layer",
        action="append",
        metavar="NAME[=OTHER]",
        help="a layer and what it stands beside (default: all convolutions)",
    )
    parser.add_argument("--count", type=int, default=25, metavar="N", help="filters of each layer")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the images go")
    parser.add_argument("--figure", choices=["pdf", "svg"], help="also draw a figure for a paper")


def run(workspace: Workspace, options: Namespace, stop: threading.Event) -> int:
    """Pair the layers of two networks, make their patterns, and write the comparison."""
    run_folder.prepare(options.out)
    one = open_model(workspace, options.model, options.architecture)
    untrained = options.other == UNTRAINED
    other = workspace.untrained_copy(one) if untrained else open_model(workspace, options.other, None)
    pairs = comparison.pair(one, other, options.layer or ())
    requests = comparison.requests(
        pairs, recipe_from(options), options.count, options.pixel_range, same=one.sha256 == other.sha256
    )
    made = [
        _patterns(workspace, model, [replace(request, precision=options.precision) for request in side], stop)
        for model, side in zip((one, other), requests, strict=True)
    ]
    states = (made[0], made[1])
    data = comparison.report_data((one, other), pairs, states)
    document = comparison_folder.write(options.out, data, [pair.to_json() for pair in pairs])
    if options.figure:
        (options.out / f"figure.{options.figure}").write_bytes(paper_figure.figure(data, options.figure))
    if options.json:
        print_json(document)
    else:
        for item in document["pairs"]:
            tell(_line(item))
        tell(f"Written to {options.out}.")
    return DONE


def _patterns(
    workspace: Workspace, model: Model, requests: Sequence[Request], stop: threading.Event
) -> list[LayerState]:
    """Make the patterns of one side. A layer may stand in several pairs and is made once."""
    state = follow(workspace, workspace.start(model, list(dict.fromkeys(requests))), stop)
    raise_unless_done(state, of_model=f" of {model.name}")
    made = {layer.request.layer: layer for layer in state.layers}
    return [made[request.layer] for request in requests]


def _line(pair: dict[str, Any]) -> str:
    """One pair of layers in a sentence: their names, what each sees, and what differs in how they were made."""
    fields = [
        "the whole image" if field is None else f"{field} px{', gated' * gated}"
        for field, gated in zip(pair["receptive_fields"], pair["gated"], strict=True)
    ]
    differs = "; ".join(pair["differs"]) or "the same conditions"
    return f"{' | '.join(pair['layers'])}: sees {' | '.join(fields)}; {differs}"


COMMAND = Command(
    "compare",
    "two networks side by side, layer beside layer, made the same way",
    [model_arguments, recipe_arguments],
    run,
    configure,
)
