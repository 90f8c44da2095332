"""Calls of layers of known kinds: what each is rebuilt as, in which order its axes lie, and the shape of its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from filterviz.layers import KINDS, LAYERS, Trait, kind_of
from filterviz.layers import axes as axis_orders
from filterviz.layers.activations import mixes_channels
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.kind import COMMON, AxisOrder, LayerKind, Params, nothing_is_ignored
from filterviz.layers.older_names import Config
from filterviz.layers.passing import CODE, IDENTITY, NOTHING_AT_INFERENCE, RANDOM_IN_TRAINING, START, UNSUPPORTED
from filterviz.layers.recurrent import BIDIRECTIONAL
from filterviz.layers.reshaping import PERMUTE
from filterviz.layers.shapes import ShapeError
from filterviz.reader import foreign, quantised, wrappers
from filterviz.reader.config import Call, Layer, Slot
from filterviz.reader.graph import Graph
from filterviz.reader.packed import Packing
from filterviz.reader.records import Node, Record
from filterviz.spec import Shape

Permutations = tuple[tuple[int, ...] | None, ...]


class LayerCalls:
    """Adds calls of layers to a graph.

    Args:
        graph: The graph.
        keras_3: Whether Keras 3 wrote the file.
        archive: Whether the file is a ``.keras`` archive.
        unreadable: Why layers cannot be rebuilt whose arrays are not what they should be, by name.
        sizes_after_start: See :class:`~filterviz.reader.graph_builder.Assumptions`.
        channels_after_start: See :class:`~filterviz.reader.graph_builder.Assumptions`.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        keras_3: bool,
        archive: bool,
        unreadable: Mapping[str, str],
        sizes_after_start: bool,
        channels_after_start: int | None,
    ) -> None:
        self._graph = graph
        self._keras_3 = keras_3
        self._archive = archive
        self._unreadable = unreadable
        self._sizes_after_start = sizes_after_start
        self._channels_after_start = channels_after_start
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
            permutations, shapes, first = self._arranged(record, inner, [graph.nodes[node] for node in inputs])
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
            message = f"it takes {kind.rank - 1} axes and gets {rank - 1}"
            raise ShapeError(message)
        if record.params.get("batch_moments") and rank < 3:
            message = "it normalises by the whole batch, and a single picture has no mean and variance there"
            raise ShapeError(message)
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
        channels = self._channels_after_start
        if not self._sizes_after_start:
            shape = (None, *(None for _ in shape[1:-1]), shape[-1] if channels is None else channels)
        if record.kind != START:
            record.kind = START
            graph.started = True
            what = "carries program code, which is never run."
            if record.class_name not in CODE:
                what = f"cannot be rebuilt. {record.reason}"
            also = "" if channels is None else f" pictures come out of it with {channels} channels;"
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
            settled, packing = self._settled(name, layer)
            kind, params = _read(name, settled, call, count)
        except Unsupported as error:
            index = graph.add_record(name, layer.class_name, UNSUPPORTED)
            record, known = graph.records[index], foreign.known(layer)
            record.hint = None if known is None else known.hint
            record.reason = error.reason[0].upper() + error.reason[1:]
            record.code = error.code
            return index
        index = graph.add_record(name, layer.class_name, kind)
        record, config = graph.records[index], settled.config
        if kind == PERMUTE:
            record.kind, record.dims, params = IDENTITY, params["dims"], {}
        record.params = params
        if KINDS[kind].axis_order is AxisOrder.CHANNELS and isinstance(config.get("data_format"), str):
            record.channels_first = config["data_format"] == "channels_first"
        if training:
            self._as_in_training(record, frozen=config.get("trainable") is False)
        record.packing = packing
        record.activation = _name_of(config.get("activation"))
        stated = config if layer.wrapped is None else layer.wrapped.config
        record.initial = {
            key: value
            for key, value in stated.items()
            if key.endswith("_initializer") or key in ("init", "init_values")
        }
        return index

    def _settled(self, name: str, layer: Layer) -> tuple[Layer, Packing | None]:
        """Return a layer as it is computed, and how its arrays are packed.

        In place of a wrapper that only changes weights that is the layer inside.

        Raises:
            Unsupported: It cannot be rebuilt.
        """
        if name in self._unreadable:
            raise Unsupported(self._unreadable[name])
        outside = wrappers.packing(layer)
        if outside is None or layer.wrapped is None:
            return layer, quantised.packing(layer.class_name, layer.config, self._archive)
        inner = layer.wrapped
        if wrappers.not_followed_inside(inner.class_name):
            message = f"it stands around a layer of the type {inner.class_name!r}, where its rule is not known."
            raise Unsupported(message)
        if quantised.packing(inner.class_name, inner.config, self._archive) is not None or inner.wrapped is not None:
            message = "what is inside is changed twice."
            raise Unsupported(message)
        return replace(inner, name=layer.name, calls=layer.calls), outside

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
                "with training=True: of all pictures together where a whole batch is computed, and of each picture "
                "alone in its patterns."
            )
        elif record.class_name in RANDOM_IN_TRAINING:
            self._graph.notes.append(
                f"The layer {record.name!r} changes what it gets at random, even after training, as it was saved with "
                "training=True; that is left out."
            )

    # Axes -----------------------------------------------------------------------------------------------------------

    def _arranged(
        self, record: Record, layer: Layer, sources: Sequence[Node]
    ) -> tuple[Permutations, list[Shape], bool]:
        """Bring the axes of the inputs into the order in which the layer takes them.

        Returns:
            How each input is turned, the shapes that it then has, and whether the file keeps the channels of the
            output first.
        """
        kind, order = KINDS[record.kind], KINDS[record.kind].axis_order
        if isinstance(record.params.get("axis"), tuple):
            order = AxisOrder.AS_WRITTEN  # the arrays of several axes lie in the file's order
            if kind.has(Trait.SORTS_AXES):
                # Keras sorts them before it knows how many there are: -1 comes before 1, and so do the arrays.
                rank = len(sources[0].spec.output_shape or ())
                record.params["axis"] = tuple(sorted(axis % rank for axis in record.params["axis"]))
        mixing = mixes_channels(record.params.get("activation"))
        shapes = [source.spec.output_shape or () for source in sources]
        alike = len({len(shape) for shape in shapes}) == 1
        wanted = alike and any(source.first for source in sources)
        written_first = layer.config.get("data_format") == "channels_first"
        if order is AxisOrder.CHANNELS or (kind.has(Trait.CHANNELS_LAST_FIRST) and written_first):
            wanted = (sources[0].first if record.operation else written_first) and len(shapes[0]) > 2
            if wanted and mixing:
                message = "its activation works along the last axis, which is not that of its channels"
                raise ShapeError(message)
        elif order is AxisOrder.AS_WRITTEN or mixing:
            wanted = False
            if record.operation and (found := self._turned(record, kind, sources)) is not None:
                return (None,) * len(sources), shapes, found
        elif order is AxisOrder.AXIS and record.axis_first is not None:
            wanted = record.axis_first  # its setting was read when it was called first
        permutations: list[tuple[int, ...] | None] = []
        for position, (source, shape) in enumerate(zip(sources, shapes, strict=True)):
            rank = len(shape)
            if source.first == wanted or rank < 3:
                permutations.append(None)
                continue
            turn = axis_orders.channels_last(rank) if wanted else axis_orders.channels_first(rank)
            permutations.append(turn)
            shapes[position] = axis_orders.turned(shape, turn)
        axis = record.params.get("axis")
        if order is AxisOrder.AXIS and record.axis_first is None and isinstance(axis, int):
            record.axis_first = wanted
            record.params["axis"] = axis_orders.axis_of(axis, len(shapes[0])) if wanted else axis
        if wanted and kind.has(Trait.ONE_PER_AXIS_VALUE) and not record.operation:
            _are_for_channels(record.params, shapes[0])
        return tuple(permutations), shapes, wanted

    def _turned(self, record: Record, kind: LayerKind, sources: Sequence[Node]) -> bool | None:
        """Turn the parameters of an operation for channels last.

        Returns:
            Whether the file keeps the channels of the result first; ``None`` where the operation works on tensors in
            the file's own order.
        """
        ranks = {len(source.spec.output_shape or ()) for source in sources}
        rank = ranks.pop()
        if ranks:
            return None
        if not any(source.first for source in sources):
            # Channels of an image are put together where they came from: first.
            first = self._graph.channels_first
            if kind.has(Trait.STACKS) and first and (rank, record.stated["axis"]) == (3, 1):
                record.params = {"axis": -1}
                return True
            return None
        if kind.turn is None or not all(source.first for source in sources):
            return None
        found = kind.turn(record.stated, rank)
        if found is None:
            return None
        record.params, first = found
        return first


