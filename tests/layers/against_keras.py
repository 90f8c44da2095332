"""Holds what a kind says of shapes and arrays against the layer of Keras itself."""

from __future__ import annotations

import json
from typing import Any

import keras

from filterviz.layers import KINDS, LayerKind, modernise
from filterviz.layers.config_values import ConfigValues
from filterviz.layers.kind import Params, nothing_is_ignored

ROLES = {
    "alpha": "alpha",
    "backward_layer": "backward_layer",
    "beta": "beta",
    "bias": "bias",
    "count": "count",
    "depthwise_kernel": "depthwise",
    "embeddings": "embeddings",
    "gamma": "gamma",
    "kernel": "kernel",
    "mean": "mean",
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
    "pointwise_kernel": "pointwise",
    "recurrent_kernel": "recurrent",
    "scale": "gamma",
    "variance": "variance",
}
"""Name of a variable in Keras -> what filterviz calls its role."""


def read(layer: keras.layers.Layer, **changes: Any) -> tuple[LayerKind, Params]:
    """Read a layer of Keras as the reader does."""
    config = {**json.loads(json.dumps(layer.get_config())), **changes}
    name, config = modernise(type(layer).__name__, config, keras_3=True)
    values = ConfigValues("layer", config)
    kind = KINDS[name]
    params = kind.read(values)
    nothing_is_ignored(kind, values)
    return kind, params


def agrees(layer: keras.layers.Layer, *shapes: tuple[int | None, ...]) -> None:
    """Check shape, arrays and their roles of one layer."""
    kind, params = read(layer)
    given = shapes[0] if len(shapes) == 1 else list(shapes)
    layer.build(given)
    expected = tuple(layer.compute_output_shape(given))
    assert kind.shape(params, shapes)[1:] == expected[1:], (kind.name, params)
    variables = [one for one in layer.weights if "seed" not in one.path]
    assert kind.weights(params, shapes) == tuple(tuple(one.shape) for one in variables), (kind.name, params)
    # Keras calls the kernel of a depthwise convolution "kernel" and its initialiser "depthwise_initializer".
    roles = {**ROLES, "kernel": "depthwise"} if kind.name.startswith("Depthwise") else ROLES
    assert kind.roles(params) == tuple(roles[one.name] for one in variables), (kind.name, params)
