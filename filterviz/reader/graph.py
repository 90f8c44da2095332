"""From the described model to one flat graph of calls, with every shape worked out.

Nested models are inlined, so what lies between an input and a layer can be followed without knowing of models. Where
something cannot be rebuilt, the graph goes on: what depends on it has no shape and knows whose fault that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import axes, foreign, operations, quantised, wrappers
from filterviz.reader.config import Call, Layer, Model, Reference, Slot, bad
from filterviz.reader.layers import (
    CODE,
    COMMON,
    IDENTITY,
    KINDS,
    LAYERS,
    NOTHING_AT_INFERENCE,
    Order,
    Params,
    ShapeError,
    WeightShapes,
    mixes_channels,
    nothing_is_ignored,
)
from filterviz.reader.legacy import Config
from filterviz.reader.operations import sizes
from filterviz.reader.packed import Packing
from filterviz.reader.sharing import Sharing
from filterviz.reader.turning import axis_of, turned
from filterviz.reader.values import Unsupported, Values
from filterviz.settings import Settings
from filterviz.spec import NodeSpec, Shape

INPUT, START, UNSUPPORTED = "InputLayer", "Start", "Unsupported"
FOLD, UNFOLD = "FoldTime", "UnfoldTime"
"""The kinds that are not layers of Keras. ``Start``: the network is entered here, as what stands before it carries code
and only prepares the pixels. ``FoldTime`` and ``UnfoldTime``: frames become pictures of their own, and frames again."""

MINDING_MASKS = frozenset({"SimpleRNN", "GRU", "LSTM", "Bidirectional", "GlobalAveragePooling1D", "Softmax"})
"""Kinds that compute otherwise where a part of their input is masked."""

UNCONNECTED = (
    "The description of the network contradicts itself, and nothing leads to one of its outputs: tf.keras writes HDF5 "
    'files so where models share layers. Save the network with model.save("model.keras") and choose that file.'
)
"""The note on a description in which an output hangs in the air."""

MERGING = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})
"""Layers of Keras that bring what they take to one number of axes; operations of these names broadcast as numpy."""


@dataclass
class Record:
    """A layer in the making.

    Attributes:
        initial: what the file says of how its weights began.
        operation: whether it is an operation on tensors.
        stated: of an operation, its parameters in the file's own order of axes.
        called: of an operation, what it was called with.
        packing: how its arrays lie in the file, where they do not lie as they are used.
        hint: what to do about a layer that cannot be rebuilt, where that is known.
        dims: of a Permute, which is rebuilt by turning its input: see :mod:`~filterviz.reader.axes`.
        axis_first: of a layer that works along one axis, whether the file has the channels first of what it is called
            on first; its setting was read so.
        activation: the name of the layer that stands in place of an activation's name; empty where there is none.
        channels_first: whether the file says that the layer takes its channels first; ``None`` where it does not say.
    """

    name: str
    class_name: str
    kind: str
    params: Params = field(default_factory=dict)
    weight_shapes: WeightShapes = ()
    reason: str | None = None
    code: bool = False
    initial: Config = field(default_factory=dict)
    operation: bool = False
    stated: Params = field(default_factory=dict)
    called: Any = None
    packing: Packing | None = None
    hint: str | None = None
    dims: tuple[int, ...] = ()
    axis_first: bool | None = None
    activation: str = ""
    channels_first: bool | None = None


@dataclass(frozen=True)
class Branch:
    """Where a layer stands among the models of the file; its weights are found by this.

    Attributes:
        name: in its model.
        stored_class: as the file has it.
        number: which layer it is; two branches of one number are one layer.
        alike: which layer it is, if all that are described in the same words are one.
        record: its index, if it is a layer that was called.
        inside: the layers inside, if it is a model.
        wrapped: the layer inside, if it is a wrapper.
        trainable: what the file says of it.
    """

    name: str
    stored_class: str
    number: int
    alike: int
    record: int | None
    inside: tuple[Branch, ...] = ()
    wrapped: Branch | None = None
    trainable: bool = True


@dataclass(frozen=True)
class Node:
    """A call in the making; ``blame``: the layer that keeps it from being computed."""

    spec: NodeSpec
    blame: str | None = None

    @property
    def first(self) -> bool:
        """Whether its axes are in the order of channels first in the file's own terms."""
        return self.spec.channels_first


