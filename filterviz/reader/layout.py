"""Where the channels of each input lie: what the layers say that take it, with every Permute between turned back.

A file says of its convolutions where their channels lie, and says nothing of its inputs. Most files keep channels at
one place throughout. Networks that were converted from PyTorch take channels first, permute, and look at channels last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from filterviz.layers import KINDS, Trait
from filterviz.layers.axes import turned
from filterviz.layers.kind import AxisOrder
from filterviz.layers.passing import START
from filterviz.reader.assumptions import Assumptions
from filterviz.reader.config import Model
from filterviz.reader.graph import Graph
from filterviz.reader.graph_builder import build_graph
from filterviz.reader.records import Node, Record
from filterviz.settings import Settings


def inputs_first(graph: Graph) -> Mapping[str, bool]:
    """Return whether the file keeps the channels of inputs first, by their names, where it can be told.

    Nothing is said of an input where the layers that take it contradict each other or say nothing.
    """
    takers: dict[int, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        for source in node.spec.inputs:
            takers.setdefault(source, []).append(position)
    found: dict[str, bool] = {}
    for start in graph.inputs:
        said = _said(graph, start, takers)
        if len(said) == 1:
            found[graph.record_of(start).name] = said.pop()
    return found


def graph_of(model: Model, settings: Settings, assumptions: Assumptions) -> Graph:
    """Build the graph of a model, with the channels of every input where the file keeps them."""
    graph = build_graph(model, settings, assumptions)
    known = inputs_first(graph)
    taken = {graph.record_of(node).name: graph.nodes[node].first for node in graph.inputs}
    if all(taken[name] == first for name, first in known.items()):
        return graph
    return build_graph(model, settings, replace(assumptions, inputs_first=known))


def _said(graph: Graph, start: int, takers: Mapping[int, list[int]]) -> set[bool]:
    """Return what the layers that an input leads to say of it: whether its channels come first."""
    rank = len(graph.nodes[start].spec.output_shape or ())
    said: set[bool] = set()
    if rank < 4:
        return said
    # Each node with the axes of the input that its own axes, in the file's order, come from.
    waiting = [(start, tuple(range(rank)))]
    seen = set(waiting)
    while waiting:
        source, origin = waiting.pop()
        for position in takers.get(source, ()):
            node = graph.nodes[position]
            record = graph.records[node.spec.layer]
            if record.channels_first is not None and record.kind in KINDS:
                channels = origin[1 if record.channels_first else rank - 1]
                said |= {channels == 1} if channels in (1, rank - 1) else set()
                continue
            there = turned(origin, (0, *record.dims)) if record.dims else origin
            if _keeps_axes(record, node, rank) and (position, there) not in seen:
                seen.add((position, there))
                waiting.append((position, there))
    return said


def _keeps_axes(record: Record, node: Node, rank: int) -> bool:
    """Return whether each axis of a node's input is one of its output, in the file's order."""
    if len(node.spec.output_shape or ()) != rank:
        return False
    kind = KINDS.get(record.kind)
    if kind is None:
        return record.kind == START
    return kind.has(Trait.KEEPS_AXES) or kind.axis_order is not AxisOrder.AS_WRITTEN
