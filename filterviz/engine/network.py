"""The network, rebuilt: each layer made by calling its constructor, its arrays assigned, the graph followed by hand.

Nothing is deserialised. The kinds in :data:`CONSTRUCTORS` are the only classes of Keras that are ever instantiated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.layer_functions import (
    Operation,
    batch_moments,
    both_directions,
    hard_sigmoid_2,
    instead_of_layer,
    normalise,
    rounded,
)
from filterviz.engine.subnetwork import Plan, inputs_of, needed, plan
from filterviz.errors import BadRequest
from filterviz.reader import OpenedModel
from filterviz.reader.axes import channels_first, channels_last, turned
from filterviz.reader.graph import FOLD, START, UNFOLD
from filterviz.reader.layers import IDENTITY, mixes_channels
from filterviz.reader.legacy import OWN_HARD_SIGMOID
from filterviz.reader.quantised import ROUNDING
from filterviz.spec import LayerSpec, NodeSpec

CONSTRUCTORS: Mapping[str, Callable[..., keras.layers.Layer]] = {
    constructor.__name__: constructor
    for constructor in (
        *(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D),
        *(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D),
        *(keras.layers.SeparableConv1D, keras.layers.SeparableConv2D),
        *(keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose),
        *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D),
        *(keras.layers.AveragePooling1D, keras.layers.AveragePooling2D, keras.layers.AveragePooling3D),
        *(keras.layers.GlobalMaxPooling1D, keras.layers.GlobalMaxPooling2D, keras.layers.GlobalMaxPooling3D),
        *(keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D),
        keras.layers.GlobalAveragePooling3D,
        *(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D),
        *(keras.layers.Cropping1D, keras.layers.Cropping2D, keras.layers.Cropping3D),
        *(keras.layers.UpSampling1D, keras.layers.UpSampling2D, keras.layers.UpSampling3D),
        *(keras.layers.AdaptiveAveragePooling1D, keras.layers.AdaptiveAveragePooling2D),
        *(keras.layers.AdaptiveAveragePooling3D, keras.layers.AdaptiveMaxPooling1D),
        *(keras.layers.AdaptiveMaxPooling2D, keras.layers.AdaptiveMaxPooling3D),
        *(keras.layers.Resizing, keras.layers.CenterCrop, keras.layers.Rescaling, keras.layers.Masking),
        *(keras.layers.RMSNormalization, keras.layers.UnitNormalization),
        *(keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.GroupNormalization),
        *(keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU, keras.layers.PReLU),
        *(keras.layers.Softmax, keras.layers.Flatten, keras.layers.Reshape, keras.layers.Permute),
        *(keras.layers.RepeatVector, keras.layers.Dense, keras.layers.Embedding),
        *(keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM, keras.layers.ConvLSTM2D),
        *(keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply, keras.layers.Average),
        *(keras.layers.Maximum, keras.layers.Minimum, keras.layers.Concatenate),
    )
} | {"InstanceNormalization": keras.layers.GroupNormalization}
"""Kind -> what is called to make one."""

PASSING = (IDENTITY, START)
ONLY_ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax")


class Network:
    """The part of a network between a picture and one layer. Called, it computes the layer's output.

    Attributes:
        input_channels: of the picture.
        input_size: height and width the network needs; ``None`` where other sizes can be used.
        not_finite: channels of the layer that its own or earlier weights make NaN or infinite.
    """

    def __init__(self, model: OpenedModel, part: Plan, pre_activation: bool, dtype: str) -> None:
        self._plan = part
        self._dtype = "bfloat16" if dtype == "bfloat16" else "float32"
        self._policy = "mixed_bfloat16" if dtype == "bfloat16" else "float32"
        height, width, channels = part.picture[1:]
        self.input_channels: int = channels or 1
        self.input_size: tuple[int, int] | None = None
        if not part.free or part.next_size(1) is None:
            if height is None or width is None:
                message = f"The file leaves open how large a picture the layer {part.target.name!r} needs."
                raise BadRequest(message)
            self.input_size = (height, width)
        built = _Builder(model, self._policy)
        last = part.nodes[-1]
        late = part.rectified_late
        self._operations = {
            node: built.operation(part.layer(node), node in late.values() or (pre_activation and node == last))
            for node in part.computed
        }
        for node in late:
            if not (pre_activation and node == last):
                self._operations[node] = _rectified(self._operations[node])
        self.not_finite = _not_finite(built.broken, part.target)
        self._can_be_sliced = _can_be_sliced(part.target, pre_activation)

    @property
    def minimum_size(self) -> int:
        """The smallest side of a square picture that leaves the layer an output."""
        return self._plan.next_size(1) or 1

    def next_size(self, size: int) -> int | None:
        """The smallest side from ``size`` on that the network can take."""
        return self._plan.next_size(size)

    def activation_bytes(self, size: tuple[int, int]) -> int:
        """Memory that all outputs on the way take for one picture of that height and width."""
        return self._plan.activation_bytes(*size)

    def __call__(self, pictures: tf.Tensor, channels: tf.Tensor | None = None) -> tf.Tensor:
        """The layer's output.

        Args:
            pictures: float ``[n, height, width, input_channels]``, in the network's own units.
            channels: int32 ``[k]``: only these are wanted, and where possible only these are computed.

        Returns:
            ``[n, height, width, channels or k]``, or ``[n, units or k]`` for a Dense layer.
        """
        return self._last(self._before(pictures), channels)

    def with_features(self, pictures: tf.Tensor, channels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The layer's output, and what a picture's texture can be read from.

        Args:
            pictures: see :meth:`__call__`.
            channels: see :meth:`__call__`.

        Returns:
            The output, as :meth:`__call__` gives it, and features ``[n, ..., c]``: all channels of the layer that are
            finite or, where it has no places (Dense), the last output before it that has.
        """
        made = self._before(pictures)
        output = self._last(made, channels)
        if self._plan.features != self._plan.nodes[-1]:
            return output, made[self._plan.features]
        finite = sorted(set(range(self._plan.target.channels or 0)) - self.not_finite)
        return output, self._last(made, tf.constant(finite, tf.int32))

    def features_bytes(self, size: tuple[int, int]) -> int:
        """Memory that the products of all pairs of :meth:`with_features`'s channels take for one picture."""
        return 4 * (self._plan.shapes(*size)[self._plan.features][-1] or 1) ** 2

    def _before(self, pictures: tf.Tensor) -> dict[int, tf.Tensor]:
        """The outputs of all nodes but the last."""
        spec = self._plan.spec
        made: dict[int, tf.Tensor] = {self._plan.source: tf.cast(pictures, self._dtype)}
        for node in self._plan.others:
            sides = [1 if side is None else side for side in (spec.nodes[node].output_shape or ())[1:]]
            made[node] = tf.zeros([tf.shape(pictures)[0], *sides], self._dtype)
        for node in self._plan.nodes[:-1]:
            if node not in made:
                made[node] = _apply(self._operations[node], self._plan.inputs(node), made)
        return made

    def _last(self, made: Mapping[int, tf.Tensor], channels: tf.Tensor | None) -> tf.Tensor:
        last = self._plan.nodes[-1]
        operation, inputs = self._operations[last], self._plan.inputs(last)
        if channels is None:
            return _apply(operation, inputs, made)
        if isinstance(operation, Sliceable) and self._can_be_sliced:
            return _apply(operation.only(channels), inputs, made)
        return tf.gather(_apply(operation, inputs, made), channels, axis=-1)


