"""The description of the architecture, in one form for all Keras versions.

Three things differ between versions: how the settings of a layer are called (:mod:`~filterviz.layers.older_names`),
how a model lists its layers (:mod:`~filterviz.reader.config_parser`), and how a layer says what it is called on
(:mod:`~filterviz.reader.config_calls`). What is read is not judged yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.layers.older_names import Config

SEQUENTIAL, FUNCTIONAL = "Sequential", "Functional"
"""The two classes of models that list their layers."""

SAVE_AGAIN = 'Save the model again with model.save("model.keras") and try that file.'


@dataclass(frozen=True, slots=True)
class Reference:
    """One output of one call of a layer, which another call takes.

    Attributes:
        layer: Name of the layer.
        call: Which of its calls, from 0.
        tensor: Which of the outputs of that call, from 0.
    """

    layer: str
    call: int
    tensor: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """The position of a tensor among the arguments of a call.

    Attributes:
        index: Index of the tensor among the call's inputs.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer.

    Attributes:
        inputs: The tensors it is called on.
        arguments: All positional arguments as the file has them, with a :class:`Slot` in place of each input.
        settings: The arguments by name, with a :class:`Slot` in place of each input.
        training: Whether the call itself says that it is made as in training or not, which Keras 2 obeys after training
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
        name: Its name, unique in its model.
        class_name: Its class in the words of Keras 2 and later.
        config: Its settings in the words of Keras 2 and later.
        calls: Its calls in a Functional model; a Sequential one calls each layer on the one before.
        model: The model that it is, if it is one.
        wrapped: The layer inside, if it is a wrapper such as TimeDistributed.
        module: The module in which Keras 3 keeps the class; empty where the file does not say.
        untrainable: Whether a file of Keras 3 does not say how it trains, as it does of every layer.
        stored_class: The class as the file has it, without the package it is registered under.
        package: The package of a class that is not Keras's own: as it is registered, or where its module begins.
        shared: The mark that entries of one layer have in common, from the second entry on.
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
        name: Its name in the file.
        sequential: Whether it is a chain.
        layers: Its layers in the order of the file.
        inputs: The inputs of a Functional model.
        outputs: The outputs of a Functional model.
        input_shape: The shape of its input as the file writes it, where it stands apart from the layers.
        keras_3: Whether Keras 3 wrote it.
    """

    name: str
    sequential: bool
    layers: tuple[Layer, ...]
    inputs: tuple[Reference, ...] = ()
    outputs: tuple[Reference, ...] = ()
    input_shape: Any = None
    keras_3: bool = False

    def walk(self) -> Iterator[Layer]:
        """Yield all layers; those of a nested model follow it."""
        for layer in self.layers:
            yield layer
            if layer.model is not None:
                yield from layer.model.walk()
            elif layer.wrapped is not None:
                yield layer.wrapped
                if layer.wrapped.model is not None:
                    yield from layer.wrapped.model.walk()


def bad(what: str, where: str = "") -> Refused:
    """Return the refusal of a description that cannot be understood.

    Args:
        what: What is wrong with it, as the end of a sentence.
        where: Name of the layer, if it is about one.
    """
    return Refused(
        RefusalCode.BAD_CONFIG, f"The description of the network cannot be understood: {what}.", where, SAVE_AGAIN
    )
