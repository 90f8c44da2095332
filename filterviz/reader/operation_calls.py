"""Calls of operations on tensors, each of which becomes one kind of layer or several in a row."""

from __future__ import annotations

from typing import Any

from filterviz.layers import KINDS
from filterviz.layers.config_values import Unsupported
from filterviz.layers.kind import Params
from filterviz.layers.passing import IDENTITY, UNSUPPORTED
from filterviz.reader import operations
from filterviz.reader.config import Call, Layer
from filterviz.reader.graph import Graph
from filterviz.reader.layer_calls import LayerCalls
from filterviz.reader.operations import sizes


class OperationCalls:
    """Adds calls of operations to a graph.

    Args:
        graph: The graph.
        layers: Adds calls of the kinds that operations become.
    """

    def __init__(self, graph: Graph, layers: LayerCalls) -> None:
        self._graph = graph
        self._layers = layers
        # The call is kept with what was read of it, so that its identity stays its own.
        self._read: dict[Any, tuple[Call, tuple[operations.Steps, ...]]] = {}
        self._copies: dict[str, int] = {}
        self._sizes: dict[int, sizes.Sizes] = {}  # what nodes give that ask for the size of a tensor
        self._stated: dict[Any, tuple[Call, Call]] = {}  # calls with those sizes put in

    def call(self, name: str, layer: Layer, call: Call, inputs: list[int]) -> list[int]:
        """Add a call of an operation: one node for each tensor that it gives, and for each step on the way to it.

        Args:
            name: Name of the operation in the network.
            layer: The operation as described.
            call: The call as described.
            inputs: Nodes it is called on.

        Returns:
            The nodes of the tensors that it gives.
        """
        graph = self._graph
        sized = {position: self._sizes[node] for position, node in enumerate(inputs) if node in self._sizes}
        if (asking := self._asked_for_a_size(name, layer, call, inputs, sized)) is not None:
            return [asking]
        if sized:
            key = (id(call), tuple(sized.items()))
            call = self._stated.setdefault(key, (call, sizes.stated(call, sized)))[1]
            inputs = [node for position, node in enumerate(inputs) if position not in sized]
        blame = graph.blame(inputs)
        if blame is not None:
            known = graph.index.get(name)
            record = graph.add_record(name, layer.class_name, IDENTITY) if known is None else known
            return [graph.add_node(record, tuple(inputs), None, blame=blame)]
        sources = tuple(self._source(node) for node in inputs)
        try:
            parts = self._read_once(layer, call, sources)
        except Unsupported as error:
            index = graph.add_record(self._unused(name), layer.class_name, UNSUPPORTED)
            graph.records[index].reason, graph.records[index].code = error.reason, error.code
            return [graph.add_node(index, tuple(inputs), None, blame=name)]
        made: list[int] = []
        for part, steps in enumerate(parts):
            current = inputs
            for step, (kind, params) in enumerate(steps):
                last = step == len(steps) - 1
                own = (name if len(parts) == 1 else f"{name}/{part}") if last else f"{name}/{part}.{kind.lower()}"
                index = self._step(own, layer, kind, params, (id(call), part, step, sources))
                current = [self._layers.compute(index, layer, current)]
            made += current
        return made

    def _asked_for_a_size(
        self, name: str, layer: Layer, call: Call, inputs: list[int], sized: dict[int, sizes.Sizes]
    ) -> int | None:
        """Add a call that asks for the size of a tensor, or chooses one of its sides; ``None`` for all other calls."""
        graph = self._graph
        asking = sizes.asked(layer) and not sized and len(inputs) == 1 and graph.blame(inputs) is None
        chosen = sizes.chosen(layer, call, sized[0]) if len(inputs) == 1 and sized else None
        if not asking and chosen is None:
            return None
        index = graph.add_record(self._unused(name), layer.class_name, UNSUPPORTED)
        graph.records[index].reason = sizes.ASKED
        node = graph.add_node(index, tuple(inputs), None, blame=name)
        self._sizes[node] = self._source(inputs[0]).shape if chosen is None else chosen[0]
        return node

    def _read_once(
        self, layer: Layer, call: Call, sources: tuple[operations.Source, ...]
    ) -> tuple[operations.Steps, ...]:
        """Return what an operation is rebuilt as; read once, however often the model around it is called."""
        key = (id(call), sources)
        if key not in self._read:
            self._read[key] = call, operations.read(layer, call, sources)
        return self._read[key][1]

    def _step(self, name: str, layer: Layer, kind: str, params: Params, key: Any) -> int:
        """Return the record of one step of an operation; the same one where it has been called so before."""
        graph = self._graph
        known = graph.index.get(name)
        if known is not None and graph.records[known].called == key:
            return known
        index = graph.add_record(self._unused(name), layer.class_name, kind)
        record = graph.records[index]
        record.params, record.stated, record.operation, record.called = dict(params), params, True, key
        return index

    def _unused(self, name: str) -> str:
        """Return the name, with a number after it where it is taken: layers of a network go by their names."""
        while name in self._graph.index:
            self._copies[name] = self._copies.get(name, 1) + 1
            name = f"{name} ({self._copies[name]})"
        return name

    def _source(self, node: int) -> operations.Source:
        """Return a tensor as an operation of the file knows it: in the file's own order of axes."""
        spec = self._graph.nodes[node].spec
        record = self._graph.records[spec.layer]
        truth = record.kind in KINDS and record.params.get("function") in operations.TRUTHS
        return operations.Source(spec.file_shape or (), spec.channels_first, truth)