def _read(name: str, layer: Layer, call: Call, count: int) -> tuple[str, Params]:
    """Return the kind that a layer is rebuilt as, and its parameters.

    Raises:
        Unsupported: It cannot be rebuilt.
    """
    class_name = layer.class_name
    if class_name in CODE:
        raise Unsupported("It carries program code, which is never run.", code=True)
    if class_name in NOTHING_AT_INFERENCE:
        return IDENTITY, {}
    if class_name not in LAYERS:
        raise Unsupported(foreign.sentence(layer), code=foreign.known(layer) is None)
    kind = KINDS[class_name]
    _called_on_tensors(kind, call, count)
    values = ConfigValues(name, _both_ways(layer) if class_name == BIDIRECTIONAL else layer.config)
    params = kind.read(values)
    nothing_is_ignored(kind, values)
    return class_name, params


def _are_for_channels(params: Params, shape: Shape) -> None:
    """Make sure that numbers of a layer are meant for channels, which come first, and not for columns.

    Raises:
        ShapeError: They may be meant for either.
    """
    counts = {len(one) for one in (params["scale"], params["offset"]) if isinstance(one, tuple)}
    if counts and (counts != {shape[-1]} or shape[-2] == shape[-1]):
        message = "its numbers may be meant for its channels or for its columns"
        raise ShapeError(message)


