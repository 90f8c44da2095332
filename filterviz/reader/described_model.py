"""What the description of a model says before its graph is built: its input, its precision, how it counts calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers import KINDS
from filterviz.layers.kind import AxisOrder
from filterviz.layers.passing import INPUT
from filterviz.reader.config import Model

LESS_THAN_FLOAT32 = ("float16", "bfloat16")


def reduced_precision(config: Mapping[str, Any]) -> str | None:
    """Return what a layer computes in, where that is less than float32."""
    policy = config.get("dtype")
    settings = policy.get("config") if isinstance(policy, Mapping) else None
    name = settings.get("source_name", settings.get("name")) if isinstance(settings, Mapping) else policy
    name = name.rpartition("_from_")[2].removeprefix("mixed_") if isinstance(name, str) else None
    return name if name in LESS_THAN_FLOAT32 else None


def call_offsets(model: Model) -> dict[str, int]:
    """Return how much too high the file counts the calls of layers.

    Keras 2 counted the making of a nested model as its first call.
    """
    highest: dict[str, int] = {}
    references = [] if model.keras_3 else [*model.inputs, *model.outputs]
    references += [reference for layer in model.layers for call in layer.calls for reference in call.inputs]
    for reference in references:
        highest[reference.layer] = max(highest.get(reference.layer, 0), reference.call)
    calls = {layer.name: max(1, len(layer.calls)) for layer in model.layers}
    return {name: max(0, highest.get(name, 0) - count + 1) for name, count in calls.items()}


def channels_come_first(model: Model) -> bool:
    """Return whether images come channels first: what the first layer that looks at one says."""
    for layer in model.walk():
        kind = KINDS.get(layer.class_name)
        looks_at_images = kind is not None and kind.axis_order is AxisOrder.CHANNELS
        if looks_at_images and isinstance(layer.config.get("data_format"), str):
            return bool(layer.config["data_format"] == "channels_first")
    return False


def first_shape(model: Model) -> Any:
    """Return the input shape of a chain without an input layer: that of its first layer, wherever it is written."""
    for layer in model.layers[:1]:
        for config in (layer.config, layer.wrapped.config if layer.wrapped is not None else {}):
            shape = config.get("batch_input_shape") or config.get("batch_shape")
            if shape:
                return shape
        if layer.model is not None:
            inner = layer.model.layers[0] if layer.model.layers else None
            if inner is not None and inner.class_name == INPUT:
                return inner.config.get("batch_input_shape") or inner.config.get("batch_shape")
            return first_shape(layer.model)
        kind = KINDS.get(layer.class_name)
        if kind is not None and kind.input_shape is not None and (shape := kind.input_shape(layer.config)) is not None:
            return shape
    return model.input_shape
