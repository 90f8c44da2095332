"""What a layer is rebuilt as: the kind and the parameters that its settings come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from filterviz.layers import KINDS, LAYERS
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.kind import COMMON, LayerKind, Params, nothing_is_ignored
from filterviz.layers.older_names import Config
from filterviz.layers.passing import CODE, IDENTITY, NOTHING_AT_INFERENCE
from filterviz.layers.recurrent import BIDIRECTIONAL
from filterviz.reader import foreign, quantised, wrappers
from filterviz.reader.config import Call, Layer, Slot
from filterviz.reader.packed import Packing


def settled(layer: Layer, archive: bool) -> tuple[Layer, Packing | None]:
    """Return a layer as it is computed, and how its arrays are packed.

    In place of a wrapper that only changes weights that is the layer inside.

    Raises:
        Unsupported: It cannot be rebuilt.
    """
    outside = wrappers.packing(layer)
    if outside is None or layer.wrapped is None:
        return layer, quantised.packing(layer.class_name, layer.config, archive)
    inner = layer.wrapped
    if wrappers.not_followed_inside(inner.class_name):
        raise Unsupported(f"it stands around a layer of the type {inner.class_name!r}, where its rule is not known.")
    if quantised.packing(inner.class_name, inner.config, archive) is not None or inner.wrapped is not None:
        raise Unsupported("what is inside is changed twice.")
    return replace(inner, name=layer.name, calls=layer.calls), outside


def read(name: str, layer: Layer, call: Call, count: int) -> tuple[str, Params]:
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


def _both_ways(layer: Layer) -> Config:
    """Return the settings of the layer inside a Bidirectional, with those of the wrapper."""
    forward, backward = (_inner_settings(layer, key) for key in ("layer", "backward_layer"))
    unknown = [key for key in layer.config if key not in COMMON | {"layer", "backward_layer", "merge_mode", "dtype"}]
    if unknown:
        raise ConfigValues(layer.name, layer.config).decline(unknown[0])
    shared = ("units", "activation", "recurrent_activation", "use_bias", "return_sequences", "reset_after")
    if layer.wrapped is None or (backward and any(forward.get(key) != backward.get(key) for key in shared)):
        raise Unsupported("Its two directions are layers of different kinds.")
    return {**layer.wrapped.config, "cell": layer.wrapped.class_name, "merge_mode": layer.config.get("merge_mode")}


def _inner_settings(layer: Layer, key: str) -> Mapping[str, Any]:
    described = layer.config.get(key)
    settings = described.get("config") if isinstance(described, Mapping) else None
    return settings if isinstance(settings, Mapping) else {}


def _called_on_tensors(kind: LayerKind, call: Call, count: int) -> None:
    """Make sure that a layer is called on tensors, and on nothing else that would change what it computes.

    Raises:
        Unsupported: It is called in another way.
    """
    known = ("name", "training")
    settings = {key: item for key, item in call.settings.items() if item is not None and key not in known}
    if any(not isinstance(item, Slot) for item in settings.values()):
        setting = ConfigValues(kind.name, settings).shown(next(iter(settings)))
        raise Unsupported(f"it is called with {setting}, which is not known here.")
    if any(not _only_tensors(argument) for argument in call.arguments):
        raise Unsupported("it is called with numbers beside its input.")
    if count > 1 and not kind.several:
        raise Unsupported(f"it is called on {count} inputs, and is known with one alone.")


def _only_tensors(argument: Any) -> bool:
    if isinstance(argument, list):
        return all(map(_only_tensors, argument))
    return argument is None or isinstance(argument, Slot)


def activation_layer(activation: Any) -> str:
    """Return the name of a layer that stands in place of an activation's name."""
    config = activation.get("config") if isinstance(activation, Mapping) else None
    name = config.get("name") if isinstance(config, Mapping) else None
    return name if isinstance(name, str) else ""
