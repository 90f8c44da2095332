"""``filterviz patterns MODEL --layer NAME --out DIR``: make the pattern that excites each filter most."""

from __future__ import annotations

import threading
from argparse import Namespace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.cli.arguments import Parser, filter_numbers, model_arguments, open_model, recipe_arguments, recipe_from
from filterviz.cli.command import DONE, Command
from filterviz.cli.output import print_json, tell
from filterviz.cli.progress import follow, raise_unless_done
from filterviz.errors import BadRequest
from filterviz.export import run_folder
from filterviz.service.workspace import Workspace
from filterviz.spec import ModelSpec, Request


def configure(parser: Parser) -> None:
    """Add which layers and filters, and where the files go."""
    parser.add_argument(
        "--layer", action="append", required=True, metavar="NAME", help="a layer; may be given several times"
    )
    parser.add_argument(
        "--filters", default=None, metavar="WHICH", help="0-24, 3,7 or all (default: the first 25)", type=filter_numbers
    )
    parser.add_argument("--init", type=Path, metavar="FILE.npy", help="start images, float32 [n, size, size, channels]")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the images go")


def run(workspace: Workspace, options: Namespace, stop: threading.Event) -> int:
    """Make the patterns; write each as a PNG file, each layer's wall, and ``run.json``."""
    run_folder.prepare(options.out)
    model = open_model(workspace, options.model, options.architecture)
    recipe = recipe_from(options)
    requests = [
        Request(
            layer=name,
            filters=_filters(model.spec, name, options.filters),
            recipe=recipe,
            pixel_range=options.pixel_range,
            precision=options.precision,
        )
        for name in dict.fromkeys(options.layer)
    ]
    start = None if options.init is None else _start_images(options.init)
    state = follow(workspace, workspace.start(model, requests, start=start), stop)
    # What was finished before an error or Ctrl-C is written too.
    results = [(layer.request, layer.patterns) for layer in state.layers]
    document = run_folder.write_run(options.out, model.describe(), results)
    if options.json:
        print_json(document)
    elif state.done:
        tell(f"{state.done} of {state.total} tiles written to {options.out}.")
    raise_unless_done(state)
    return DONE


def _filters(spec: ModelSpec, name: str, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    """The filters of a layer to make: those named, all of them (an empty tuple), or the first 25 (``None``)."""
    layer = next((layer for layer in spec.visualisable if layer.name == name), None)
    if layer is None:
        return (0,)  # The workspace will refuse the request and say which layers there are.
    if wanted is None:
        return layer.first_filters()
    return wanted or tuple(range(layer.channels or 0))


def _start_images(path: Path) -> NDArray[np.float32]:
    """Read the start images, ``[n, size, size, channels]``, from a ``.npy`` file.

    Raises:
        BadRequest: The file cannot be read, or does not hold one such array.
    """
    try:
        images = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BadRequest(f"The start images {str(path)!r} cannot be read: {error}.") from None
    if not isinstance(images, np.ndarray) or images.ndim != 4 or images.dtype.kind not in "fiu":
        raise BadRequest(f"The start images {str(path)!r} must be one array of numbers, [n, size, size, channels].")
    return images.astype(np.float32)


COMMAND = Command(
    "patterns", "make the pattern that excites each filter most", [model_arguments, recipe_arguments], run, configure
)
