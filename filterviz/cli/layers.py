"""``filterviz layers MODEL``: list the layers of a model."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Iterator

from filterviz.cli.arguments import model_arguments, open_model
from filterviz.cli.command import DONE, Command
from filterviz.cli.output import print_json, tell
from filterviz.service.workspace import Workspace
from filterviz.spec import LayerSpec, ModelSpec

MOST_LABELS = 20
"""How many class names are listed for a terminal. With ``--json`` all are."""

HEADINGS = ("layer", "kind", "filters", "output", "sees", "")


def run(workspace: Workspace, options: Namespace, _: threading.Event) -> int:
    """Print the layers as a table, or with everything known about them as JSON."""
    model = open_model(workspace, options.model, options.architecture)
    if options.json:
        print_json(
            {
                "model": model.describe(),
                "layers": [layer.listing() for layer in model.spec.layers],
                "outputs": [output.listing() for output in model.spec.classes],
            }
        )
        return DONE
    for line in (*_table(model.spec), *_classes(model.spec), *model.spec.notes):
        tell(line)
    return DONE


def _table(spec: ModelSpec) -> Iterator[str]:
    rows = [HEADINGS, *map(_row, spec.layers)]
    # The last column, why a layer cannot be shown, is as long as it needs to be.
    *aligned, _ = zip(*rows, strict=True)
    widths = [max(map(len, column)) for column in aligned]
    for *cells, reason in rows:
        yield "  ".join([*map(str.ljust, cells, widths), reason]).rstrip()


def _row(layer: LayerSpec) -> tuple[str, ...]:
    shape, field = layer.output_shape, layer.receptive_field
    return (
        layer.name,
        layer.kind,
        "" if layer.channels is None else str(layer.channels),
        "" if shape is None else "x".join("?" if side is None else str(side) for side in shape[1:]),
        "" if field is None else f"{field} px{', gated' * layer.gated}",
        "" if layer.visualisable else layer.reason or "",
    )


def _classes(spec: ModelSpec) -> Iterator[str]:
    """What the units of the outputs stand for: a line for each output of which that is known."""
    for output in spec.classes:
        if output.labels:
            shown = [f"{unit} {label}" for unit, label in enumerate(output.labels[:MOST_LABELS])]
            rest = len(output.labels) - MOST_LABELS
            more = f", and {rest} more" if rest > 0 else ""
            yield f"Units of {output.layer}: {', '.join(shown)}{more}"


COMMAND = Command("layers", "list the layers of a model", [model_arguments], run)
