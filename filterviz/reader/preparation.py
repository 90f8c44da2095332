"""What a network does to its pixels before anything it learned: scaling, subtracting means, reversing channels.

All of that is one affine map from the channels of the image to those that the first learned layer takes
(:mod:`filterviz.layers.affine`). It is followed here through the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from filterviz.layers import KINDS, Trait, kind_of
from filterviz.layers.affine import MOST_CHANNELS, Preparation, Step, turned
from filterviz.reader.graph import Graph

Reading = Callable[[int], Sequence[NDArray[np.float32]]]
"""Reads the arrays of a record, by its index."""

MOST_STEPS = 256
"""Preparing layers that are followed. No network has as many."""


def first_learned(graph: Graph, read: Reading) -> tuple[int | None, Preparation] | None:
    """Return the node of the first learned layer that takes an image, and how the image was prepared for it.

    Where more happens to the pixels before it than an affine map, there is no such node, and the preparation is as much
    as could be followed. ``None`` where there is no image.

    Args:
        graph: Graph of the network.
        read: Reads the arrays of its layers that were measured and not learned.
    """
    found: dict[int, Preparation] = {}
    for position, node in enumerate(graph.nodes):
        record, shape, inputs = graph.records[node.spec.layer], node.spec.output_shape, node.spec.inputs
        if shape is None:
            continue
        if graph.is_image(position):
            count = shape[-1] or 0
            found[position] = Preparation.nothing(count if count <= MOST_CHANNELS else 1)
            continue
        if len(found) > MOST_STEPS or not inputs or any(source not in found for source in inputs):
            continue
        sources = [turned(found[source], turn) for source, turn in node.spec.turned_inputs]
        if record.weight_shapes and not kind_of(record.kind, Trait.MEASURED):
            return position, sources[0]
        kind = KINDS.get(record.kind)
        if kind is None or kind.affine is None:
            continue
        prepared = kind.affine(Step(record.params, shape, partial(read, node.spec.layer)), sources)
        if prepared is not None and np.isfinite(prepared.matrix).all() and np.isfinite(prepared.offset).all():
            found[position] = prepared
    return (None, found[max(found)]) if found else None