class Sliceable:
    """A convolution or Dense layer of which single channels can be computed."""

    def __init__(self, spec: LayerSpec, layer: keras.layers.Layer) -> None:
        self._spec = spec
        self._layer = layer
        self._prepared = rounded(spec.params[ROUNDING]) if ROUNDING in spec.params else _pass

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """All channels."""
        return self._layer(self._prepared(inputs))

    def only(self, channels: tf.Tensor) -> Operation:
        """The operation that computes these channels alone."""

        def apply(inputs: tf.Tensor) -> tf.Tensor:
            inputs = self._prepared(inputs)
            kernel = tf.cast(tf.gather(self._layer.kernel, channels, axis=-1), inputs.dtype)
            if self._spec.rebuilt_as == "Dense":
                output = tf.tensordot(inputs, kernel, 1)
            else:
                params = self._spec.params
                output = tf.nn.conv2d(
                    inputs, kernel, params["strides"], params["padding"].upper(), dilations=params["dilation_rate"]
                )
            if self._layer.bias is not None:
                output += tf.cast(tf.gather(self._layer.bias, channels), inputs.dtype)
            return self._layer.activation(output)

        return apply


class _Builder:
    """Makes each layer once, however often it is called.

    Args:
        model: an open file.
        policy: Keras's name for the precision.
        whole: whether sequences of frames go through it, and not single pictures.
    """

    def __init__(self, model: OpenedModel, policy: str, *, whole: bool = False) -> None:
        self._model = model
        self._policy = policy
        self._whole = whole
        self._made: dict[tuple[str, bool], Operation] = {}
        self.broken: dict[str, NDArray[np.bool_]] = {}

    def operation(self, spec: LayerSpec, pre_activation: bool) -> Operation:
        key = (spec.name, pre_activation)
        if key not in self._made:
            self._made[key] = self._operation(spec, pre_activation)
        return self._made[key]

    def _operation(self, spec: LayerSpec, pre_activation: bool) -> Operation:
        kind, params = spec.rebuilt_as, dict(spec.params)
        if kind in PASSING or (pre_activation and kind in ONLY_ACTIVATIONS):
            return _pass
        if kind == FOLD:
            return _fold if self._whole else _pass
        if kind == UNFOLD:
            return _unfold
        if (function := instead_of_layer(kind, params)) is not None:
            return function
        arrays = self._model.weights(spec)
        self._look_for_broken(spec, arrays)
        if kind == "LayerScale":
            return lambda inputs: inputs * tf.constant(arrays[0], inputs.dtype)
        if kind == "Normalization":
            given = [params[key] for key in ("mean", "variance") if key in params]
            return normalise(given or arrays, params["axis"], invert=bool(params["invert"]))
        if pre_activation and "activation" in params:
            params["activation"] = "linear"
        own = params.pop("batch_moments", False)
        activation_arrays = arrays[len(arrays) - _arrays_of_activation(spec) :]
        arrays = arrays[: len(arrays) - len(activation_arrays)]
        for key in ("activation", "recurrent_activation"):
            if key in params:
                params[key] = self._activation(params[key], spec, activation_arrays)
        if kind == "Bidirectional":
            return self._both_directions(spec, params, arrays)
        params.pop(ROUNDING, None)
        layer = CONSTRUCTORS[kind](**params, dtype=self._policy)
        if arrays:
            self._assign(layer, spec, arrays)
        if own:
            return batch_moments(layer, params["axis"], whole=self._whole)
        return Sliceable(spec, layer) if kind in ("Conv2D", "Dense") else _inference(layer)

    def _activation(self, stated: Any, spec: LayerSpec, arrays: Sequence[NDArray[np.float32]]) -> Any:
        """An activation as Keras's constructors take it: a name, a function, or a layer."""
        if stated == OWN_HARD_SIGMOID:
            return hard_sigmoid_2
        if isinstance(stated, str):
            return stated
        layer = CONSTRUCTORS[stated["kind"]](**stated["params"], dtype=self._policy)
        if arrays:
            layer.build(spec.output_shape)
            for variable, array in zip(layer.weights, arrays, strict=True):
                variable.assign(array)
        return layer

    def _both_directions(
        self, spec: LayerSpec, params: dict[str, Any], arrays: Sequence[NDArray[np.float32]]
    ) -> Operation:
        own = {key: value for key, value in params.items() if key not in ("cell", "merge_mode", "go_backwards")}
        half = len(arrays) // 2
        forward, backward = (
            CONSTRUCTORS[params["cell"]](**own, go_backwards=backwards, dtype=self._policy)
            for backwards in (False, True)
        )
        self._assign(forward, spec, arrays[:half])
        self._assign(backward, spec, arrays[half:])
        return both_directions(forward, backward, params)

    def _assign(self, layer: keras.layers.Layer, spec: LayerSpec, arrays: Sequence[NDArray[np.float32]]) -> None:
        node = next(node for node in self._model.spec.nodes if self._model.spec.layers[node.layer].name == spec.name)
        shapes = [turned(self._model.spec.nodes[source].output_shape or (), turn) for source, turn in inputs_of(node)]
        layer.build(shapes[0] if len(shapes) == 1 else shapes)
        # A layer that stands in place of an activation's name has its own arrays already.
        others = {id(variable) for variable in getattr(getattr(layer, "activation", None), "weights", ())}
        variables = [one for one in layer.weights if "seed" not in one.path and id(one) not in others]
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def _look_for_broken(self, spec: LayerSpec, arrays: Sequence[NDArray[np.float32]]) -> None:
        for array in arrays:
            if not np.isfinite(array).all():
                bad = ~np.isfinite(array)
                here: NDArray[np.bool_] = np.atleast_1d(bad.any(axis=tuple(range(bad.ndim - 1))))
                known = self.broken.get(spec.name)
                self.broken[spec.name] = here if known is None or known.shape != here.shape else known | here


