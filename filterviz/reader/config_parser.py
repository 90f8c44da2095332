"""Parses the description of the architecture into a :class:`~filterviz.reader.config.Model`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import modernise
from filterviz.layers.older_names import KERAS, class_of
from filterviz.layers.passing import TIME_DISTRIBUTED
from filterviz.layers.recurrent import BIDIRECTIONAL
from filterviz.reader.config import FUNCTIONAL, SEQUENTIAL, Layer, Model, bad
from filterviz.reader.config_calls import call_of, references

OLDER_FUNCTIONAL = "Model"
"""The class of a Functional model in files of Keras 1 and 2."""

WRAPPERS = frozenset(
    {
        *(TIME_DISTRIBUTED, BIDIRECTIONAL, "SpectralNormalization", "WeightNormalization", "PruneLowMagnitude"),
        *("ClusterWeights", "QuantizeWrapper", "QuantizeWrapperV2", "QuantizeAnnotate"),
    }
)
"""Classes with a layer inside, as files name them."""


def parse(text: str, *, max_layers: int, max_depth: int, keras_3: bool = True, only_layers: bool = False) -> Model:
    """Return the model that a JSON text describes.

    Args:
        text: JSON text from the file.
        max_layers: The most layers that are accepted.
        max_depth: How deeply models may be nested.
        keras_3: Whether Keras 3 wrote it; some words meant something else before.
        only_layers: Whether everything in it is a layer, though it leaves out what tells layers from operations.

    Raises:
        Refused: It describes no model (``bad-config``), or one that is too large or nested too deeply.
    """
    try:
        return _Parser(max_layers, max_depth, keras_3, only_layers).model(json.loads(text), 0)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise bad("it is not valid JSON") from None


def _own_class(class_name: str) -> Refused:
    message = f"This file holds a network of its own class ({class_name[:60]!r}) and does not list its layers."
    hint = "Build the same network as a keras.Sequential or functional model, load its weights and save that."
    return Refused(RefusalCode.CODE_IN_FILE, message, "config", hint)


def _too_deep() -> Refused:
    message = "The network in this file is nested far deeper than any real one."
    return Refused(RefusalCode.TOO_DEEP, message, "", "Save the part you want to see as a model of its own.")


class _Parser:
    """Turns parsed JSON into a :class:`~filterviz.reader.config.Model`, counting layers as it goes."""

    def __init__(self, max_layers: int, max_depth: int, keras_3: bool, only_layers: bool) -> None:
        self._left = max_layers
        self._max_depth = max_depth
        self._keras_3 = keras_3
        self._only_layers = only_layers

    def model(self, data: Any, depth: int) -> Model:
        """Return a model.

        Args:
            data: The model as the file describes it.
            depth: How many models it stands inside.

        Raises:
            Refused: It cannot be understood, or is too large.
        """
        if depth > self._max_depth:
            raise _too_deep()
        if not isinstance(data, dict):
            raise bad("it is no model")
        class_name, config = data.get("class_name"), data.get("config")
        layers = config if isinstance(config, list) else config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, list):
            if isinstance(class_name, str) and isinstance(config, dict):
                raise _own_class(class_name)
            raise bad("it lists no layers")
        settings = config if isinstance(config, dict) else {}
        sequential = class_name == SEQUENTIAL or "input_layers" not in settings
        return Model(
            name=_text(settings.get("name"), "model"),
            sequential=sequential,
            layers=tuple(self.layer(item, depth) for item in layers),
            inputs=() if sequential else tuple(references(settings.get("input_layers"))),
            outputs=() if sequential else tuple(references(settings.get("output_layers"))),
            input_shape=settings.get("build_input_shape") or settings.get("batch_input_shape"),
            keras_3=self._keras_3,
        )

    def layer(self, data: Any, depth: int) -> Layer:
        """Return a layer with the model or the layer inside it; for arguments see :meth:`model`."""
        self._left -= 1
        if self._left < 0:
            message = "The network in this file has far more layers than any real one."
            raise Refused(RefusalCode.TOO_LARGE, message, "", "Save the part you want to see as a model of its own.")
        if not isinstance(data, dict) or not isinstance(data.get("class_name"), str):
            raise bad("one of its layers has no class")
        class_name, config = data["class_name"], data.get("config")
        inbound = data.get("inbound_nodes")
        calls = tuple(call_of(node, self._keras_3) for node in inbound) if isinstance(inbound, list) else ()
        stored, shared = _stored_class(class_name), _shared(data)
        if class_name in (SEQUENTIAL, FUNCTIONAL, OLDER_FUNCTIONAL) or (
            isinstance(config, dict) and "layers" in config and "input_layers" in config
        ):
            model = self.model(data, depth + 1)
            name = _text(data.get("name"), model.name)
            kind = SEQUENTIAL if model.sequential else FUNCTIONAL
            return Layer(name, kind, {}, calls, model=model, stored_class=stored, shared=shared)
        if not isinstance(config, dict):
            raise bad("one of its layers has no settings")
        package = _package(data)
        class_name, config = modernise(class_of(data), config, keras_3=self._keras_3)
        name = _text(data.get("name"), _text(config.get("name"), class_name.lower()))
        wrapped = None
        if stored in WRAPPERS and isinstance(config.get("layer"), dict):
            if depth + 1 > self._max_depth:
                raise _too_deep()
            wrapped = self.layer(config["layer"], depth + 1)
        return Layer(
            name,
            class_name,
            config,
            calls,
            wrapped=wrapped,
            module=_text(data.get("module"), ""),
            untrainable=self._keras_3 and not self._only_layers and "trainable" not in config,
            stored_class=stored,
            package=package,
            shared=shared,
        )


def _stored_class(class_name: str) -> str:
    """Return a class without its package, as archives name folders: ``Own>Layer`` becomes ``Layer``."""
    return FUNCTIONAL if class_name == OLDER_FUNCTIONAL else class_name.rsplit(">", 1)[-1]


def _package(data: Mapping[str, Any]) -> str:
    """Return the package of a class that is not Keras's own; empty where the file does not say so."""
    for name in (data.get("registered_name"), data["class_name"]):
        if isinstance(name, str) and ">" in name:
            package = name.split(">", 1)[0]
            return "" if package.lower() in KERAS else package[:64]
    module = data.get("module")
    package = module.split(".")[0] if isinstance(module, str) else ""
    return "" if package in KERAS else package[:64]


def _shared(data: Mapping[str, Any]) -> str | None:
    mark = data.get("shared_object_id")
    return str(mark) if isinstance(mark, int | str) and not isinstance(mark, bool) else None


def _text(value: Any, default: str) -> str:
    return value[:512] if isinstance(value, str) and value else default