class Graph:
    """The flat graph of a model.

    Args:
        model: as described.
        settings: the limits.
        archive: whether the file is a ``.keras`` archive.
        unreadable: why layers cannot be rebuilt whose arrays are not what they should be, by name.
        sizes_after_start: whether the size of a picture is believed where the network is entered after unknown code.
        channels_after_start: how many channels a picture has there; ``None``: as many as before.
        inputs_first: of inputs whose channels are known to be first or last in the file, which; the others' lie where
            those of the first layer lie that says so.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        *,
        archive: bool = False,
        unreadable: Mapping[str, str] | None = None,
        sizes_after_start: bool = True,
        channels_after_start: int | None = None,
        inputs_first: Mapping[str, bool] | None = None,
    ) -> None:
        self.records: list[Record] = []
        self.nodes: list[Node] = []
        self.inputs: list[int] = []
        self.notes: list[str] = []
        self.started = False
        self.precisions = {name for layer in model.walk() if (name := _precision(layer.config)) is not None}
        self._settings = settings
        self._archive = archive
        self._unreadable = unreadable or {}
        self._sizes_after_start = sizes_after_start
        self._channels_after_start = channels_after_start
        self._by_name: dict[str, int] = {}
        self._training = False  # whether the model that is being called is called as in training
        # Operations that have been read, by their call; it is kept with them, so that its identity stays its own.
        self._operations: dict[Any, tuple[Call, tuple[operations.Steps, ...]]] = {}
        self._copies: dict[str, int] = {}
        self._sizes: dict[int, sizes.Sizes] = {}  # what nodes give that ask for the size of a tensor
        self._stated: dict[Any, tuple[Call, Call]] = {}  # calls with those sizes put in
        self._keras_3 = model.keras_3
        self._masked: set[int] = set()  # nodes that may carry a mask
        self._joined_masks: set[int] = set()  # those whose mask was joined by a rule of Keras 2
        self._bare: set[int] = set()  # nodes with nothing but preparation between them and an input
        self._inputs_first = inputs_first or {}
        self.channels_first = _channels_first(model)
        self.declared = self._model(model, "", None)
        if None in self.declared:
            self.notes.append(UNCONNECTED)
        self.outputs = [node for node in self.declared if node is not None and self.nodes[node].blame is None]
        order = {reference.layer: position for position, reference in enumerate(model.inputs)}
        self.inputs.sort(key=lambda node: order.get(self.records[self.nodes[node].spec.layer].name, len(order)))
        sharing = Sharing(model)
        self.branches = self._branches(model, "", sharing)

    def is_picture(self, node: int) -> bool:
        """Whether patterns can be painted on what a node gives."""
        call = self.nodes[node].spec
        before = self.nodes[call.inputs[0]].spec if len(call.inputs) == 1 else None
        return is_picture(
            self.records[call.layer].kind,
            call.output_shape,
            None if before is None else self.records[before.layer].kind,
            None if before is None else before.output_shape,
        )

    def first_calls(self) -> dict[int, int]:
        """The first node of each layer that is called, by the index of its record."""
        first: dict[int, int] = {}
        for position, node in enumerate(self.nodes):
            first.setdefault(node.spec.layer, position)
        return first

    @property
    def parameters(self) -> int:
        """The number of weights of all layers."""
        return sum(prod(shape) for record in self.records for shape in record.weight_shapes)

    # Models ---------------------------------------------------------------------------------------------------------

    def _model(self, model: Model, prefix: str, inputs: Sequence[int] | None) -> list[int | None]:
        """Call a model; returns the nodes of its outputs, ``None`` for one that nothing in the file leads to."""
        return (self._chain if model.sequential else self._functional)(model, prefix, inputs)

    def _chain(self, model: Model, prefix: str, inputs: Sequence[int] | None) -> list[int | None]:
        layers = list(model.layers)
        own = layers.pop(0) if layers and layers[0].class_name == INPUT else None
        if inputs is None:
            shape = own.config if own is not None else _first_shape(model)
            name = own.name if own is not None else "input"
            current: list[int | None] = [self._input(prefix + name, shape)]
        else:
            current = list(inputs)
        for layer in layers:
            reached = [node for node in current if node is not None]
            if len(reached) < len(current):
                return [None]
            current = self._call(layer, prefix, Call(()), reached)
        return current

    def _functional(self, model: Model, prefix: str, inputs: Sequence[int] | None) -> list[int | None]:
        made: dict[tuple[str, int], list[int | None]] = {}
        waiting: list[tuple[Layer, int, Call]] = []
        offsets = _offsets(model)
        for layer in model.layers:
            offset = offsets.get(layer.name, 0)
            if layer.class_name == INPUT:
                place = [i for i, reference in enumerate(model.inputs) if reference.layer == layer.name]
                if inputs is None:
                    made[layer.name, 0] = [self._input(prefix + layer.name, layer.config)]
                elif place and place[0] < len(inputs):
                    made[layer.name, 0] = [inputs[place[0]]]
            elif not layer.calls and layer.model is not None and inputs is None:
                made[layer.name, offset] = self._model(layer.model, f"{prefix}{layer.name}/", None)
            else:
                waiting += [(layer, number + offset, call) for number, call in enumerate(layer.calls)]
        while waiting:
            later = []
            for layer, number, call in waiting:
                taken = [node for ref in call.inputs if (node := self._pick(made, ref)) is not None]
                if len(taken) < len(call.inputs):
                    later.append((layer, number, call))
                    continue
                made[layer.name, number] = self._call(layer, prefix, call, taken)
            if len(later) == len(waiting):
                break  # what is left hangs in the air; it can neither be reached nor be needed
            waiting = later
        nested = {layer.name for layer in model.layers if layer.model is not None and not layer.model.sequential}
        found: list[int | None] = []
        for reference in model.outputs:
            # Keras 3 counts a nested model's own making as its first call here, and nowhere else.
            earlier = replace(reference, call=reference.call - (model.keras_3 and reference.layer in nested))
            known = (earlier.layer, earlier.call) in made
            found.append(self._pick(made, earlier if known else reference))
        return found

    def _pick(self, made: Mapping[tuple[str, int], Sequence[int | None]], reference: Reference) -> int | None:
        """The node that a reference means; ``None`` where there is none, or none yet."""
        source = made.get((reference.layer, reference.call), ())
        if 0 <= reference.tensor < len(source):
            return source[reference.tensor]
        # A layer that is not rebuilt gives one node, however many outputs it has; never is one taken for another.
        only = source[0] if source else None
        return only if only is not None and self.nodes[only].blame is not None else None

    def _branches(self, model: Model, prefix: str, sharing: Sharing) -> tuple[Branch, ...]:
        return tuple(self._branch(layer, prefix, sharing) for layer in model.layers)

    def _branch(self, layer: Layer, prefix: str, sharing: Sharing) -> Branch:
        inside: tuple[Branch, ...] = ()
        wrapped = None
        index = self._by_name.get(prefix + layer.name)
        if layer.model is not None:
            inside, index = self._branches(layer.model, f"{prefix}{layer.name}/", sharing), None
        elif layer.wrapped is not None:
            wrapped = self._branch(layer.wrapped, f"{prefix}{layer.name}/", sharing)
            if layer.class_name == "TimeDistributed":
                index = None
            elif wrappers.packing(layer) is not None:
                wrapped = replace(wrapped, record=index)
            else:
                wrapped = replace(wrapped, record=None)
        trainable = layer.config.get("trainable") is not False
        return Branch(
            layer.name,
            layer.stored_class or layer.class_name,
            sharing.number(layer),
            sharing.alike(layer),
            index,
            inside,
            wrapped,
            trainable,
        )

    # Calls ----------------------------------------------------------------------------------------------------------

    def _input(self, name: str, config: Any) -> int:
        raw = config if isinstance(config, list) else None
        if isinstance(config, Mapping):
            raw = config.get("batch_input_shape") or config.get("batch_shape") or config.get("input_shape")
        if not isinstance(raw, list) or not 1 <= len(raw) <= 6:
            raise bad("it does not say what size its input has", name)
        values = Values(name, {"input_shape": raw})
        sides = [None if side is None else values._whole("input_shape", side, 1, 10**7) for side in raw[1:]]
        first = len(sides) >= 3 and self._inputs_first.get(name, self.channels_first)
        if first:
            sides = [*sides[1:], sides[0]]
        record = self._record(name, INPUT, INPUT)
        node = self._add(record, (), (None, *sides), first=first)
        self.inputs.append(node)
        self._bare.add(node)
        return node

    def _call(self, layer: Layer, prefix: str, call: Call, inputs: list[int]) -> list[int | None]:
        name = prefix + layer.name
        if layer.model is not None:
            outside, self._training = self._training, self._training if call.training is None else call.training
            made = self._model(layer.model, f"{name}/", inputs)
            self._training = outside
            return made
        if layer.class_name == "TimeDistributed" and layer.wrapped is not None:
            fold = self._fold(f"{name}/frames", FOLD, inputs)
            inner = [node for node in self._call(layer.wrapped, f"{name}/", call, fold) if node is not None]
            return [*self._fold(f"{name}/sequence", UNFOLD, [*inner, *inputs])] if inner else [None]
        if layer.class_name == INPUT:
            return [*inputs]
        if layer.class_name not in CODE and operations.is_operation(layer, LAYERS):
            return [*self._operation(name, layer, call, inputs)]
        return [self._single(name, layer, call, inputs)]

    def _settled(self, layer: Layer) -> tuple[Layer, Packing | None]:
        """A layer as it is computed: of a wrapper that only changes weights, the layer inside; and how they are packed.

        Raises:
            Unsupported: nobody knows how.
        """
        outside = wrappers.packing(layer)
        if outside is None or layer.wrapped is None:
            return layer, quantised.packing(layer.class_name, layer.config, self._archive)
        inner = layer.wrapped
        if inner.class_name in wrappers.NOT_INSIDE:
            message = f"it stands around a layer of the type {inner.class_name!r}, where its rule is not known."
            raise Unsupported(message)
        if quantised.packing(inner.class_name, inner.config, self._archive) is not None or inner.wrapped is not None:
            message = "what is inside is changed twice."
            raise Unsupported(message)
        return replace(inner, name=layer.name, calls=layer.calls), outside

    def _fold(self, name: str, kind: str, inputs: list[int]) -> list[int]:
        record = self._by_name.get(name)
        record = self._record(name, kind, kind) if record is None else record
        source = self.nodes[inputs[0]]
        shape = source.spec.output_shape
        if source.blame is not None or shape is None:
            return [self._add(record, tuple(inputs[:1]), None, blame=source.blame)]
        if kind == FOLD:
            if len(shape) < 3:
                return [self._add(record, tuple(inputs[:1]), None, blame=name)]
            node = self._add(record, (inputs[0],), (None, *shape[2:]), first=source.first)
            if inputs[0] in self._bare:
                self._bare.add(node)
            return [node]
        frames = self.nodes[inputs[1]].spec.output_shape
        steps = frames[1] if frames is not None else None
        return [self._add(record, tuple(inputs), (None, steps, *shape[1:]), first=source.first)]

    def _operation(self, name: str, layer: Layer, call: Call, inputs: list[int]) -> list[int]:
        """Call an operation: one node for each tensor that it gives, and for each step on the way to it."""
        sized = {place: self._sizes[node] for place, node in enumerate(inputs) if node in self._sizes}
        asking = sizes.asked(layer) and not sized and len(inputs) == 1 and self.nodes[inputs[0]].blame is None
        chosen = sizes.chosen(layer, call, sized[0]) if len(inputs) == 1 and sized else None
        if asking or chosen is not None:
            record = self._record(self._unused(name), layer.class_name, UNSUPPORTED)
            self.records[record].reason = sizes.ASKED
            node = self._add(record, tuple(inputs), None, blame=name)
            self._sizes[node] = self._source(inputs[0]).shape if chosen is None else chosen[0]
            return [node]
        if sized:
            key = (id(call), tuple(sized.items()))
            call = self._stated.setdefault(key, (call, sizes.stated(call, sized)))[1]
            inputs = [node for place, node in enumerate(inputs) if place not in sized]
        blame = next((self.nodes[node].blame for node in inputs if self.nodes[node].blame is not None), None)
        if blame is not None:
            known = self._by_name.get(name)
            record = self._record(name, layer.class_name, IDENTITY) if known is None else known
            return [self._add(record, tuple(inputs), None, blame=blame)]
        sources = tuple(self._source(node) for node in inputs)
        try:
            parts = self._read_once(layer, call, sources)
        except Unsupported as error:
            record = self._record(self._unused(name), layer.class_name, UNSUPPORTED)
            self.records[record].reason, self.records[record].code = error.reason, error.code
            return [self._add(record, tuple(inputs), None, blame=name)]
        made: list[int] = []
        for part, steps in enumerate(parts):
            current = inputs
            for step, (kind, params) in enumerate(steps):
                last = step == len(steps) - 1
                own = (name if len(parts) == 1 else f"{name}/{part}") if last else f"{name}/{part}.{kind.lower()}"
                index = self._stepped(own, layer, kind, params, (id(call), part, step, sources))
                current = [self._computed(index, layer, current)]
            made += current
        return made

    def _read_once(
        self, layer: Layer, call: Call, sources: tuple[operations.Source, ...]
    ) -> tuple[operations.Steps, ...]:
        """What an operation is rebuilt as: read once, however often the model that it stands in is called."""
        key = (id(call), sources)
        if key not in self._operations:
            self._operations[key] = call, operations.read(layer, call, sources)
        return self._operations[key][1]

    def _stepped(self, name: str, layer: Layer, kind: str, params: Params, key: Any) -> int:
        """The record of one step of an operation; the one there is where it has been called so before."""
        known = self._by_name.get(name)
        if known is not None and self.records[known].called == key:
            return known
        index = self._record(self._unused(name), layer.class_name, kind)
        record = self.records[index]
        record.params, record.stated, record.operation, record.called = dict(params), params, True, key
        return index

    def _unused(self, name: str) -> str:
        """The name, or with a number behind it where it is taken: layers of a network go by their names."""
        while name in self._by_name:
            self._copies[name] = self._copies.get(name, 1) + 1
            name = f"{name} ({self._copies[name]})"
        return name

    def _source(self, node: int) -> operations.Source:
        """A tensor as an operation of the file knows it: in the file's own order of axes."""
        spec = self.nodes[node].spec
        record = self.records[spec.layer]
        truth = record.kind in ("Binary", "Elementwise") and record.params["function"] in operations.TRUTHS
        return operations.Source(spec.file_shape or (), spec.channels_first, truth)

    def _single(self, name: str, layer: Layer, call: Call, inputs: list[int]) -> int:
        sources = [self.nodes[node] for node in inputs]
        index = self._by_name.get(name)
        record = self._describe(name, layer, call, len(inputs)) if index is None else self.records[index]
        index = self._by_name[name]
        blame = next((source.blame for source in sources if source.blame is not None), None)
        if blame is not None or not inputs:
            return self._add(index, tuple(inputs), None, blame=blame or name)
        # A layer of a known kind does its part of the work; only foreign code may be mere preparation of pixels.
        preparation = record.kind == UNSUPPORTED and record.class_name not in LAYERS and record.hint is None
        if preparation and layer.wrapped is None and inputs[0] in self._bare and len(inputs) == 1:
            return self._start(index, record, inputs[0])
        if record.kind not in KINDS:
            return self._add(index, tuple(inputs), None, blame=name)
        if record.dims:
            return self._permute(index, record, inputs[0])
        return self._computed(index, layer, inputs)

    def _computed(self, index: int, layer: Layer, inputs: list[int]) -> int:
        """The node of a call of a layer of a known kind."""
        record, sources = self.records[index], [self.nodes[node] for node in inputs]
        kind = KINDS[record.kind]
        blame = next((source.blame for source in sources if source.blame is not None), None)
        if blame is not None:
            return self._add(index, tuple(inputs), None, blame=blame)
        try:
            inner = layer.wrapped if record.packing is not None and layer.wrapped is not None else layer
            permutations, shapes, first = self._arranged(record, inner, sources)
            if kind.rank is not None and len(shapes[0]) != kind.rank:
                message = f"it takes {kind.rank - 1} axes and gets {len(shapes[0]) - 1}"
                raise ShapeError(message)
            if record.params.get("batch_moments") and len(shapes[0]) < 3:
                message = "it normalises by the whole batch, and a single picture has no mean and variance there"
                raise ShapeError(message)
            if record.kind in MERGING and not record.operation:
                shapes = _of_one_rank(shapes)
            if record.kind in MINDING_MASKS and not self._joined_masks.isdisjoint(inputs):
                message = "it minds which parts are masked, and the masks of several inputs were joined as Keras 2 does"
                raise ShapeError(message)
            weights, shape = kind.weights(record.params, shapes), kind.shape(record.params, shapes)
            _as_stated(layer, shape)
        except (ShapeError, IndexError, ValueError) as error:
            record.kind, record.reason = UNSUPPORTED, f"It cannot be computed: {error}."
            return self._add(index, tuple(inputs), None, blame=record.name)
        record.weight_shapes = record.weight_shapes or weights
        node = self._add(index, tuple(inputs), shape, permutations, first and len(shape) > 2)
        if not weights and len(shape) == len(shapes[0]) and all(item in self._bare for item in inputs):
            self._bare.add(node)
        self._follow_masks(record, node, inputs)
        return node

    def _follow_masks(self, record: Record, node: int, inputs: Sequence[int]) -> None:
        """Note which nodes carry masks, and which of them one that several were joined into.

        Keras 2 masks what any of the joined tensors masks, Keras 3 (which is what computes here) what all of them do.
        """
        masked = self._masked.intersection(inputs)
        begins = record.kind == "Masking" or record.params.get("mask_zero")
        if begins or (masked and len(self.nodes[node].spec.output_shape or ()) >= 3):
            self._masked.add(node)
        joins = record.kind == "Concatenate" or (record.kind in MERGING and len(masked) > 1)
        if masked and ((joins and not self._keras_3) or not self._joined_masks.isdisjoint(inputs)):
            self._joined_masks.add(node)

    def _permute(self, index: int, record: Record, source: int) -> int:
        """Turn the axes of a node as a Permute does in the file, or leave them where that only moves the channels."""
        before = self.nodes[source]
        shape = before.spec.output_shape or ()
        if len(record.dims) != len(shape) - 1:
            record.kind, record.reason = UNSUPPORTED, "It permutes another number of axes than there are."
            return self._add(index, (source,), None, blame=record.name)
        turn, first = axes.permuted(record.dims, before.first)
        node = self._add(index, (source,), axes.turned(shape, turn), (turn,), first)
        if source in self._bare:
            self._bare.add(node)
        return node

    def _start(self, index: int, record: Record, source: int) -> int:
        """Enter the network after code that stands before every layer with weights."""
        before = self.nodes[source]
        shape = before.spec.output_shape
        if shape is None or len(shape) not in (3, 4, 5) or not record.code:
            return self._add(index, (source,), None, blame=record.name)
        channels = self._channels_after_start
        if not self._sizes_after_start:
            shape = (None, *(None for _ in shape[1:-1]), shape[-1] if channels is None else channels)
        if record.kind != START:
            record.kind = START
            self.started = True
            what = "carries program code, which is never run."
            if record.class_name not in CODE:
                what = f"cannot be rebuilt. {record.reason}"
            also = "" if channels is None else f" pictures come out of it with {channels} channels;"
            self.notes.append(
                f"The layer {record.name!r} {what} The network is entered after it;{also} "
                "check that the pixel range is the one that comes out of it."
            )
        node = self._add(index, (source,), shape, first=before.first)
        self._bare.add(node)
        return node

    def _describe(self, name: str, layer: Layer, call: Call, count: int) -> Record:
        """What a layer is to be rebuilt as."""
        class_name, config, packing = layer.class_name, layer.config, None
        try:
            if name in self._unreadable:
                raise Unsupported(self._unreadable[name])
            settled, packing = self._settled(layer)
            class_name, config = settled.class_name, settled.config
            if class_name in CODE:
                raise Unsupported("It carries program code, which is never run.", code=True)
            if class_name in NOTHING_AT_INFERENCE:
                kind, params = IDENTITY, {}
            elif class_name in LAYERS:
                _called_plainly(class_name, call, count)
                kind = class_name
                values = Values(name, _both_ways(layer) if class_name == "Bidirectional" else config)
                params = KINDS[kind].read(values)
                nothing_is_ignored(KINDS[kind], values)
            else:
                raise Unsupported(foreign.sentence(layer), code=foreign.known(layer) is None)
        except Unsupported as error:
            index = self._record(name, layer.class_name, UNSUPPORTED)
            known = foreign.known(layer)
            self.records[index].hint = None if known is None else known.hint
            self.records[index].reason = error.reason[0].upper() + error.reason[1:]
            self.records[index].code = error.code
            return self.records[index]
        index = self._record(name, layer.class_name, kind)
        if kind == "Permute":
            self.records[index].kind, self.records[index].dims, params = IDENTITY, params["dims"], {}
        self.records[index].params = params
        if kind in KINDS and KINDS[kind].order is Order.CHANNELS and isinstance(config.get("data_format"), str):
            self.records[index].channels_first = config["data_format"] == "channels_first"
        if self._training if call.training is None else call.training:
            self._as_in_training(self.records[index], frozen=config.get("trainable") is False)
        self.records[index].packing = packing
        self.records[index].activation = _name_of(config.get("activation"))
        stated = config if layer.wrapped is None else layer.wrapped.config
        self.records[index].initial = {
            key: value
            for key, value in stated.items()
            if key.endswith("_initializer") or key in ("init", "init_values")
        }
        return self.records[index]

    def _as_in_training(self, record: Record, frozen: bool) -> None:
        """What a call with ``training=True`` makes of a layer, in a file of Keras 2: it holds after training too.

        A frozen batch normalisation goes by its moving averages all the same.
        """
        if record.class_name == "BatchNormalization" and frozen:
            return
        if record.class_name == "BatchNormalization":
            record.params["batch_moments"] = True
            self.notes.append(
                f"The layer {record.name!r} normalises by the mean and variance of what it is given, as it was saved "
                "with training=True: of all pictures together where a whole batch is computed, and of each picture "
                "alone in its patterns."
            )
        elif record.class_name in NOTHING_AT_INFERENCE and record.class_name not in (
            "Identity",
            "ActivityRegularization",
        ):
            self.notes.append(
                f"The layer {record.name!r} changes what it gets at random, even after training, as it was saved with "
                "training=True; that is left out."
            )

    def _arranged(
        self, record: Record, layer: Layer, sources: Sequence[Node]
    ) -> tuple[tuple[tuple[int, ...] | None, ...], list[Shape], bool]:
        """Bring the axes of the inputs into the order the layer minds; returns permutations, shapes, the new order."""
        order = KINDS[record.kind].order
        if isinstance(record.params.get("axis"), tuple):
            order = Order.AS_WRITTEN  # the arrays of several axes lie in the file's order
            if record.kind == "LayerNormalization":
                # Keras sorts them before it knows how many there are: -1 comes before 1, and the arrays likewise.
                rank = len(sources[0].spec.output_shape or ())
                record.params["axis"] = tuple(sorted(axis % rank for axis in record.params["axis"]))
        mixing = mixes_channels(record.params.get("activation"))
        shapes = [source.spec.output_shape or () for source in sources]
        alike = len({len(shape) for shape in shapes}) == 1
        wanted = alike and any(source.first for source in sources)
        written_first = layer.config.get("data_format") == "channels_first"
        if order is Order.CHANNELS or (record.kind == "Flatten" and written_first):
            wanted = (sources[0].first if record.operation else written_first) and len(shapes[0]) > 2
            if wanted and mixing:
                message = "its activation works along the last axis, which is not that of its channels"
                raise ShapeError(message)
        elif order is Order.AS_WRITTEN or mixing:
            wanted = False
            if record.operation and (found := self._turned(record, sources)) is not None:
                return (None,) * len(sources), shapes, found
        elif order is Order.AXIS and record.axis_first is not None:
            wanted = record.axis_first  # its setting was read when it was called first
        permutations: list[tuple[int, ...] | None] = []
        for position, (source, shape) in enumerate(zip(sources, shapes, strict=True)):
            rank = len(shape)
            if source.first == wanted or rank < 3:
                permutations.append(None)
                continue
            turn = axes.channels_last(rank) if wanted else axes.channels_first(rank)
            permutations.append(turn)
            shapes[position] = axes.turned(shape, turn)
        axis = record.params.get("axis")
        if order is Order.AXIS and record.axis_first is None and isinstance(axis, int):
            record.axis_first = wanted
            record.params["axis"] = axis_of(axis, len(shapes[0])) if wanted else axis
        if wanted and record.kind == "Rescaling" and not record.operation:
            counts = {len(one) for one in (record.params["scale"], record.params["offset"]) if isinstance(one, tuple)}
            if counts and (counts != {shapes[0][-1]} or shapes[0][-2] == shapes[0][-1]):
                message = "its numbers may be meant for its channels or for its columns"
                raise ShapeError(message)
        return tuple(permutations), shapes, wanted

    def _turned(self, record: Record, sources: Sequence[Node]) -> bool | None:
        """Turn an operation's parameters for channels last; returns whether the result's channels came first.

        ``None``: it is to work on tensors in the file's own order.
        """
        ranks = {len(source.spec.output_shape or ()) for source in sources}
        rank = ranks.pop()
        if ranks:
            return None
        if not any(source.first for source in sources):
            # Channels of a picture, put together where they came from: first.
            if record.kind == "Stack" and self.channels_first and (rank, record.stated["axis"]) == (3, 1):
                record.params = {"axis": -1}
                return True
            return None
        found = turned(record.kind, record.stated, rank) if all(source.first for source in sources) else None
        if found is None:
            return None
        record.params, first = found
        return first

    def _record(self, name: str, class_name: str, kind: str) -> int:
        self._by_name[name] = len(self.records)
        self.records.append(Record(name, class_name, kind))
        return len(self.records) - 1

    def _add(
        self,
        record: int,
        inputs: tuple[int, ...],
        shape: Shape | None,
        permutations: tuple[tuple[int, ...] | None, ...] = (),
        first: bool = False,
        blame: str | None = None,
    ) -> int:
        if shape is not None:
            size = 4 * prod(side for side in shape[1:] if side is not None)
            if size > self._settings.max_activation_bytes:
                name = self.records[record].name
                message = f"The layer {name!r} would need {size / 1e9:.0f} GB of memory for a single picture."
                raise Refused(RefusalCode.TOO_LARGE, message, name, "Use a network for smaller pictures.")
        if not any(permutations):
            permutations = ()
        if len(self.nodes) > 4 * self._settings.max_layers:
            message = "The layers of this network are called far more often than in any real one."
            raise Refused(RefusalCode.TOO_LARGE, message, "", "Save the part you want to see as a model of its own.")
        self.nodes.append(Node(NodeSpec(record, inputs, shape, permutations, first), blame))
        return len(self.nodes) - 1


