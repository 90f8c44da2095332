"""What leads to what in a network, laid out as a column of layers with arcs beside it for what goes further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from filterviz.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Arc:
    """What one layer hands on past the next row.

    Attributes:
        start: The row of the layer.
        ends: The rows that take it, in order, each at least two below.
        lane: How far from the column it runs, from 0; arcs that run beside each other have different lanes.
    """

    start: int
    ends: tuple[int, ...]
    lane: int


@dataclass(frozen=True, slots=True)
class LayerMap:
    """A network as a column of rows.

    Attributes:
        layers: For each row the index of its layer in ``ModelSpec.layers``, in the order of the computation.
        joined: For each row whether it takes what the row above gives.
        arcs: What leads further than to the next row.
    """

    layers: tuple[int, ...]
    joined: tuple[bool, ...]
    arcs: tuple[Arc, ...]


def layer_map(spec: ModelSpec) -> LayerMap:
    """The map of a network. A layer that is called several times has one row, at its first call.

    Example:
        >>> from filterviz.spec import LayerSpec, NodeSpec
        >>> nodes = (NodeSpec(0), NodeSpec(1, (0,)), NodeSpec(2, (1,)), NodeSpec(3, (0, 2)))
        >>> layer_map(ModelSpec("m", (LayerSpec("l", "Conv2D"),) * 4, nodes, (0,), (3,))).arcs
        (Arc(start=0, ends=(3,), lane=0),)
    """
    layers = tuple(dict.fromkeys(node.layer for node in spec.nodes))
    row = {layer: at for at, layer in enumerate(layers)}
    takers: dict[int, set[int]] = {at: set() for at in range(len(layers))}
    for node in spec.nodes:
        for source in node.inputs:
            # A layer that is called again may take what comes below it: that is an arrow that nobody could follow.
            if row[spec.nodes[source].layer] < row[node.layer]:
                takers[row[spec.nodes[source].layer]].add(row[node.layer])
    joined = (False, *(at + 1 in takers[at] for at in range(len(layers) - 1))) if layers else ()
    further = {at: sorted(end for end in ends if end > at + 1) for at, ends in takers.items()}
    return LayerMap(layers, joined, tuple(_in_lanes({at: ends for at, ends in further.items() if ends})))


def _in_lanes(further: Mapping[int, list[int]]) -> Iterable[Arc]:
    """Arcs in the lowest lanes in which they do not meet: shorter ones first, so that they run closer to the column."""
    taken: list[list[tuple[int, int]]] = []
    arcs = []
    for start, ends in sorted(further.items(), key=lambda item: (item[1][-1] - item[0], item[0])):
        last = ends[-1]
        free = (at for at, spans in enumerate(taken) if all(b <= start or last <= a for a, b in spans))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((start, last))
        arcs.append(Arc(start, tuple(ends), lane))
    return sorted(arcs, key=lambda arc: arc.start)
