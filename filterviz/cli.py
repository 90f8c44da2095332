"""The command line: ``python -m filterviz layers|patterns|compare|outputs MODEL ...`` and ``atlas build|check``.

With ``--json`` one JSON document goes to standard output and nothing else; progress always goes to standard error.
Exit codes: 0 done, 2 wrong usage, 3 refused file, 4 failed, 130 stopped, 141 where nobody reads the output any more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from filterviz import __version__
from filterviz.errors import BadRequest, FiltervizError, Refused, Stopped
from filterviz.export import comparison_folder, paper_figure, run_folder
from filterviz.service import bundle_builder, comparison, network_arrays
from filterviz.service.job import Job
from filterviz.service.job_state import JobState, Status
from filterviz.service.model import VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import (
    DEFAULT_RECIPE,
    OBJECTIVES,
    PICTURES,
    RECIPES,
    LoadOptions,
    ModelSpec,
    Pattern,
    PixelRange,
    Precision,
    Recipe,
    Request,
)
from filterviz.spec.names import printable
from filterviz.storage.bundled import FOLDER, BundledModel, BundledPatterns

UNTRAINED = "untrained"
"""In place of a second network: the first before any training."""

MOST_LABELS = 20
"""Names of classes that are listed for a terminal; with ``--json`` all are."""

DONE, USAGE, REFUSED, FAILED, STOPPED, UNREAD = 0, 2, 3, 4, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    Args:
        arguments: those after the program's name; ``sys.argv``'s by default.
    """
    try:
        try:
            return _command(arguments)
        finally:
            # Not left to the end of the interpreter, which could only complain.
            for stream in _standard_streams():
                stream.flush()
    except BrokenPipeError:
        # As in "layers FILE | head": who has read enough wants to hear no more. All processes have ended by now.
        for stream in _standard_streams():
            _silence_unread(stream)
        return UNREAD


def _standard_streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _silence_unread(stream: TextIO) -> None:
    """Where nobody reads a stream any more, let what is still to be written to it go nowhere."""
    try:
        stream.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)