def is_picture(kind: str, shape: Shape | None, kind_before: str | None, shape_before: Shape | None) -> bool:
    """Whether patterns can be painted on what a layer gives: an input, a frame of one, or one only reshaped.

    Args:
        kind: of the layer.
        shape: of its output.
        kind_before: of the layer it takes its one input from; ``None`` if it has not one input.
        shape_before: of that layer's output.
    """
    if shape is None or len(shape) != 4 or shape[-1] is None:
        return False
    if kind in (INPUT, START):
        return True
    if kind_before != INPUT:
        return False
    return kind == FOLD or (kind == "Reshape" and len(shape_before or ()) < 4)


def _both_ways(layer: Layer) -> Config:
    """The settings of the layer inside a Bidirectional, with those of the wrapper."""
    forward, backward = (_inner_settings(layer, key) for key in ("layer", "backward_layer"))
    unknown = [key for key in layer.config if key not in COMMON | {"layer", "backward_layer", "merge_mode", "dtype"}]
    if unknown:
        raise Values(layer.name, layer.config).decline(unknown[0])
    shared = ("units", "activation", "recurrent_activation", "use_bias", "return_sequences", "reset_after")
    if layer.wrapped is None or (backward and any(forward.get(key) != backward.get(key) for key in shared)):
        message = "Its two directions are layers of different kinds."
        raise Unsupported(message)
    return {**layer.wrapped.config, "cell": layer.wrapped.class_name, "merge_mode": layer.config.get("merge_mode")}