def _not_finite(broken: Mapping[str, NDArray[np.bool_]], target: LayerSpec) -> frozenset[int]:
    """The channels that broken weights reach: those of its own, or all where an earlier layer has some."""
    if set(broken) - {target.name}:
        return frozenset(range(target.channels or 0))
    own = broken.get(target.name)
    if own is None:
        return frozenset()
    if len(own) != target.channels:
        return frozenset(range(target.channels or 0))
    return frozenset(int(channel) for channel in np.flatnonzero(own))


def _arrays_of_activation(spec: LayerSpec) -> int:
    """How many of a layer's arrays belong to the layer that stands in place of its activation's name."""
    stated = spec.params.get("activation")
    return 1 if isinstance(stated, Mapping) and stated["kind"] == "PReLU" else 0


def _can_be_sliced(target: LayerSpec, pre_activation: bool) -> bool:
    if target.rebuilt_as not in ("Conv2D", "Dense") or target.params.get("groups", 1) != 1:
        return False
    # These mix the channels, so all of them are needed.
    return pre_activation or not mixes_channels(target.params["activation"])


def _apply(
    operation: Operation, sources: Sequence[tuple[int, tuple[int, ...] | None]], made: Mapping[int, tf.Tensor]
) -> tf.Tensor:
    inputs = [made[source] if turn is None else tf.transpose(made[source], turn) for source, turn in sources]
    return operation(inputs[0] if len(inputs) == 1 else inputs)


