"""The part of a network between an image and one layer, rebuilt and followed call by call."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from filterviz.engine.constructors import SLICED, apply
from filterviz.engine.function_tables import Operation
from filterviz.engine.layer_builder import LayerBuilder, Sliceable, not_finite
from filterviz.engine.subnetwork import Plan, plan
from filterviz.errors import BadRequest
from filterviz.layers.activations import mixes_channels
from filterviz.reader import OpenedModel
from filterviz.spec import LayerSpec


class Network:
    """The part of a network between an image and one layer. Called, it computes the layer's output.

    Args:
        model: An open file.
        part: What must be computed.
        pre_activation: Whether to leave the layer's own activation out.
        dtype: Precision of the computation, ``float32`` or ``bfloat16``.

    Attributes:
        input_channels: Number of channels of the image.
        input_size: Height and width that the network needs; ``None`` where other sizes can be used.
        not_finite: Channels of the layer that its own or earlier weights make NaN or infinite.

    Raises:
        BadRequest: The file leaves open how large an image the layer needs.
        Refused: Weights cannot be read.
    """

    def __init__(self, model: OpenedModel, part: Plan, pre_activation: bool, dtype: str) -> None:
        self._plan = part
        self._dtype = "bfloat16" if dtype == "bfloat16" else "float32"
        height, width, channels = part.image[1:]
        self.input_channels: int = channels or 1
        self.input_size: tuple[int, int] | None = None
        if not part.free or part.next_size(1) is None:
            if height is None or width is None:
                raise BadRequest(f"The file leaves open how large an image the layer {part.target.name!r} needs.")
            self.input_size = (height, width)
        built = LayerBuilder(model, "mixed_bfloat16" if dtype == "bfloat16" else "float32")
        last = part.nodes[-1]
        late = part.rectified_late
        self._operations = {
            node: built.operation(part.layer(node), node in late.values() or (pre_activation and node == last))
            for node in part.computed
        }
        for node in late:
            if not (pre_activation and node == last):
                self._operations[node] = _rectified(self._operations[node])
        self.not_finite = not_finite(built.broken, part.target)
        self._can_be_sliced = _can_be_sliced(part.target, pre_activation)

    @property
    def minimum_size(self) -> int:
        """The smallest side of a square image that leaves the layer an output."""
        return self._plan.next_size(1) or 1

    def next_size(self, size: int) -> int | None:
        """Return the smallest side from ``size`` on that the network can take."""
        return self._plan.next_size(size)

    def activation_bytes(self, size: tuple[int, int]) -> int:
        """Return the memory that all outputs on the way take for one image of that height and width."""
        return self._plan.activation_bytes(*size)

    def __call__(self, images: tf.Tensor, channels: tf.Tensor | None = None) -> tf.Tensor:
        """Compute the layer's output.

        Args:
            images: float ``[n, height, width, input_channels]``, in the network's own pixel range.
            channels: int32 ``[k]``. Only these are wanted, and where possible only these are computed.

        Returns:
            ``[n, height, width, channels or k]``, or ``[n, units or k]`` for a Dense layer.
        """
        return self._last(self._before(images), channels)

    def with_features(self, images: tf.Tensor, channels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute the layer's output, and what the texture of an image can be read from.

        Args:
            images: See :meth:`__call__`.
            channels: See :meth:`__call__`.

        Returns:
            The output, as :meth:`__call__` gives it, and features ``[n, ..., c]``: all channels of the layer that are
            finite or, where it has no positions (Dense), the last output before it that has some.
        """
        made = self._before(images)
        output = self._last(made, channels)
        if self._plan.features != self._plan.nodes[-1]:
            return output, made[self._plan.features]
        finite = sorted(set(range(self._plan.target.channels or 0)) - self.not_finite)
        return output, self._last(made, tf.constant(finite, tf.int32))

    def features_bytes(self, size: tuple[int, int]) -> int:
        """Return the memory that products of all pairs of :meth:`with_features`'s channels take for one image."""
        return 4 * (self._plan.shapes(*size)[self._plan.features][-1] or 1) ** 2

    def _before(self, images: tf.Tensor) -> dict[int, tf.Tensor]:
        """Compute the outputs of all nodes but the last."""
        spec = self._plan.spec
        made: dict[int, tf.Tensor] = {self._plan.source: tf.cast(images, self._dtype)}
        for node in self._plan.others:
            sides = [1 if side is None else side for side in (spec.nodes[node].output_shape or ())[1:]]
            made[node] = tf.zeros([tf.shape(images)[0], *sides], self._dtype)
        for node in self._plan.nodes[:-1]:
            if node not in made:
                made[node] = apply(self._operations[node], self._plan.inputs(node), made)
        return made

    def _last(self, made: Mapping[int, tf.Tensor], channels: tf.Tensor | None) -> tf.Tensor:
        last = self._plan.nodes[-1]
        operation, inputs = self._operations[last], self._plan.inputs(last)
        if channels is None:
            return apply(operation, inputs, made)
        if isinstance(operation, Sliceable) and self._can_be_sliced:
            return apply(operation.only(channels), inputs, made)
        return tf.gather(apply(operation, inputs, made), channels, axis=-1)


def _can_be_sliced(target: LayerSpec, pre_activation: bool) -> bool:
    if target.rebuilt_as not in SLICED or target.params.get("groups", 1) != 1:
        return False
    # Activations that mix the channels need all of them.
    return pre_activation or not mixes_channels(target.params["activation"])


def _rectified(operation: Operation) -> Operation:
    return lambda inputs: tf.nn.relu(operation(inputs))


def build(model: OpenedModel, layer: str, *, pre_activation: bool = False, dtype: str = "float32") -> Network:
    """Rebuild what lies between an image and a layer.

    Args:
        model: An open file.
        layer: Name of a visualisable layer.
        pre_activation: Whether to leave the layer's own activation out.
        dtype: Precision of the computation, ``float32`` or ``bfloat16``; the weights stay in float32.

    Raises:
        BadRequest: The layer cannot be reached from an image.
        Refused: Its weights cannot be read.
    """
    return Network(model, plan(model.spec, layer), pre_activation, dtype)
