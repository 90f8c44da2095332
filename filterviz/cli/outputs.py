"""``filterviz outputs MODEL --input X.npz --out Y.npz``: what the rebuilt network computes, to compare with Keras."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.cli.arguments import Parser, model_arguments, open_model
from filterviz.cli.command import DONE, Command
from filterviz.cli.output import print_json, tell
from filterviz.cli.progress import StatusLine
from filterviz.service import network_arrays
from filterviz.service.workspace import Workspace
from filterviz.spec import ModelSpec


def configure(parser: Parser) -> None:
    """Add the file of the inputs and the file of the outputs."""
    parser.add_argument(
        "--input",
        type=Path,
        required=True,
        metavar="X.npz",
        help="the inputs i0, i1, ... as the file's network has them",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="Y.npz", help="where the outputs o0, o1, ... go")


def run(workspace: Workspace, options: Namespace, stop: threading.Event) -> int:
    """Run the network on the arrays of one file and write its outputs to another."""
    network_arrays.prepare(options.out)
    model = workspace.readied(open_model(workspace, options.model, options.architecture))
    network_arrays.computable(model.spec)  # If nothing can be computed, say so before the inputs are read.
    inputs = network_arrays.read(options.input, model.spec)
    line = StatusLine()
    try:
        outputs = workspace.outputs(
            model, inputs, stop=stop, progress=lambda done, count: line.show(f"{done}/{count} examples")
        )
    finally:
        line.end()
    network_arrays.write(options.out, outputs)
    document = _document(model.spec, inputs, outputs)
    for missing in document["missing"]:
        tell(f"{missing['name']} is left out. {missing['reason'] or ''}", error=True)
    if options.json:
        print_json({"model": model.describe(), **document, "out": str(options.out)})
    else:
        for output in document["outputs"]:
            tell(f"{output['name']} {output['shape']} ({output['layer'] or ''})")
        for note in model.spec.notes:
            tell(note)
        tell(f"Written to {options.out}.")
    return DONE


def _document(
    spec: ModelSpec, inputs: Sequence[NDArray[Any]], outputs: Sequence[NDArray[np.float32] | None]
) -> dict[str, list[dict[str, Any]]]:
    """Name, layer and shape of every input and output; the reason in place of the shape where one is missing."""
    named = [(f"o{number}", network_arrays.layer_of(spec, number)) for number in range(len(outputs))]
    return {
        "inputs": [
            {"name": f"i{number}", "layer": spec.layers[spec.nodes[node].layer].name, "shape": list(array.shape)}
            for number, (node, array) in enumerate(zip(spec.inputs, inputs, strict=True))
        ],
        "outputs": [
            {"name": name, "layer": layer, "shape": list(array.shape)}
            for (name, layer), array in zip(named, outputs, strict=True)
            if array is not None
        ],
        "missing": [
            {"name": name, "layer": layer, "reason": declared.reason}
            for (name, layer), array, declared in zip(named, outputs, spec.declared_outputs, strict=True)
            if array is None
        ],
    }


COMMAND = Command(
    "outputs", "what the rebuilt network computes, to hold against Keras", [model_arguments], run, configure
)
