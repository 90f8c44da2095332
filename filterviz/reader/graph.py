"""The flat graph of a network: its layers and their calls, in an order in which they can be computed.

Nested models are inlined, so what lies between an input and a layer can be followed without knowing of models. Where
something cannot be rebuilt the graph goes on: what depends on it has no shape, and knows which layer is to blame.
:mod:`~filterviz.reader.graph_builder` builds it.
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import Trait, kind_of
from filterviz.layers.passing import FOLD, INPUT, START
from filterviz.reader.records import Branch, Node, Record
from filterviz.settings import Settings
from filterviz.spec import NodeSpec, Shape

CALLS_PER_LAYER = 4
"""So many times as many calls as a network may have layers are accepted."""


class Graph:
    """The graph of a network.

    Args:
        settings: The limits.

    Attributes:
        records: The layers.
        nodes: Their calls. The inputs of each come before it.
        inputs: Nodes that are inputs of the network, in the file's order.
        declared: Nodes that are its outputs, in the file's order; ``None`` for one that nothing in the file leads to.
        branches: The layers as they stand among the models of the file.
        notes: Sentences about what was skipped or assumed.
        started: Whether the network is entered after code that only prepares pixels.
        precisions: What layers compute in, where that is less than float32.
        channels_first: Whether the first layer that says so takes its channels first.
    """

    def __init__(self, settings: Settings) -> None:
        self.records: list[Record] = []
        self.nodes: list[Node] = []
        self.inputs: list[int] = []
        self.declared: list[int | None] = []
        self.branches: tuple[Branch, ...] = ()
        self.notes: list[str] = []
        self.started = False
        self.precisions: Collection[str] = ()
        self.channels_first = False
        self.index: dict[str, int] = {}  # of each record, by its name
        self.bare: set[int] = set()  # nodes with nothing but preparation between them and an input
        self._settings = settings

    @property
    def outputs(self) -> list[int]:
        """Nodes that are outputs of the network and can be computed."""
        return [node for node in self.declared if node is not None and self.nodes[node].blame is None]

    @property
    def parameters(self) -> int:
        """The number of weights of all layers."""
        return sum(prod(shape) for record in self.records for shape in record.weight_shapes)

    def record_of(self, node: int) -> Record:
        """Return the layer that a node calls."""
        return self.records[self.nodes[node].spec.layer]

    def is_image(self, node: int) -> bool:
        """Return whether patterns can be painted on the output of a node."""
        call = self.nodes[node].spec
        before = call.inputs[0] if len(call.inputs) == 1 else None
        return is_image(
            self.record_of(node).kind,
            call.output_shape,
            None if before is None else self.record_of(before).kind,
            None if before is None else self.nodes[before].spec.output_shape,
        )

    def first_calls(self) -> dict[int, int]:
        """Return the first node of each layer that is called, by the index of its record."""
        first: dict[int, int] = {}
        for position, node in enumerate(self.nodes):
            first.setdefault(node.spec.layer, position)
        return first

    def blame(self, nodes: Collection[int]) -> str | None:
        """Return the layer that keeps the first of some nodes from being computed; ``None`` where all can be."""
        return next((self.nodes[node].blame for node in nodes if self.nodes[node].blame is not None), None)

    def add_record(self, name: str, class_name: str, kind: str) -> int:
        """Add a layer; return its index."""
        self.index[name] = len(self.records)
        self.records.append(Record(name, class_name, kind))
        return len(self.records) - 1

    def add_node(
        self,
        record: int,
        inputs: tuple[int, ...],
        shape: Shape | None,
        permutations: tuple[tuple[int, ...] | None, ...] = (),
        first: bool = False,
        blame: str | None = None,
    ) -> int:
        """Add a call; return its index.

        Args:
            record: Index of the layer.
            inputs: Nodes whose outputs it takes.
            shape: Shape of its output; ``None`` where it cannot be computed.
            permutations: How the axes of each input are turned first.
            first: Whether the file keeps the channels of the output first.
            blame: Name of the layer that keeps it from being computed.

        Raises:
            Refused: The output would take too much memory, or there are far too many calls.
        """
        if shape is not None:
            size = 4 * prod(side for side in shape[1:] if side is not None)
            if size > self._settings.max_activation_bytes:
                name = self.records[record].name
                message = f"The layer {name!r} would need {size / 1e9:.0f} GB of memory for a single image."
                raise Refused(RefusalCode.TOO_LARGE, message, name, "Use a network for smaller images.")
        if len(self.nodes) > CALLS_PER_LAYER * self._settings.max_layers:
            message = "The layers of this network are called far more often than in any real one."
            raise Refused(RefusalCode.TOO_LARGE, message, "", "Save the part you want to see as a model of its own.")
        turns = permutations if any(permutations) else ()
        self.nodes.append(Node(NodeSpec(record, inputs, shape, turns, first), blame))
        return len(self.nodes) - 1


def is_image(kind: str, shape: Shape | None, kind_before: str | None, shape_before: Shape | None) -> bool:
    """Return whether patterns can be painted on an output: an input, a frame of one, or an input that is only reshaped.

    Args:
        kind: Kind of the layer.
        shape: Shape of its output.
        kind_before: Kind of the layer that its one input comes from; ``None`` if it has not one input.
        shape_before: Shape of that layer's output.
    """
    if shape is None or len(shape) != 4 or shape[-1] is None:
        return False
    if kind in (INPUT, START):
        return True
    if kind_before != INPUT:
        return False
    return kind == FOLD or (kind_of(kind, Trait.LISTS) and len(shape_before or ()) < 4)