def _of_one_rank(shapes: Sequence[Shape]) -> list[Shape]:
    """With axes of one behind the batch's, as many as the largest has: a gate ``[batch, channels]`` fits a picture."""
    rank = max(len(shape) for shape in shapes)
    return [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]


def _as_stated(layer: Layer, shape: Shape) -> None:
    """Keras 1 wrote down how large the output of a transposed convolution is, which cannot always be worked out.

    Raises:
        ShapeError: it is another size.
    """
    stated = layer.config.get("output_shape")
    if not isinstance(stated, list) or not layer.class_name.endswith("Transpose"):
        return
    sides = {side for side in stated[1:] if isinstance(side, int)}
    if len(stated) == len(shape) and None not in shape[1:] and sides != set(shape[1:]):
        message = f"it is to have the size {stated[1:]}, and {list(shape[1:])} would come out"
        raise ShapeError(message)


def _called_plainly(class_name: str, call: Call, count: int) -> None:
    """A layer is called on tensors, and on nothing else that would change what it computes.

    Raises:
        Unsupported: it is called in another way.
    """
    known = ("name", "training")
    settings = {key: item for key, item in call.settings.items() if item is not None and key not in known}
    if any(not isinstance(item, Slot) for item in settings.values()):
        setting = Values(class_name, settings).shown(next(iter(settings)))
        message = f"it is called with {setting}, which is not known here."
        raise Unsupported(message)
    if any(not _only_tensors(argument) for argument in call.arguments):
        message = "it is called with numbers beside its input."
        raise Unsupported(message)
    if count > 1 and not KINDS[class_name].several:
        message = f"it is called on {count} inputs, and is known with one alone."
        raise Unsupported(message)


