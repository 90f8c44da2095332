"""Calls of layers of known kinds: what each is rebuilt as, in which order its axes lie, and the shape of its output."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.layers import KINDS, LAYERS, Trait, kind_of
from filterviz.layers import axes as axis_orders
from filterviz.layers.config_values import Unsupported
from filterviz.layers.kind import AxisOrder, LayerKind
from filterviz.layers.passing import CODE, IDENTITY, RANDOM_IN_TRAINING, START, UNSUPPORTED
from filterviz.layers.reshaping import PERMUTE
from filterviz.layers.shapes import ShapeError
from filterviz.reader import foreign
from filterviz.reader.assumptions import Assumptions
from filterviz.reader.axis_arrangement import arranged
from filterviz.reader.config import Call, Layer
from filterviz.reader.graph import Graph
from filterviz.reader.layer_settings import activation_layer, read, settled
from filterviz.reader.records import Record
from filterviz.spec import Shape


class LayerCalls:
    """Adds calls of layers to a graph.

    Args:
        graph: The graph.
        assumptions: What is known or assumed about the file.
        keras_3: Whether Keras 3 wrote it.
    """

    def __init__(self, graph: Graph, assumptions: Assumptions, *, keras_3: bool) -> None:
        self._graph = graph
        self._assumptions = assumptions
        self._keras_3 = keras_3
        self._masked: set[int] = set()  # nodes that may carry a mask
        self._joined_masks: set[int] = set()  # nodes whose mask was joined by a rule of Keras 2

    def call(self, name: str, layer: Layer, call: Call, inputs: list[int], *, training: bool) -> int:
        """Add a call of a layer; return its node.

        Args:
            name: Name of the layer in the network.
            layer: The layer as described.
            call: The call as described.
            inputs: Nodes it is called on.
            training: Whether the file has it called as in training.
        """
        graph = self._graph
        index = graph.index.get(name)
        if index is None:
            index = self._describe(name, layer, call, len(inputs), training)
        record = graph.records[index]
        blame = graph.blame(inputs)
        if blame is not None or not inputs:
            return graph.add_node(index, tuple(inputs), None, blame=blame or name)
        # A layer of a known kind does its part of the work. Only unknown code may be mere preparation of pixels.
        unknown = record.kind == UNSUPPORTED and record.class_name not in LAYERS and record.hint is None
        if unknown and layer.wrapped is None and inputs[0] in graph.bare and len(inputs) == 1:
            return self._start(index, record, inputs[0])
        if record.kind not in KINDS:
            return graph.add_node(index, tuple(inputs), None, blame=name)
        if record.dims:
            return self._permute(index, record, inputs[0])
        return self.compute(index, layer, inputs)

    def compute(self, index: int, layer: Layer, inputs: list[int]) -> int:
        """Add a call of a layer of a known kind; return its node.

        Args:
            index: Index of its record.
            layer: The layer as described.
            inputs: Nodes it is called on.
        """
        graph, record = self._graph, self._graph.records[index]
        kind = KINDS[record.kind]
        blame = graph.blame(inputs)
        if blame is not None:
            return graph.add_node(index, tuple(inputs), None, blame=blame)
        try:
            inner = layer.wrapped if record.packing is not None and layer.wrapped is not None else layer
            permutations, shapes, first = arranged(
                record, inner.config, [graph.nodes[node] for node in inputs], images_first=graph.channels_first
            )
            self._check(record, kind, shapes, inputs)
            if kind.has(Trait.MERGES) and not record.operation:
                shapes = _of_one_rank(shapes)
            weights, shape = kind.weights(record.params, shapes), kind.shape(record.params, shapes)
            _agrees_with_keras_1(layer, shape)
        except (ShapeError, IndexError, ValueError) as error:
            record.kind, record.reason = UNSUPPORTED, f"It cannot be computed: {error}."
            return graph.add_node(index, tuple(inputs), None, blame=record.name)
        record.weight_shapes = record.weight_shapes or weights
        node = graph.add_node(index, tuple(inputs), shape, permutations, first and len(shape) > 2)
        if not weights and len(shape) == len(shapes[0]) and graph.bare.issuperset(inputs):
            graph.bare.add(node)
        self._follow_masks(record, kind, node, inputs)
        return node

    def _check(self, record: Record, kind: LayerKind, shapes: Sequence[Shape], inputs: Sequence[int]) -> None:
        """Make sure that a layer can be called on such inputs.

        Raises:
            ShapeError: It cannot.
        """
        rank = len(shapes[0])
        if kind.rank is not None and rank != kind.rank:
            raise ShapeError(f"it takes {kind.rank - 1} axes and gets {rank - 1}")
        if record.params.get("batch_moments") and rank < 3:
            raise ShapeError("it normalises by the whole batch, and a single image has no mean and variance there")
        if kind.has(Trait.USES_MASKS) and not self._joined_masks.isdisjoint(inputs):
            message = "it minds which parts are masked, and the masks of several inputs were joined as Keras 2 does"
            raise ShapeError(message)

    def _follow_masks(self, record: Record, kind: LayerKind, node: int, inputs: Sequence[int]) -> None:
        """Note which nodes carry masks, and which of them a mask that several were joined into.

        Keras 2 masks what any of the joined tensors masks; Keras 3, which computes here, what all of them mask.
        """
        masked = self._masked.intersection(inputs)
        begins = kind.has(Trait.STARTS_MASKS) or record.params.get("mask_zero")
        if begins or (masked and len(self._graph.nodes[node].spec.output_shape or ()) >= 3):
            self._masked.add(node)
        joins = kind.has(Trait.JOINS_MASKS) or (kind.has(Trait.MERGES) and len(masked) > 1)
        if masked and ((joins and not self._keras_3) or not self._joined_masks.isdisjoint(inputs)):
            self._joined_masks.add(node)

    def _permute(self, index: int, record: Record, source: int) -> int:
        """Turn the axes of a node as a Permute does in the file, or leave them where that only moves the channels."""
        graph, before = self._graph, self._graph.nodes[source]
        shape = before.spec.output_shape or ()
        if len(record.dims) != len(shape) - 1:
            record.kind, record.reason = UNSUPPORTED, "It permutes another number of axes than there are."
            return graph.add_node(index, (source,), None, blame=record.name)
        turn, first = axis_orders.permuted(record.dims, before.first)
        node = graph.add_node(index, (source,), axis_orders.turned(shape, turn), (turn,), first)
        if source in graph.bare:
            graph.bare.add(node)
        return node

    def _start(self, index: int, record: Record, source: int) -> int:
        """Enter the network after code that comes before every layer with weights."""
        graph, before = self._graph, self._graph.nodes[source]
        shape = before.spec.output_shape
        if shape is None or len(shape) not in (3, 4, 5) or not record.code:
            return graph.add_node(index, (source,), None, blame=record.name)
        channels = self._assumptions.channels_after_start
        if not self._assumptions.sizes_after_start:
            shape = (None, *(None for _ in shape[1:-1]), shape[-1] if channels is None else channels)
        if record.kind != START:
            record.kind = START
            graph.started = True
            what = "carries program code, which is never run."
            if record.class_name not in CODE:
                what = f"cannot be rebuilt. {record.reason}"
            also = "" if channels is None else f" images come out of it with {channels} channels;"
            graph.notes.append(
                f"The layer {record.name!r} {what} The network is entered after it;{also} "
                "check that the pixel range is the one that comes out of it."
            )
        node = graph.add_node(index, (source,), shape, first=before.first)
        graph.bare.add(node)
        return node

    # Describing -----------------------------------------------------------------------------------------------------

    def _describe(self, name: str, layer: Layer, call: Call, count: int, training: bool) -> int:
        """Add the record of a layer that is called for the first time; return its index."""
        graph = self._graph
        try:
            if name in self._assumptions.unreadable:
                raise Unsupported(self._assumptions.unreadable[name])
            computed, packing = settled(layer, self._assumptions.archive)
            kind, params = read(name, computed, call, count)
        except Unsupported as error:
            index = graph.add_record(name, layer.class_name, UNSUPPORTED)
            record, known = graph.records[index], foreign.known(layer)
            record.hint = None if known is None else known.hint
            record.reason = error.reason[0].upper() + error.reason[1:]
            record.code = error.code
            return index
        index = graph.add_record(name, layer.class_name, kind)
        record, config = graph.records[index], computed.config
        if kind == PERMUTE:
            record.kind, record.dims, params = IDENTITY, params["dims"], {}
        record.params = params
        if KINDS[kind].axis_order is AxisOrder.CHANNELS and isinstance(config.get("data_format"), str):
            record.channels_first = config["data_format"] == "channels_first"
        if training:
            self._as_in_training(record, frozen=config.get("trainable") is False)
        record.packing = packing
        record.activation = activation_layer(config.get("activation"))
        stated = config if layer.wrapped is None else layer.wrapped.config
        record.initial = {
            key: value
            for key, value in stated.items()
            if key.endswith("_initializer") or key in ("init", "init_values")
        }
        return index

    def _as_in_training(self, record: Record, frozen: bool) -> None:
        """Take note of a call with ``training=True`` in a file of Keras 2: it holds after training too.

        A frozen batch normalisation uses its moving averages all the same.
        """
        if kind_of(record.kind, Trait.MOMENTS):
            if frozen:
                return
            record.params["batch_moments"] = True
            self._graph.notes.append(
                f"The layer {record.name!r} normalises by the mean and variance of what it is given, as it was saved "
                "with training=True: of all images together where a whole batch is computed, and of each image "
                "alone in its patterns."
            )
        elif record.class_name in RANDOM_IN_TRAINING:
            self._graph.notes.append(
                f"The layer {record.name!r} changes what it gets at random, even after training, as it was saved with "
                "training=True; that is left out."
            )


def _of_one_rank(shapes: Sequence[Shape]) -> list[Shape]:
    """Add axes of length 1 after the batch's, so that a gate ``[batch, channels]`` fits an image."""
    rank = max(len(shape) for shape in shapes)
    return [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]


def _agrees_with_keras_1(layer: Layer, shape: Shape) -> None:
    """Compare with the size that Keras 1 wrote down for transposed convolutions, where it cannot always be computed.

    Raises:
        ShapeError: It is another size.
    """
    stated = layer.config.get("output_shape")
    if not isinstance(stated, list) or not kind_of(layer.class_name, Trait.TRANSPOSED):
        return
    sides = {side for side in stated[1:] if isinstance(side, int)}
    if len(stated) == len(shape) and None not in shape[1:] and sides != set(shape[1:]):
        raise ShapeError(f"it is to have the size {stated[1:]}, and {list(shape[1:])} would come out")
