"""Which array in the file is which layer's. Shapes are compared with what the layer needs before any byte is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from filterviz.reader import archive_weights, group_weights
from filterviz.reader.container import Container
from filterviz.reader.graph import Graph
from filterviz.reader.records import Record
from filterviz.reader.stored import Arrays, Found, Unreadable, fitted


def assign(container: Container, graph: Graph) -> dict[int, Arrays]:
    """The arrays of each layer, by the index of its record.

    Raises:
        Refused: ``mismatched-weights`` or ``outside-data``.
        Unreadable: Those of some layers cannot be worked out from what the file has; the others may still be shown.
    """
    found = Found()
    if container.archive:
        archive_weights.find(container, graph, found)
    else:
        for branch in graph.branches:
            group_weights.find(container, branch, graph.records, found)
    flip = container.backend.lower() == "theano"
    stored: dict[int, Arrays] = {}
    unreadable: dict[str, str] = {}
    for index, arrays in found.arrays.items():
        record = graph.records[index]
        if not record.weight_shapes:
            continue
        try:
            stored[index] = fitted(record, arrays, found.roles.get(index, {}), flip)
        except Unreadable as error:
            unreadable.update(error.layers)
    if unreadable:
        raise Unreadable(unreadable)
    return stored


def missing(graph: Graph, stored: Mapping[int, object]) -> Iterator[Record]:
    """The layers that need arrays the file does not have."""
    for index, record in enumerate(graph.records):
        if record.weight_shapes and index not in stored:
            yield record