def _both_ways(layer: Layer) -> Config:
    """Return the settings of the layer inside a Bidirectional, with those of the wrapper."""
    forward, backward = (_inner_settings(layer, key) for key in ("layer", "backward_layer"))
    unknown = [key for key in layer.config if key not in COMMON | {"layer", "backward_layer", "merge_mode", "dtype"}]
    if unknown:
        raise ConfigValues(layer.name, layer.config).decline(unknown[0])
    shared = ("units", "activation", "recurrent_activation", "use_bias", "return_sequences", "reset_after")
    if layer.wrapped is None or (backward and any(forward.get(key) != backward.get(key) for key in shared)):
        message = "Its two directions are layers of different kinds."
        raise Unsupported(message)
    return {**layer.wrapped.config, "cell": layer.wrapped.class_name, "merge_mode": layer.config.get("merge_mode")}


def _inner_settings(layer: Layer, key: str) -> Mapping[str, Any]:
    described = layer.config.get(key)
    settings = described.get("config") if isinstance(described, Mapping) else None
    return settings if isinstance(settings, Mapping) else {}


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
        message = f"it is to have the size {stated[1:]}, and {list(shape[1:])} would come out"
        raise ShapeError(message)


def _called_on_tensors(kind: LayerKind, call: Call, count: int) -> None:
    """Make sure that a layer is called on tensors, and on nothing else that would change what it computes.

    Raises:
        Unsupported: It is called in another way.
    """
    known = ("name", "training")
    settings = {key: item for key, item in call.settings.items() if item is not None and key not in known}
    if any(not isinstance(item, Slot) for item in settings.values()):
        setting = ConfigValues(kind.name, settings).shown(next(iter(settings)))
        message = f"it is called with {setting}, which is not known here."
        raise Unsupported(message)
    if any(not _only_tensors(argument) for argument in call.arguments):
        message = "it is called with numbers beside its input."
        raise Unsupported(message)
    if count > 1 and not kind.several:
        message = f"it is called on {count} inputs, and is known with one alone."
        raise Unsupported(message)


def _only_tensors(argument: Any) -> bool:
    if isinstance(argument, list):
        return all(map(_only_tensors, argument))
    return argument is None or isinstance(argument, Slot)


def _name_of(activation: Any) -> str:
    """Return the name of a layer that stands in place of an activation's name."""
    config = activation.get("config") if isinstance(activation, Mapping) else None
    name = config.get("name") if isinstance(config, Mapping) else None
    return name if isinstance(name, str) else ""