def _command(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    stop = threading.Event()
    previous = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with Workspace(Settings.from_environment()) as workspace:
            return COMMANDS[options.command](workspace, options, stop)
    except Refused as refusal:
        if options.json:
            _print_json({"refused": refusal.to_json()})
        else:
            print(f"Refused ({refusal.code.value}): {refusal}", file=sys.stderr)
        return REFUSED
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return STOPPED
    except (BadRequest, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except FiltervizError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        signal.signal(signal.SIGINT, previous)


class _Parser(argparse.ArgumentParser):
    """argparse passes over it where nobody reads its help; here that is told as everywhere else."""

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)


def _parser() -> _Parser:
    parser = _Parser(prog="filterviz", description="See what a Keras image network has learned, filter by filter.")
    parser.add_argument("--version", action="version", version=f"filterviz {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    model = _Parser(add_help=False)
    model.add_argument(
        "model", metavar="MODEL", help="a Keras file (.h5, .hdf5, .keras, or a .zip with one in it), or vgg16"
    )
    model.add_argument(
        "--as",
        dest="architecture",
        metavar="NETWORK",
        help="open a file of bare weights as this network of keras.applications (the refusal of the file names it)",
    )
    model.add_argument("--json", action="store_true", help="print one JSON document on standard output")

    commands.add_parser("layers", parents=[model], help="list the layers of a model")

    made = _conditions()
    compare = commands.add_parser(
        "compare", parents=[model, made], help="two networks side by side, layer beside layer, made the same way"
    )
    compare.add_argument("other", metavar="OTHER", help="a Keras file, vgg16, or untrained: MODEL before any training")
    compare.add_argument(
        "--layer",
        action="append",
        metavar="NAME[=OTHER]",
        help="a layer and what it stands beside (default: all convolutions)",
    )
    compare.add_argument("--count", type=int, default=25, metavar="N", help="filters of each layer")
    compare.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures go")
    compare.add_argument("--figure", choices=["pdf", "svg"], help="also draw a figure for a paper")

    patterns = commands.add_parser(
        "patterns", parents=[model, made], help="make the pattern that excites each filter most"
    )
    patterns.add_argument(
        "--layer", action="append", required=True, metavar="NAME", help="a layer; may be given several times"
    )
    patterns.add_argument(
        "--filters", default=None, metavar="WHICH", help="0-24, 3,7 or all (default: the first 25)", type=_filters
    )
    patterns.add_argument(
        "--init", type=Path, metavar="FILE.npy", help="start pictures, float32 [n, size, size, channels]"
    )
    patterns.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures go")

    outputs = commands.add_parser(
        "outputs", parents=[model], help="what the rebuilt network computes, to hold against Keras"
    )
    outputs.add_argument(
        "--input",
        type=Path,
        required=True,
        metavar="X.npz",
        help="the inputs i0, i1, ... as the file's network has them",
    )
    outputs.add_argument("--out", type=Path, required=True, metavar="Y.npz", help="where the outputs o0, o1, ... go")

    atlas = commands.add_parser("atlas", help="make, or check, the pictures that come with the program")
    atlas.add_argument("what", choices=["build", "check"], help="make them all, or make some anew and compare")
    atlas.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where they are")
    atlas.add_argument(
        "--training", type=Path, metavar="DIR", help="build: what benchmarks/train_demo.py wrote (else VGG16 alone)"
    )
    atlas.add_argument("--tiles", type=int, default=2, metavar="N", help="check: tiles of each sheet")
    atlas.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    return parser


def _conditions() -> _Parser:
    """The options that say how pictures are made."""
    made = _Parser(add_help=False)
    made.add_argument("--recipe", default=DEFAULT_RECIPE.name, choices=list(RECIPES), help="how they are made")
    made.add_argument("--size", type=int, metavar="PX", help="side of a tile in pixels")
    made.add_argument("--steps", type=int, metavar="N", help="steps of gradient ascent")
    made.add_argument(
        "--objective",
        choices=list(OBJECTIVES),
        help="what to look for: " + "; ".join(f"{name}, {meaning}" for name, meaning in OBJECTIVES.items()),
    )
    made.add_argument(
        "--pictures",
        type=int,
        choices=PICTURES,
        metavar="N",
        help="different pictures of each filter, in one tile: " + ", ".join(map(str, PICTURES)),
    )
    made.add_argument("--seed", type=int, metavar="S", help="of the start pictures")
    made.add_argument(
        "--pixel-range",
        default=PixelRange.AUTO,
        type=PixelRange,
        choices=list(PixelRange),
        metavar="RANGE",
        help="the pixel values the model was trained on: " + ", ".join(PixelRange),
    )
    made.add_argument(
        "--precision",
        default=Precision.AUTO,
        type=Precision,
        choices=list(Precision),
        metavar="FORMAT",
        help="of the computation: " + ", ".join(Precision),
    )
    return made


def _joined(arguments: Sequence[str]) -> list[str]:
    """Join ``--pixel-range -1-1`` with an equals sign, as argparse would take ``-1-1`` for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--pixel-range":
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _filters(text: str) -> tuple[int, ...]:
    """``0-3,7`` as numbers; none for ``all``.

    Example:
        >>> _filters("0-3,7")
        (0, 1, 2, 3, 7)
    """
    if text == "all":
        return ()
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:-(\d{1,6}))?\s*", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            message = f"{text!r} does not say which filters: write 0-24, or 3,7, or all"
            raise argparse.ArgumentTypeError(message)
        numbers.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(dict.fromkeys(numbers))


def _open(workspace: Workspace, name: str, architecture: str | None) -> Model:
    if name == VGG16:
        return workspace.reference()
    return workspace.open(Path(name), architecture=architecture)


def _layers(workspace: Workspace, options: argparse.Namespace, _: threading.Event) -> int:
    model = _open(workspace, options.model, options.architecture)
    if options.json:
        _print_json(
            {
                "model": model.describe(),
                "layers": [layer.listing() for layer in model.spec.layers],
                "outputs": [output.listing() for output in model.spec.classes],
            }
        )
    else:
        print(_listing(model))
    return DONE


def _listing(model: Model) -> str:
    """The layers as a table for a terminal."""
    rows = [("layer", "kind", "filters", "output", "sees", "")]
    for layer in model.spec.layers:
        shape = layer.output_shape
        rows.append(
            (
                printable(layer.name),
                layer.kind,
                "" if layer.channels is None else str(layer.channels),
                "" if shape is None else "x".join("?" if side is None else str(side) for side in shape[1:]),
                "" if layer.receptive_field is None else f"{layer.receptive_field} px{', gated' * layer.gated}",
                "" if layer.visualisable else printable(layer.reason or ""),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5])) for row in rows
    ]
    notes = (printable(note) for note in model.spec.notes)
    return "\n".join([*(line.rstrip() for line in lines), *_classes(model.spec), *notes])


def _classes(spec: ModelSpec) -> Iterator[str]:
    """What the units of the outputs stand for, a line for each output where that is known."""
    for output in spec.classes:
        if output.labels:
            shown = [f"{unit} {printable(label)}" for unit, label in enumerate(output.labels[:MOST_LABELS])]
            rest = len(output.labels) - MOST_LABELS
            more = f", and {rest} more" if rest > 0 else ""
            yield f"Units of {printable(output.layer)}: {', '.join(shown)}{more}"


def _patterns(workspace: Workspace, options: argparse.Namespace, stop: threading.Event) -> int:
    run_folder.prepare(options.out)
    model = _open(workspace, options.model, options.architecture)
    recipe = _recipe(options)
    requests = [
        Request(
            layer=name,
            filters=_wanted(model.spec, name, options.filters),
            recipe=recipe,
            pixel_range=options.pixel_range,
            precision=options.precision,
        )
        for name in dict.fromkeys(options.layer)
    ]
    start = None if options.init is None else _start_pictures(options.init)
    job = workspace.start(model, requests, start=start)
    state = _follow(workspace, job, stop)
    document = run_folder.write_run(
        options.out, model.describe(), [(layer.request, layer.patterns) for layer in state.layers]
    )
    if options.json:
        _print_json(document)
    elif state.done:
        print(f"{state.done} of {state.total} tiles written to {options.out}.")
    if state.error is not None:
        raise state.error
    if state.status is Status.STOPPED:
        message = f"Stopped; {state.done} of {state.total} tiles were finished and are kept."
        raise Stopped(message)
    return DONE


def _compare(workspace: Workspace, options: argparse.Namespace, stop: threading.Event) -> int:
    run_folder.prepare(options.out)
    one = _open(workspace, options.model, options.architecture)
    other = workspace.untrained_copy(one) if options.other == UNTRAINED else _open(workspace, options.other, None)
    pairs = comparison.pair(one, other, options.layer or ())
    mine, its = comparison.requests(
        pairs, _recipe(options), options.count, options.pixel_range, same=one.sha256 == other.sha256
    )
    states = []
    for model, requests in ((one, mine), (other, its)):
        unique = list(dict.fromkeys(replace(request, precision=options.precision) for request in requests))
        state = _follow(workspace, workspace.start(model, unique), stop)
        if state.error is not None:
            raise state.error
        if state.status is Status.STOPPED:
            message = f"Stopped; {state.done} of {state.total} tiles of {model.name} were finished and are kept."
            raise Stopped(message)
        made = {layer.request.layer: layer for layer in state.layers}
        states.append([made[request.layer] for request in requests])
    data = comparison.report_data((one, other), pairs, (states[0], states[1]))
    document = comparison_folder.write(options.out, data, [item.to_json() for item in pairs])
    if options.figure:
        (options.out / f"figure.{options.figure}").write_bytes(paper_figure.figure(data, options.figure))
    if options.json:
        _print_json(document)
    else:
        for item in document["pairs"]:
            fields = [
                "the whole picture" if field is None else f"{field} px{', gated' * gated}"
                for field, gated in zip(item["receptive_fields"], item["gated"], strict=True)
            ]
            differs = "; ".join(item["differs"]) or "the same conditions"
            print(f"{' | '.join(map(printable, item['layers']))}: sees {' | '.join(fields)}; {differs}")
        print(f"Written to {options.out}.")
    return DONE


def _outputs(workspace: Workspace, options: argparse.Namespace, stop: threading.Event) -> int:
    network_arrays.prepare(options.out)
    model = workspace.readied(_open(workspace, options.model, options.architecture))
    spec = model.spec
    computed = network_arrays.computable(spec)
    inputs = network_arrays.read(options.input, spec)
    line = _StatusLine(sys.stderr)
    try:
        made = workspace.outputs(
            model, inputs, stop=stop, progress=lambda done, count: line.show(f"{done}/{count} examples")
        )
    finally:
        line.end()
    network_arrays.write(options.out, made)
    shapes = {number: list(array.shape) for number, array in enumerate(made) if array is not None}
    missing = [number for number in range(len(made)) if number not in computed]
    for number in missing:
        print(f"o{number} is left out. {printable(spec.declared_outputs[number].reason or '')}", file=sys.stderr)
    if options.json:
        _print_json(
            {
                "model": model.describe(),
                "inputs": [
                    {
                        "name": f"i{number}",
                        "layer": spec.layers[spec.nodes[node].layer].name,
                        "shape": list(array.shape),
                    }
                    for number, (node, array) in enumerate(zip(spec.inputs, inputs, strict=True))
                ],
                "outputs": [
                    {"name": f"o{number}", "layer": network_arrays.layer_of(spec, number), "shape": shapes[number]}
                    for number in computed
                ],
                "missing": [
                    {
                        "name": f"o{number}",
                        "layer": network_arrays.layer_of(spec, number),
                        "reason": spec.declared_outputs[number].reason,
                    }
                    for number in missing
                ],
                "out": str(options.out),
            }
        )
    else:
        for number in computed:
            print(f"o{number} {shapes[number]} ({printable(network_arrays.layer_of(spec, number) or '')})")
        for note in spec.notes:
            print(printable(note))
        print(f"Written to {options.out}.")
    return DONE


def _atlas(workspace: Workspace, options: argparse.Namespace, stop: threading.Event) -> int:
    if options.what == "build":
        workspace.bundled = BundledPatterns(options.folder / "none")  # what is there already answers nothing
        for plan in bundle_builder.plans(workspace, options.training):
            print(f"{plan.slug}: {sum(len(request.filters) for request in plan.requests)} tiles", file=sys.stderr)
            follow = partial(_follow_requests, workspace, stop)
            bundle_builder.build(plan, options.folder, follow)
        return DONE
    wrong = checked = 0
    for model in BundledPatterns(options.folder).models.values():
        opened = _shipped_file(workspace, model)
        if opened is None:
            continue
        for found in bundle_builder.compare(model, partial(_made_anew, workspace, opened), options.tiles):
            checked += 1
            wrong += not found.passes
            print(
                f"{model.name}, {found.sheet}, filter {found.filter}: "
                f"response {found.response:.1%} of the shipped one's, correlation of the pixels {found.correlation:.3f}"
                + ("" if found.passes else "  <- another pattern")
            )
    print(f"{checked - wrong} of {checked} tiles made anew excite their filters as the shipped ones do.")
    return FAILED if wrong or not checked else DONE


def _follow_requests(
    workspace: Workspace, stop: threading.Event, model: Model, requests: Sequence[Request]
) -> JobState:
    return _follow(workspace, workspace.start(model, requests), stop)


def _shipped_file(workspace: Workspace, model: BundledModel) -> Model | None:
    """The network of shipped pictures, where its file is here or can be had."""
    file = model.folder / f"{model.folder.name}.h5"
    if file.is_file():
        return workspace.open(file, name=model.name)
    if model.architecture == VGG16:
        path = workspace.file_of(Model(None, model.sha256, model.name, model.spec, LoadOptions(VGG16)))
        return Model(path, model.sha256, model.name, model.spec, LoadOptions(VGG16))
    return None


def _made_anew(workspace: Workspace, model: Model, request: Request) -> list[Pattern]:
    assert model.path is not None
    events = workspace.pool.run(model.path, model.sha256, request, load_options=model.load_options)
    return [event for event in events if isinstance(event, Pattern)]


def _recipe(options: argparse.Namespace) -> Recipe:
    return RECIPES[options.recipe].with_(
        size=options.size,
        steps=options.steps,
        seed=options.seed,
        objective=options.objective,
        pictures=options.pictures,
    )


def _wanted(spec: ModelSpec, name: str, filters: tuple[int, ...] | None) -> tuple[int, ...]:
    """The filters asked for: those named, all of them, or the first 25."""
    layer = next((layer for layer in spec.visualisable if layer.name == name), None)
    if layer is None:
        return (0,)  # the studio will say which layers there are
    if filters is None:
        return layer.first_filters()
    return filters or tuple(range(layer.channels or 0))


def _start_pictures(path: Path) -> NDArray[np.float32]:
    try:
        pictures = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        message = f"The start pictures {str(path)!r} cannot be read: {error}."
        raise BadRequest(message) from None
    if not isinstance(pictures, np.ndarray) or pictures.ndim != 4 or pictures.dtype.kind not in "fiu":
        message = f"The start pictures {str(path)!r} must be one array of numbers, [n, size, size, channels]."
        raise BadRequest(message)
    return pictures.astype(np.float32)


def _follow(workspace: Workspace, job: Job, stop: threading.Event) -> JobState:
    """Show how far a job is until it ends; Ctrl-C stops it."""
    line = _StatusLine(sys.stderr)
    while not (state := job.wait(0.2)).finished:
        if stop.is_set():
            job.stop()
        line.show(_progress(state) if workspace.download is None else _downloading(*workspace.download))
    line.show(_progress(state))
    line.end()
    return state


def _progress(state: JobState) -> str:
    text = f"{state.done}/{state.total} tiles"
    layer = state.current
    if layer is not None:
        text += f" · {printable(layer.request.layer)}"
        if layer.steps:
            text += f" · step {layer.step}/{layer.steps}"
        if layer.seconds_left is not None:
            text += f" · {layer.seconds_left:.0f} s left for this layer"
    return text


def _downloading(received: int, total: int) -> str:
    return f"Downloading VGG16's weights: {received / 1e6:.0f} of {total / 1e6:.0f} MB"


class _StatusLine:
    """One line that is rewritten on a terminal; elsewhere only its last state is printed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._text = ""

    def show(self, text: str) -> None:
        if self._live and text != self._text:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
        self._text = text

    def end(self) -> None:
        self._stream.write("\n" if self._live else f"{self._text}\n")


COMMANDS = {"layers": _layers, "patterns": _patterns, "compare": _compare, "outputs": _outputs, "atlas": _atlas}


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1))