def _only_tensors(argument: Any) -> bool:
    if isinstance(argument, list):
        return all(map(_only_tensors, argument))
    return argument is None or isinstance(argument, Slot)


def _inner_settings(layer: Layer, key: str) -> Mapping[str, Any]:
    described = layer.config.get(key)
    settings = described.get("config") if isinstance(described, Mapping) else None
    return settings if isinstance(settings, Mapping) else {}


def _name_of(activation: Any) -> str:
    """The name of a layer that stands in place of an activation's name."""
    config = activation.get("config") if isinstance(activation, Mapping) else None
    name = config.get("name") if isinstance(config, Mapping) else None
    return name if isinstance(name, str) else ""


def _precision(config: Mapping[str, Any]) -> str | None:
    """What a layer computes in, where that is less than float32."""
    policy = config.get("dtype")
    settings = policy.get("config") if isinstance(policy, Mapping) else None
    name = settings.get("source_name", settings.get("name")) if isinstance(settings, Mapping) else policy
    name = name.rpartition("_from_")[2].removeprefix("mixed_") if isinstance(name, str) else None
    return name if name in ("float16", "bfloat16") else None


def _offsets(model: Model) -> dict[str, int]:
    """How much too high the file counts a layer's calls: Keras 2 counted a nested model's own making as its first."""
    highest: dict[str, int] = {}
    references = [] if model.keras_3 else [*model.inputs, *model.outputs]
    references += [reference for layer in model.layers for call in layer.calls for reference in call.inputs]
    for reference in references:
        highest[reference.layer] = max(highest.get(reference.layer, 0), reference.call)
    calls = {layer.name: max(1, len(layer.calls)) for layer in model.layers}
    return {name: max(0, highest.get(name, 0) - count + 1) for name, count in calls.items()}


def _channels_first(model: Model) -> bool:
    """Whether pictures come channels first: what the first layer that looks at one says."""
    for layer in model.walk():
        kind = KINDS.get(layer.class_name)
        if kind is not None and kind.order is Order.CHANNELS and isinstance(layer.config.get("data_format"), str):
            return bool(layer.config["data_format"] == "channels_first")
    return False


def _first_shape(model: Model) -> Any:
    """The input shape of a chain without an input layer: the first layer's, wherever it is written."""
    for layer in model.layers[:1]:
        for config in (layer.config, layer.wrapped.config if layer.wrapped is not None else {}):
            shape = config.get("batch_input_shape") or config.get("batch_shape")
            if shape:
                return shape
        if layer.model is not None:
            inner = layer.model.layers[0] if layer.model.layers else None
            if inner is not None and inner.class_name == INPUT:
                return inner.config.get("batch_input_shape") or inner.config.get("batch_shape")
            return _first_shape(layer.model)
        if layer.class_name == "Dense" and isinstance(layer.config.get("input_dim"), int):
            return [None, layer.config["input_dim"]]
        if layer.class_name == "Embedding":
            return [None, layer.config.get("input_length")]
    return model.input_shape
