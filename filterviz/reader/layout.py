"""Where the channels of each input lie: what the layers say that take it, with every Permute between turned back.

A file says of its convolutions where their channels lie, and not of its inputs. Most files have them at one place
throughout. Networks that were converted from PyTorch take channels first, permute, and look at channels last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.reader import axes
from filterviz.reader.config import Model
from filterviz.reader.graph import START, Graph, Node, Record
from filterviz.reader.layers import KINDS, Order
from filterviz.settings import Settings

PLAIN = ("Slice", "PReLU", START)
"""Kinds that mind the order of the axes, or are not known, and leave each axis where it is."""


def inputs_first(graph: Graph) -> Mapping[str, bool]:
    """Whether the file has the channels first of those inputs of which it can be told, by their names.

    Nothing is said of an input of which those that take it say different things, or nothing.
    """
    takers: dict[int, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        for source in node.spec.inputs:
            takers.setdefault(source, []).append(position)
    found: dict[str, bool] = {}
    for start in graph.inputs:
        said = _said(graph, start, takers)
        if len(said) == 1:
            found[graph.records[graph.nodes[start].spec.layer].name] = said.pop()
    return found


def graph_of(model: Model, settings: Settings, **how: Any) -> Graph:
    """The graph of a model, with the channels of every input where they are. For arguments see :class:`Graph`."""
    graph = Graph(model, settings, **how)
    known = inputs_first(graph)
    taken = {graph.records[graph.nodes[node].spec.layer].name: graph.nodes[node].first for node in graph.inputs}
    if all(taken[name] == first for name, first in known.items()):
        return graph
    return Graph(model, settings, **how, inputs_first=known)


def _said(graph: Graph, start: int, takers: Mapping[int, list[int]]) -> set[bool]:
    """What the layers that an input leads to say of it."""
    rank = len(graph.nodes[start].spec.output_shape or ())
    said: set[bool] = set()
    if rank < 4:
        return said
    # Each with the axes of the input that its own, in the file's order, come from.
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
            there = axes.turned(origin, (0, *record.dims)) if record.dims else origin
            if _keeps_axes(record, node, rank) and (position, there) not in seen:
                seen.add((position, there))
                waiting.append((position, there))
    return said


def _keeps_axes(record: Record, node: Node, rank: int) -> bool:
    """Whether each axis of what a node takes is one of its own, in the file's order."""
    if len(node.spec.output_shape or ()) != rank:
        return False
    return record.kind in PLAIN or (record.kind in KINDS and KINDS[record.kind].order is not Order.AS_WRITTEN)
