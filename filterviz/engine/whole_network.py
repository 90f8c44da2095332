"""A whole network, rebuilt from its inputs to those of its outputs that can be computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from filterviz.engine.constructors import apply
from filterviz.engine.layer_builder import LayerBuilder
from filterviz.layers.axes import channels_first, channels_last
from filterviz.reader import OpenedModel
from filterviz.spec import NodeSpec, ancestors


class Whole:
    """A whole network. Called, it computes its outputs.

    Every layer is made, and has its weights, before the first call: a layer that was made within ``tf.function`` would
    be made while the function is traced, and compute with fresh weights.

    Args:
        model: An open file.

    Attributes:
        activation_bytes: The most memory that the outputs of layers took at the same time in the last call, where it
            was not within ``tf.function``.

    Raises:
        Refused: Weights cannot be read.
    """

    def __init__(self, model: OpenedModel) -> None:
        self._spec = spec = model.spec
        self._nodes = ancestors(spec.nodes, spec.outputs)
        self._last_use = {source: node for node in self._nodes for source in spec.nodes[node].inputs}
        self.activation_bytes = 0
        builder = LayerBuilder(model, "float32", whole=True)
        self._operations = {
            node: builder.operation(spec.layers[spec.nodes[node].layer], pre_activation=False)
            for node in self._nodes
            if node not in spec.inputs
        }

    def __call__(self, inputs: Sequence[Any]) -> list[tf.Tensor]:
        """Compute the outputs, in the file's own order and layout.

        Args:
            inputs: Numbers, one array for each input, batch first, in the file's own order and layout.
        """
        spec = self._spec
        made: dict[int, tf.Tensor] = {}
        for node, value in zip(spec.inputs, inputs, strict=True):
            made[node] = _turned(tf.cast(value, tf.float32), spec.nodes[node], channels_last)
        held = self.activation_bytes = sum(map(_bytes, made.values()))
        for node in self._nodes:
            if node not in made:
                made[node] = apply(self._operations[node], spec.nodes[node].turned_inputs, made)
                held += _bytes(made[node])
                self.activation_bytes = max(self.activation_bytes, held)
            for source in {*spec.nodes[node].inputs} - {*spec.outputs}:
                if self._last_use[source] == node:
                    held -= _bytes(made.pop(source))
        return [_turned(made[node], spec.nodes[node], channels_first) for node in spec.outputs]


def _turned(tensor: tf.Tensor, node: NodeSpec, turn: Callable[[int], tuple[int, ...]]) -> tf.Tensor:
    return tf.transpose(tensor, turn(tensor.shape.rank)) if node.channels_first else tensor


def _bytes(tensor: tf.Tensor) -> int:
    return 4 * (tensor.shape.num_elements() or 0)


def build_whole(model: OpenedModel) -> Whole:
    """Rebuild a whole network, as far as its outputs can be computed.

    Raises:
        Refused: Its weights cannot be read.
    """
    return Whole(model)
