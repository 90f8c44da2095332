"""The description of the architecture, as the different Keras versions wrote it, in one form.

Three things differ between versions: how the settings of a layer are called (:mod:`~filterviz.layers.older_names`),
how a model lists its layers, and how a layer says what it is called on. The last two become :class:`Model`,
:class:`Layer` and :class:`Call` here. Nothing is judged yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import modernise
from filterviz.layers.class_names import class_of
from filterviz.layers.older_names import KERAS, Config
from filterviz.layers.passing import TIME_DISTRIBUTED
from filterviz.layers.recurrent import BIDIRECTIONAL

MODELS = frozenset({"Sequential", "Functional"})
WRAPPERS = frozenset(
    {
        *(TIME_DISTRIBUTED, BIDIRECTIONAL, "SpectralNormalization", "WeightNormalization", "PruneLowMagnitude"),
        *("ClusterWeights", "QuantizeWrapper", "QuantizeWrapperV2", "QuantizeAnnotate"),
    }
)
"""Classes with a layer inside."""

CONSTANT = "_CONSTANT_VALUE"
"""What tf.keras writes in place of a layer's name where a number stands before the first tensor, as in ``1 - x``."""

SAVE_AGAIN = 'Save the model again with model.save("model.keras") and try that file.'


@dataclass(frozen=True, slots=True)
class Reference:
    """One output of one call of a layer: what another call takes."""

    layer: str
    call: int
    tensor: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a tensor among the arguments of a call.

    Attributes:
        index: into the call's inputs.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer.

    Attributes:
        inputs: what it is called on.
        arguments: all positional arguments as the file has them, with a :class:`Slot` in place of each input.
        settings: the arguments by name, likewise.
        training: whether the call itself says that it is made as in training or not, which Keras 2 minds after training
            too; ``None`` where it does not say.
    """

    inputs: tuple[Reference, ...]
    arguments: tuple[Any, ...] = ()
    settings: Config = field(default_factory=dict)
    training: bool | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a model, which may be a model itself.

    Attributes:
        name: in its model.
        class_name: in the words of Keras 2 and later.
        config: likewise.
        calls: in a Functional model; a Sequential one calls each layer on the one before.
        module: where Keras 3 keeps the class; empty where the file does not say.
        untrainable: whether a file of Keras 3 does not say how it trains, as it does of every layer.
        model: what is inside, if it is a model.
        wrapped: what is inside, if it is a wrapper such as TimeDistributed.
        stored_class: the class as the file has it, without the package it is registered under.
        package: that the class is from, where it is not Keras's own: as it is registered, or where its module begins.
        shared: the mark that entries of one layer have in common, from the second on.
    """

    name: str
    class_name: str
    config: Config
    calls: tuple[Call, ...] = ()
    model: Model | None = None
    wrapped: Layer | None = None
    module: str = ""
    untrainable: bool = False
    stored_class: str = ""
    package: str = ""
    shared: str | None = None


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
        keras_3: whether Keras 3 wrote it.
    """

    name: str
    sequential: bool
    layers: tuple[Layer, ...]
    inputs: tuple[Reference, ...] = ()
    outputs: tuple[Reference, ...] = ()
    input_shape: Any = None
    keras_3: bool = False

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


def parse(text: str, *, max_layers: int, max_depth: int, keras_3: bool = True, only_layers: bool = False) -> Model:
    """The model that a JSON text describes.

    Args:
        text: of the file.
        max_layers: refused if there are more.
        max_depth: refused if models are nested more deeply.
        keras_3: whether Keras 3 wrote it; some words meant something else before.
        only_layers: whether all in it are layers, though it leaves out what tells them from operations.

    Raises:
        Refused: it describes none (``bad-config``), or one too large or nested too deeply.
    """
    try:
        return Parser(max_layers, max_depth, keras_3, only_layers).model(json.loads(text), 0)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise bad("it is not valid JSON") from None


def _too_deep() -> Refused:
    message = "The network in this file is nested far deeper than any real one."
    return Refused(RefusalCode.TOO_DEEP, message, "", "Save the part you want to see as a model of its own.")


class Parser:
    """Turns parsed JSON into a :class:`Model`, counting layers as it goes."""

    def __init__(self, max_layers: int, max_depth: int, keras_3: bool, only_layers: bool) -> None:
        self._left = max_layers
        self._max_depth = max_depth
        self._keras_3 = keras_3
        self._only_layers = only_layers

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
            keras_3=self._keras_3,
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
        calls = tuple(_call(node, self._keras_3) for node in inbound) if isinstance(inbound, list) else ()
        if class_name in ("Sequential", "Functional", "Model") or (
            isinstance(config, dict) and "layers" in config and "input_layers" in config
        ):
            model = self.model(data, depth + 1)
            name = _text(data.get("name"), model.name)
            stored, shared = _stored_class(class_name), _shared(data)
            kind = "Sequential" if model.sequential else "Functional"
            return Layer(name, kind, {}, calls, model=model, stored_class=stored, shared=shared)
        if not isinstance(config, dict):
            raise bad("one of its layers has no settings")
        stored, shared, package = _stored_class(class_name), _shared(data), _package(data)
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
    """``Own>Layer`` is registered under a package; archives name folders after the class alone."""
    return "Functional" if class_name == "Model" else class_name.rsplit(">", 1)[-1]


def _package(data: Mapping[str, Any]) -> str:
    """The package of a class that is not Keras's own; empty where the file does not say so."""
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


