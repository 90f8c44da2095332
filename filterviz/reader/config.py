"""The description of the architecture, as the different Keras versions wrote it, in one form.

Three things differ between versions: what a layer's arguments are called (:mod:`~filterviz.reader.legacy`), how a model
lists its layers, and how a layer says what it is called on. Here the last two become :class:`Model`, :class:`Layer` and
:class:`Call`; nothing is judged yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.legacy import Config, modernise

MODELS = frozenset({"Sequential", "Functional"})
WRAPPERS = frozenset({"TimeDistributed", "Bidirectional"})

CONSTANT = "_CONSTANT_VALUE"
"""What tf.keras writes in place of a layer's name where a number stands before the first tensor, as in ``1 - x``."""

SLICES = ("__slice__", "__ellipsis__")

SAVE_AGAIN = 'Save the model again with model.save("model.keras") and try that file.'


@dataclass(frozen=True, slots=True)
class Reference:
    """One output of one call of a layer: what another call takes."""

    layer: str
    call: int
    tensor: int = 0


Number = float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer.

    Attributes:
        inputs: what it is called on.
        constants: numbers and lists of numbers beside the inputs, for operations such as ``x / 255``.
        constant_first: whether a number stands before the first input, as in ``1 - x``.
        settings: further arguments, by name.
    """

    inputs: tuple[Reference, ...]
    constants: tuple[Number, ...] = ()
    constant_first: bool = False
    settings: Config = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a model, which may be a model itself.

    Attributes:
        name: in its model.
        class_name: in the words of Keras 2 and later.
        config: likewise.
        calls: in a Functional model; a Sequential one calls each layer on the one before.
        model: what is inside, if it is a model.
        wrapped: what is inside, if it is a wrapper such as TimeDistributed.
    """

    name: str
    class_name: str
    config: Config
    calls: tuple[Call, ...] = ()
    model: Model | None = None
    wrapped: Layer | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A Sequential or Functional model.

    Attributes:
        name: what the file calls it.
        sequential: whether it is a chain.
        layers: in the order of the file.
        inputs: of a Functional model.
        outputs: of a Functional model.
        input_shape: where the model states it apart from its layers, as the file writes it.
    """

    name: str
    sequential: bool
    layers: tuple[Layer, ...]
    inputs: tuple[Reference, ...] = ()
    outputs: tuple[Reference, ...] = ()
    input_shape: Any = None

    def walk(self) -> Iterator[Layer]:
        """All layers, those of nested models in their place."""
        for layer in self.layers:
            yield layer
            if layer.model is not None:
                yield from layer.model.walk()
            elif layer.wrapped is not None:
                yield layer.wrapped
                if layer.wrapped.model is not None:
                    yield from layer.wrapped.model.walk()


def bad(what: str, where: str = "") -> Refused:
    """The refusal of a description that cannot be understood."""
    return Refused(
        RefusalCode.BAD_CONFIG, f"The description of the network cannot be understood: {what}.", where, SAVE_AGAIN
    )


def parse(text: str, *, max_layers: int, max_depth: int, keras_3: bool = True) -> Model:
    """The model that a JSON text describes.

    Args:
        text: of the file.
        max_layers: refused if there are more.
        max_depth: refused if models are nested more deeply.
        keras_3: whether Keras 3 wrote it; some words meant something else before.

    Raises:
        Refused: it describes none (``bad-config``), or one too large or nested too deeply.
    """
    try:
        return Parser(max_layers, max_depth, keras_3).model(json.loads(text), 0)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise bad("it is not valid JSON") from None


def _too_deep() -> Refused:
    message = "The network in this file is nested far deeper than any real one."
    return Refused(RefusalCode.TOO_DEEP, message, "", "Save the part you want to see as a model of its own.")


class Parser:
    """Turns parsed JSON into a :class:`Model`, counting layers as it goes."""

    def __init__(self, max_layers: int, max_depth: int, keras_3: bool) -> None:
        self._left = max_layers
        self._max_depth = max_depth
        self._keras_3 = keras_3

    def model(self, data: Any, depth: int) -> Model:
        """A model, at some depth of nesting."""
        if depth > self._max_depth:
            raise _too_deep()
        if not isinstance(data, dict):
            raise bad("it is no model")
        class_name, config = data.get("class_name"), data.get("config")
        layers = config if isinstance(config, list) else config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, list):
            if isinstance(class_name, str) and isinstance(config, dict):
                message = (
                    f"This file holds a network of its own class ({class_name[:60]!r}) and does not list its layers."
                )
                raise Refused(
                    RefusalCode.CODE_IN_FILE,
                    message,
                    "config",
                    "Build the same network as a keras.Sequential or functional model, load its weights and save that.",
                )
            raise bad("it lists no layers")
        settings = config if isinstance(config, dict) else {}
        sequential = class_name == "Sequential" or "input_layers" not in settings
        return Model(
            name=_text(settings.get("name"), "model"),
            sequential=sequential,
            layers=tuple(self.layer(item, depth) for item in layers),
            inputs=() if sequential else tuple(_references(settings.get("input_layers"))),
            outputs=() if sequential else tuple(_references(settings.get("output_layers"))),
            input_shape=settings.get("build_input_shape") or settings.get("batch_input_shape"),
        )

    def layer(self, data: Any, depth: int) -> Layer:
        """A layer, with what is inside it."""
        self._left -= 1
        if self._left < 0:
            message = "The network in this file has far more layers than any real one."
            raise Refused(RefusalCode.TOO_LARGE, message, "", "Save the part you want to see as a model of its own.")
        if not isinstance(data, dict) or not isinstance(data.get("class_name"), str):
            raise bad("one of its layers has no class")
        class_name, config = data["class_name"], data.get("config")
        inbound = data.get("inbound_nodes")
        calls = tuple(_call(node) for node in inbound) if isinstance(inbound, list) else ()
        if class_name in ("Sequential", "Functional", "Model") or (
            isinstance(config, dict) and "layers" in config and "input_layers" in config
        ):
            model = self.model(data, depth + 1)
            name = _text(data.get("name"), model.name)
            return Layer(name, "Sequential" if model.sequential else "Functional", {}, calls, model=model)
        if not isinstance(config, dict):
            raise bad("one of its layers has no settings")
        class_name, config = modernise(class_name, config, self._keras_3)
        name = _text(data.get("name"), _text(config.get("name"), class_name.lower()))
        wrapped = None
        if class_name in WRAPPERS and isinstance(config.get("layer"), dict):
            if depth + 1 > self._max_depth:
                raise _too_deep()
            wrapped = self.layer(config["layer"], depth + 1)
        return Layer(name, class_name, config, calls, wrapped=wrapped)


def _text(value: Any, default: str) -> str:
    return value[:512] if isinstance(value, str) and value else default


def _references(data: Any) -> Iterator[Reference]:
    """References in any of the forms: ``["a", 0, 0]``, a list of those, or a dictionary of them.

    Keras takes those of a dictionary in the order of the keys, whatever order they were given in.
    """
    if isinstance(data, dict):
        for key in sorted(data):
            yield from _references(data[key])
    elif isinstance(data, list):
        if len(data) >= 2 and isinstance(data[0], str) and isinstance(data[1], int):
            tensor = data[2] if len(data) > 2 and isinstance(data[2], int) else 0
            yield Reference(data[0], data[1], tensor)
        else:
            for item in data:
                yield from _references(item)


def number(value: Any) -> Number | None:
    """A number or a list of numbers, as files write them; ``None`` for anything else."""
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list) and value and all(isinstance(item, int | float) for item in value):
        return tuple(map(float, value))
    return None


def _call(node: Any) -> Call:
    """A call, as Keras 3 (``{"args": ..., "kwargs": ...}``) or earlier versions (``[["a", 0, 0, {}]]``) write it."""
    inputs: list[Reference] = []
    constants: list[Number] = []
    settings: Config = {}
    first: list[bool] = []

    def take(value: Any) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            inputs.extend(_references([config.get("keras_history")] if isinstance(config, dict) else []))
            first.append(False)
        elif isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
            if value[0] == CONSTANT:
                take(value[2])
            else:
                inputs.extend(_references([value[:3]]))
                first.append(False)
            if len(value) > 3 and isinstance(value[3], dict):
                for key, item in value[3].items():
                    keep(key, item)
        elif (constant := number(value)) is not None:
            constants.append(constant)
            first.append(True)
        elif isinstance(value, list):
            # Slices of a tensor are among its arguments: ``x[:, 1:]``.
            if any(isinstance(item, dict) and item.get("class_name") in SLICES for item in value):
                settings["key"] = value
                return
            for item in value:
                take(item)
        elif isinstance(value, dict) and "class_name" not in value:
            # A nested model that is called on tensors by name; Keras takes them in the order of the names.
            for key in sorted(value):
                take(value[key])

    def keep(key: str, value: Any) -> None:
        if (
            (isinstance(value, dict) and value.get("class_name") == "__keras_tensor__")
            or (isinstance(value, list) and _is_reference(value))
            or key in ("y", "x", "x1", "x2")
        ):
            take(value)
        elif key not in ("name", "training", "mask"):
            settings[key] = value

    if isinstance(node, dict) and ("args" in node or "kwargs" in node):
        take(node.get("args", []))
        kwargs = node.get("kwargs", {})
        for key, item in kwargs.items() if isinstance(kwargs, dict) else ():
            keep(key, item)
    else:
        take(node if isinstance(node, list | dict) else [])
    return Call(tuple(inputs), tuple(constants), bool(first and first[0]), settings)


def _is_reference(value: Sequence[Any]) -> bool:
    return len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int) and isinstance(value[2], int)