def _pass(inputs: tf.Tensor) -> tf.Tensor:
    return inputs


def _rectified(operation: Operation) -> Operation:
    return lambda inputs: tf.nn.relu(operation(inputs))


def _fold(inputs: tf.Tensor) -> tf.Tensor:
    """Frames ``[n, time, ...]`` as pictures ``[n * time, ...]``."""
    return tf.reshape(inputs, tf.concat([[-1], tf.shape(inputs)[2:]], 0))


def _unfold(inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Pictures ``[n * time, ...]`` as the frames ``[n, time, ...]`` they were."""
    pictures, frames = inputs
    unfolded = tf.reshape(pictures, tf.concat([tf.shape(frames)[:2], tf.shape(pictures)[1:]], 0))
    unfolded.set_shape([*frames.shape[:2], *pictures.shape[1:]])
    return unfolded


def _inference(layer: keras.layers.Layer) -> Operation:
    if isinstance(layer, keras.layers.BatchNormalization):
        return lambda inputs: layer(inputs, training=False)
    return lambda inputs: layer(inputs)


def build(model: OpenedModel, layer: str, *, pre_activation: bool = False, dtype: str = "float32") -> Network:
    """Rebuild what lies between a picture and a layer.

    Args:
        model: an open file.
        layer: the name of a visualisable layer.
        pre_activation: leave the layer's own activation out.
        dtype: of the computation, ``float32`` or ``bfloat16``; the weights stay in float32.

    Raises:
        BadRequest: the layer cannot be reached from a picture.
        Refused: its weights cannot be read.
    """
    return Network(model, plan(model.spec, layer), pre_activation, dtype)


class Whole:
    """The whole network, from its inputs to those of its outputs that can be computed. Called, it computes them.

    Every layer is made, and has its weights, before the first call: one that was made within ``tf.function`` would be
    made while the function is traced, and compute with fresh weights.

    Attributes:
        activation_bytes: the most memory that the outputs of layers took at the same time in the last call, where it
            was not within ``tf.function``.
    """

    def __init__(self, model: OpenedModel) -> None:
        self._spec = spec = model.spec
        self._nodes = needed(spec)
        self._last_use = {source: node for node in self._nodes for source in spec.nodes[node].inputs}
        self.activation_bytes = 0
        builder = _Builder(model, "float32", whole=True)
        self._operations = {
            node: builder.operation(spec.layers[spec.nodes[node].layer], pre_activation=False)
            for node in self._nodes
            if node not in spec.inputs
        }

    def __call__(self, inputs: Sequence[Any]) -> list[tf.Tensor]:
        """The outputs, in the file's own order and layout.

        Args:
            inputs: numbers, one array for each input, batch first, in the file's own order and layout.
        """
        spec = self._spec
        made: dict[int, tf.Tensor] = {}
        for node, value in zip(spec.inputs, inputs, strict=True):
            made[node] = _turned(tf.cast(value, tf.float32), spec.nodes[node], channels_last)
        held = self.activation_bytes = sum(map(_bytes, made.values()))
        for node in self._nodes:
            if node not in made:
                made[node] = _apply(self._operations[node], inputs_of(spec.nodes[node]), made)
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
    """Rebuild the whole network, as far as its outputs can be computed.

    Raises:
        Refused: its weights cannot be read.
    """
    return Whole(model)
