"""Makes the layers of a network: each is made by its constructor, and then its arrays are assigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine.constructors import CONSTRUCTORS, SLICED, function_of, inference
from filterviz.engine.function_tables import Operation
from filterviz.engine.layer_functions import batch_moments, both_directions, hard_sigmoid_2, normalise, rounded
from filterviz.layers import Trait, kind_of
from filterviz.layers.activations import activation_roles
from filterviz.layers.axes import turned
from filterviz.layers.older_names import OWN_HARD_SIGMOID
from filterviz.layers.passing import FOLD, IDENTITY, START, UNFOLD
from filterviz.reader import OpenedModel
from filterviz.reader.quantised import ROUNDING
from filterviz.spec import LayerSpec

Arrays = Sequence[NDArray[np.float32]]

PASSING = (IDENTITY, START)


class Sliceable:
    """A layer of which single channels can be computed.

    Args:
        spec: The layer.
        layer: The layer as Keras has it, with its arrays.
    """

    def __init__(self, spec: LayerSpec, layer: keras.layers.Layer) -> None:
        self._spec = spec
        self._layer = layer
        self._product = SLICED[spec.rebuilt_as]
        self._prepared = rounded(spec.params[ROUNDING]) if ROUNDING in spec.params else unchanged

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Compute all channels."""
        return self._layer(self._prepared(inputs))

    def only(self, channels: tf.Tensor) -> Operation:
        """Return the operation that computes these channels alone."""

        def apply(inputs: tf.Tensor) -> tf.Tensor:
            inputs = self._prepared(inputs)
            kernel = tf.cast(tf.gather(self._layer.kernel, channels, axis=-1), inputs.dtype)
            output = self._product(inputs, kernel, self._spec.params)
            if self._layer.bias is not None:
                output += tf.cast(tf.gather(self._layer.bias, channels), inputs.dtype)
            return self._layer.activation(output)

        return apply


class LayerBuilder:
    """Makes each layer of a network once, however often it is called.

    Args:
        model: An open file.
        policy: Keras's name for the precision.
        whole: Whether sequences of frames go through the network, and not single images.

    Attributes:
        broken: For layers with arrays that are not finite, which of their channels these reach.
    """

    def __init__(self, model: OpenedModel, policy: str, *, whole: bool = False) -> None:
        self._model = model
        self._policy = policy
        self._whole = whole
        self._made: dict[tuple[str, bool], Operation] = {}
        self.broken: dict[str, NDArray[np.bool_]] = {}

    def operation(self, spec: LayerSpec, pre_activation: bool) -> Operation:
        """Return what a layer computes.

        Args:
            spec: The layer.
            pre_activation: Whether to leave its own activation out.

        Raises:
            Refused: Its arrays cannot be read.
        """
        key = (spec.name, pre_activation)
        if key not in self._made:
            self._made[key] = self._make(spec, pre_activation)
        return self._made[key]

    def _make(self, spec: LayerSpec, pre_activation: bool) -> Operation:
        kind, params = spec.rebuilt_as, dict(spec.params)
        if kind in PASSING or (pre_activation and kind_of(kind, Trait.ACTIVATION)):
            return unchanged
        if kind == FOLD:
            return _fold if self._whole else unchanged
        if kind == UNFOLD:
            return _unfold
        if (function := function_of(kind, params)) is not None:
            return function
        arrays = self._model.weights(spec)
        self._look_for_broken(spec, arrays)
        if kind in BY_HAND:
            return BY_HAND[kind](self, spec, params, arrays)
        return self._layer(spec, params, arrays, pre_activation)

    def _layer(self, spec: LayerSpec, params: dict[str, Any], arrays: Arrays, pre_activation: bool) -> Operation:
        kind = spec.rebuilt_as
        if pre_activation and "activation" in params:
            params["activation"] = "linear"
        own_moments = params.pop("batch_moments", False)
        arrays = self._with_activations(params, spec, arrays)
        params.pop(ROUNDING, None)
        if kind_of(kind, Trait.TRANSPOSED):
            params, arrays = _without_dilation(params, arrays)
        layer = CONSTRUCTORS[kind](**params, dtype=self._policy)
        if arrays:
            self._assign(layer, spec, arrays)
        if own_moments:
            return batch_moments(layer, params["axis"], whole=self._whole)
        return Sliceable(spec, layer) if kind in SLICED else inference(layer)

    def _with_activations(self, params: dict[str, Any], spec: LayerSpec, arrays: Arrays) -> Arrays:
        """Put activations into parameters as Keras's constructors take them; return the arrays that are left."""
        own = len(arrays) - len(activation_roles(spec.params))
        for key in ("activation", "recurrent_activation"):
            if key in params:
                params[key] = self._activation(params[key], spec, arrays[own:])
        return arrays[:own]

    def _activation(self, stated: Any, spec: LayerSpec, arrays: Arrays) -> Any:
        """Return an activation as Keras's constructors take it: a name, a function, or a layer."""
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

    def _layer_scale(self, spec: LayerSpec, params: dict[str, Any], arrays: Arrays) -> Operation:  # noqa: ARG002
        return lambda inputs: inputs * tf.constant(arrays[0], inputs.dtype)

    def _normalization(self, spec: LayerSpec, params: dict[str, Any], arrays: Arrays) -> Operation:  # noqa: ARG002
        given = [params[key] for key in ("mean", "variance") if key in params]
        return normalise(given or arrays, params["axis"], invert=bool(params["invert"]))

    def _both_directions(self, spec: LayerSpec, params: dict[str, Any], arrays: Arrays) -> Operation:
        arrays = self._with_activations(params, spec, arrays)
        own = {key: value for key, value in params.items() if key not in ("cell", "merge_mode", "go_backwards")}
        half = len(arrays) // 2
        forward, backward = (
            CONSTRUCTORS[params["cell"]](**own, go_backwards=backwards, dtype=self._policy)
            for backwards in (False, True)
        )
        self._assign(forward, spec, arrays[:half])
        self._assign(backward, spec, arrays[half:])
        return both_directions(forward, backward, params)

    def _assign(self, layer: keras.layers.Layer, spec: LayerSpec, arrays: Arrays) -> None:
        nodes, layers = self._model.spec.nodes, self._model.spec.layers
        node = next(node for node in nodes if layers[node.layer].name == spec.name)
        shapes = [turned(nodes[source].output_shape or (), turn) for source, turn in node.turned_inputs]
        _begin_with_zeros(layer)
        layer.build(shapes[0] if len(shapes) == 1 else shapes)
        # A layer that stands in place of an activation's name has its own arrays already.
        others = {id(variable) for variable in getattr(getattr(layer, "activation", None), "weights", ())}
        variables = [one for one in layer.weights if "seed" not in one.path and id(one) not in others]
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def _look_for_broken(self, spec: LayerSpec, arrays: Arrays) -> None:
        for array in arrays:
            if not np.isfinite(array).all():
                bad = ~np.isfinite(array)
                here: NDArray[np.bool_] = np.atleast_1d(bad.any(axis=tuple(range(bad.ndim - 1))))
                known = self.broken.get(spec.name)
                self.broken[spec.name] = here if known is None or known.shape != here.shape else known | here


