"""From the described model to the flat graph of its calls, with every shape worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from filterviz.layers.config_values import ConfigValues
from filterviz.layers.passing import CODE, FOLD, INPUT, TIME_DISTRIBUTED, UNFOLD
from filterviz.reader import operations, wrappers
from filterviz.reader.assumptions import Assumptions
from filterviz.reader.config import Call, Layer, Model, Reference, bad
from filterviz.reader.described_model import call_offsets, channels_come_first, first_shape, reduced_precision
from filterviz.reader.graph import Graph
from filterviz.reader.layer_calls import LayerCalls
from filterviz.reader.operation_calls import OperationCalls
from filterviz.reader.records import Branch
from filterviz.reader.sharing import Sharing
from filterviz.settings import Settings
from filterviz.spec import Shape

UNCONNECTED = (
    "The description of the network contradicts itself, and nothing leads to one of its outputs: tf.keras writes HDF5 "
    'files so where models share layers. Save the network with model.save("model.keras") and choose that file.'
)
"""The note on a description in which an output is not connected."""


def build_graph(model: Model, settings: Settings, assumptions: Assumptions | None = None) -> Graph:
    """Build the graph of a model.

    Args:
        model: The model as described.
        settings: The limits.
        assumptions: What is known or assumed about the file.

    Raises:
        Refused: The description makes no sense, or the network is too large.
    """
    return _Builder(model, settings, assumptions or Assumptions()).graph


class _Builder:
    """Calls a model, with all that is inside it."""

    def __init__(self, model: Model, settings: Settings, assumptions: Assumptions) -> None:
        self.graph = graph = Graph(settings)
        self._assumptions = assumptions
        self._layers = LayerCalls(graph, assumptions, keras_3=model.keras_3)
        self._operations = OperationCalls(graph, self._layers)
        self._training = False  # whether the model that is being called is called as in training
        graph.precisions = {name for layer in model.walk() if (name := reduced_precision(layer.config)) is not None}
        graph.channels_first = channels_come_first(model)
        graph.declared = self._model(model, "", None)
        if None in graph.declared:
            graph.notes.append(UNCONNECTED)
        order = {reference.layer: position for position, reference in enumerate(model.inputs)}
        graph.inputs.sort(key=lambda node: order.get(graph.record_of(node).name, len(order)))
        graph.branches = self._branches(model, "", Sharing(model))

    # Models ---------------------------------------------------------------------------------------------------------

    def _model(self, model: Model, prefix: str, inputs: Sequence[int] | None) -> list[int | None]:
        """Call a model; return the nodes of its outputs, ``None`` for one that nothing in the file leads to."""
        return (self._chain if model.sequential else self._functional)(model, prefix, inputs)

    def _chain(self, model: Model, prefix: str, inputs: Sequence[int] | None) -> list[int | None]:
        layers = list(model.layers)
        own = layers.pop(0) if layers and layers[0].class_name == INPUT else None
        if inputs is None:
            shape = own.config if own is not None else first_shape(model)
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
        offsets = call_offsets(model)
        for layer in model.layers:
            offset = offsets.get(layer.name, 0)
            if layer.class_name == INPUT:
                at = [i for i, reference in enumerate(model.inputs) if reference.layer == layer.name]
                if inputs is None:
                    made[layer.name, 0] = [self._input(prefix + layer.name, layer.config)]
                elif at and at[0] < len(inputs):
                    made[layer.name, 0] = [inputs[at[0]]]
            elif not layer.calls and layer.model is not None and inputs is None:
                made[layer.name, offset] = self._model(layer.model, f"{prefix}{layer.name}/", None)
            else:
                waiting += [(layer, number + offset, call) for number, call in enumerate(layer.calls)]
        self._call_in_order(waiting, made, prefix)
        nested = {layer.name for layer in model.layers if layer.model is not None and not layer.model.sequential}
        found: list[int | None] = []
        for reference in model.outputs:
            # Keras 3 counts the making of a nested model as its first call here, and nowhere else.
            earlier = replace(reference, call=reference.call - (model.keras_3 and reference.layer in nested))
            known = (earlier.layer, earlier.call) in made
            found.append(self._pick(made, earlier if known else reference))
        return found

    def _call_in_order(
        self, waiting: list[tuple[Layer, int, Call]], made: dict[tuple[str, int], list[int | None]], prefix: str
    ) -> None:
        """Call layers once their inputs are there; what is not connected can neither be reached nor be needed."""
        while waiting:
            later = []
            for layer, number, call in waiting:
                taken = [node for ref in call.inputs if (node := self._pick(made, ref)) is not None]
                if len(taken) < len(call.inputs):
                    later.append((layer, number, call))
                    continue
                made[layer.name, number] = self._call(layer, prefix, call, taken)
            if len(later) == len(waiting):
                return
            waiting = later

    def _pick(self, made: Mapping[tuple[str, int], Sequence[int | None]], reference: Reference) -> int | None:
        """Return the node that a reference means; ``None`` where there is none, or none yet."""
        source = made.get((reference.layer, reference.call), ())
        if 0 <= reference.tensor < len(source):
            return source[reference.tensor]
        # A layer that is not rebuilt gives one node, however many outputs it has. No other is taken for one of them.
        only = source[0] if source else None
        return only if only is not None and self.graph.nodes[only].blame is not None else None

    def _branches(self, model: Model, prefix: str, sharing: Sharing) -> tuple[Branch, ...]:
        return tuple(self._branch(layer, prefix, sharing) for layer in model.layers)

    def _branch(self, layer: Layer, prefix: str, sharing: Sharing) -> Branch:
        inside: tuple[Branch, ...] = ()
        wrapped = None
        index = self.graph.index.get(prefix + layer.name)
        if layer.model is not None:
            inside, index = self._branches(layer.model, f"{prefix}{layer.name}/", sharing), None
        elif layer.wrapped is not None:
            wrapped = self._branch(layer.wrapped, f"{prefix}{layer.name}/", sharing)
            if layer.class_name == TIME_DISTRIBUTED:
                index = None
            else:
                wrapped = replace(wrapped, record=None if wrappers.packing(layer) is None else index)
        return Branch(
            layer.name,
            layer.stored_class or layer.class_name,
            sharing.number(layer),
            sharing.alike(layer),
            index,
            inside,
            wrapped,
            layer.config.get("trainable") is not False,
        )

    # Calls ----------------------------------------------------------------------------------------------------------

    def _input(self, name: str, config: Any) -> int:
        raw = config if isinstance(config, list) else None
        if isinstance(config, Mapping):
            raw = config.get("batch_input_shape") or config.get("batch_shape") or config.get("input_shape")
        if not isinstance(raw, list) or not 1 <= len(raw) <= 6:
            raise bad("it does not say what size its input has", name)
        values = ConfigValues(name, {"input_shape": raw})
        sides = [None if side is None else values.whole_of("input_shape", side, 1, 10**7) for side in raw[1:]]
        first = len(sides) >= 3 and self._assumptions.inputs_first.get(name, self.graph.channels_first)
        if first:
            sides = [*sides[1:], sides[0]]
        node = self.graph.add_node(self.graph.add_record(name, INPUT, INPUT), (), (None, *sides), first=first)
        self.graph.inputs.append(node)
        self.graph.bare.add(node)
        return node

    def _call(self, layer: Layer, prefix: str, call: Call, inputs: list[int]) -> list[int | None]:
        name = prefix + layer.name
        if layer.model is not None:
            outside, self._training = self._training, self._training if call.training is None else call.training
            made = self._model(layer.model, f"{name}/", inputs)
            self._training = outside
            return made
        if layer.class_name == TIME_DISTRIBUTED and layer.wrapped is not None:
            frames = [self._fold(f"{name}/frames", inputs[0])]
            inner = [node for node in self._call(layer.wrapped, f"{name}/", call, frames) if node is not None]
            return [self._unfold(f"{name}/sequence", inner[0], inputs[0])] if inner else [None]
        if layer.class_name == INPUT:
            return [*inputs]
        if layer.class_name not in CODE and operations.is_operation(layer):
            return [*self._operations.call(name, layer, call, inputs)]
        training = self._training if call.training is None else call.training
        return [self._layers.call(name, layer, call, inputs, training=training)]

    def _fold(self, name: str, source: int) -> int:
        """Make images of the frames of a sequence."""
        graph, before = self.graph, self.graph.nodes[source]
        record, shape = self._once(name, FOLD), before.spec.output_shape
        if before.blame is not None or shape is None:
            return graph.add_node(record, (source,), None, blame=before.blame)
        if len(shape) < 3:
            return graph.add_node(record, (source,), None, blame=name)
        node = graph.add_node(record, (source,), folded(shape), first=before.first)
        if source in graph.bare:
            graph.bare.add(node)
        return node

    def _unfold(self, name: str, images: int, frames: int) -> int:
        """Make frames of images again."""
        graph, before = self.graph, self.graph.nodes[images]
        record, shape = self._once(name, UNFOLD), before.spec.output_shape
        if before.blame is not None or shape is None:
            return graph.add_node(record, (images,), None, blame=before.blame)
        sequence = graph.nodes[frames].spec.output_shape
        shape = unfolded(shape, sequence[1] if sequence is not None else None)
        return graph.add_node(record, (images, frames), shape, first=before.first)

    def _once(self, name: str, kind: str) -> int:
        known = self.graph.index.get(name)
        return self.graph.add_record(name, kind, kind) if known is None else known


def folded(shape: Shape) -> Shape:
    """Return the shape of the frames of a sequence as images of their own."""
    return (None, *shape[2:])


def unfolded(shape: Shape, steps: int | None) -> Shape:
    """Return the shape of images as the frames of sequences of so many steps."""
    return (None, steps, *shape[1:])