def _call(node: Any, keras_3: bool) -> Call:
    """A call, as Keras 3 (``{"args": ..., "kwargs": ...}``) or earlier versions (``[["a", 0, 0, {}]]``) write it."""
    inputs: list[Reference] = []
    settings: Config = {}

    def take(value: Any) -> Any:
        """The value with slots in place of its tensors."""
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            found = list(_references([config.get("keras_history")] if isinstance(config, dict) else []))
            inputs.extend(found)
            return Slot(len(inputs) - 1) if found else None
        if isinstance(value, dict) and "class_name" not in value and any(map(_is_tensor, value.values())):
            # A nested model that is called on tensors by name; Keras takes them in the order of the names.
            return [take(value[key]) for key in sorted(value)]
        if not isinstance(value, list):
            return value
        if _is_reference(value):
            inputs.extend(_references([value[:3]]))
            return Slot(len(inputs) - 1)
        return [take(item) if isinstance(item, dict | list) else item for item in value]

    def first(value: Any) -> Any:
        """The first argument as earlier versions write it: each tensor with all further arguments behind it."""
        if not isinstance(value, list):
            return value
        if not (len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int)):
            return [first(item) for item in value]
        taken = value[2] if value[0] == CONSTANT else take(value)
        if len(value) > 3 and isinstance(value[3], dict):
            later.update(value[3])
        return taken

    if isinstance(node, dict) and ("args" in node or "kwargs" in node):
        arguments = take(node.get("args", []))
        kwargs = node.get("kwargs", {})
        settings = {key: take(item) for key, item in kwargs.items()} if isinstance(kwargs, dict) else {}
        return Call(tuple(inputs), tuple(arguments) if isinstance(arguments, list) else (), settings)
    later: Config = {}
    if isinstance(node, dict):
        node = [node[key] for key in sorted(node)]  # tensors by name, in the order of the names
    taken = first(node if isinstance(node, list) else [])
    alone = isinstance(taken, list) and len(taken) == 1
    settings = {key: take(item) for key, item in later.items()}
    # Keras 3 lets whoever calls the whole network decide; before, what the call itself says holds for ever.
    stated = settings.get("training")
    training = bool(stated) if not keras_3 and isinstance(stated, bool | int) else None
    return Call(tuple(inputs), (taken[0] if alone else taken,), settings, training)


def _is_tensor(value: Any) -> bool:
    """Whether a value stands for a tensor, in either of the ways in which files say so."""
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__"
    return isinstance(value, list) and _is_reference(value)


def _is_reference(value: Sequence[Any]) -> bool:
    return len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int) and isinstance(value[2], int)