BY_HAND: Mapping[str, Callable[[LayerBuilder, LayerSpec, dict[str, Any], Arrays], Operation]] = {
    "LayerScale": LayerBuilder._layer_scale,
    "Normalization": LayerBuilder._normalization,
    "Bidirectional": LayerBuilder._both_directions,
}
"""Kind that neither one constructor nor one function makes from its parameters -> the method that makes it."""


def _begin_with_zeros(layer: keras.layers.Layer) -> None:
    """Have a layer that has not been built begin with zeros.

    Its arrays are assigned anyway, so random ones would be drawn for nothing.
    """
    for owner in filter(None, (layer, getattr(layer, "cell", None))):
        for name in [name for name in vars(owner) if name.endswith("_initializer")]:
            setattr(owner, name, keras.initializers.Zeros())


def not_finite(broken: Mapping[str, NDArray[np.bool_]], target: LayerSpec) -> frozenset[int]:
    """Return the channels that broken weights reach: those of the layer, or all where an earlier layer has some."""
    channels = target.channels or 0
    own = broken.get(target.name)
    if set(broken) - {target.name} or (own is not None and len(own) != channels):
        return frozenset(range(channels))
    return frozenset() if own is None else frozenset(int(channel) for channel in np.flatnonzero(own))


def _without_dilation(params: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Return a transposed convolution with zeros in its kernel in place of its dilation.

    Both compute the same, but processors without oneDNN have no dilated transposed convolution.
    """
    kernel, rates = arrays[0], params["dilation_rate"]
    spread = np.zeros(
        (*(rate * (side - 1) + 1 for side, rate in zip(kernel.shape, rates, strict=False)), *kernel.shape[-2:]),
        kernel.dtype,
    )
    spread[tuple(slice(None, None, rate) for rate in rates)] = kernel
    params = {**params, "kernel_size": spread.shape[:-2], "dilation_rate": (1,) * len(rates)}
    return params, [spread, *arrays[1:]]


def unchanged(inputs: tf.Tensor) -> tf.Tensor:
    """Return the inputs."""
    return inputs


def _fold(inputs: tf.Tensor) -> tf.Tensor:
    """Turn frames ``[n, time, ...]`` into images ``[n * time, ...]``."""
    return tf.reshape(inputs, tf.concat([[-1], tf.shape(inputs)[2:]], 0))


def _unfold(inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Turn images ``[n * time, ...]`` into the frames ``[n, time, ...]`` that they were."""
    images, frames = inputs
    unfolded = tf.reshape(images, tf.concat([tf.shape(frames)[:2], tf.shape(images)[1:]], 0))
    unfolded.set_shape([*frames.shape[:2], *images.shape[1:]])
    return unfolded
