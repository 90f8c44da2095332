"""What a layer is called on, as the different Keras versions wrote it, as :class:`~filterviz.reader.config.Call`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from filterviz.layers.older_names import Config
from filterviz.reader.config import Call, Reference, Slot

KERAS_TENSOR = "__keras_tensor__"
"""The class that Keras 3 writes for a tensor."""

CONSTANT = "_CONSTANT_VALUE"
"""What tf.keras writes in place of a layer's name where a number stands before the first tensor, as in ``1 - x``."""


def references(data: Any) -> Iterator[Reference]:
    """Yield references in any of their forms: ``["a", 0, 0]``, a list of those, or a dictionary of them.

    Keras takes those of a dictionary in the order of the keys, whatever order they were given in.
    """
    if isinstance(data, dict):
        for key in sorted(data):
            yield from references(data[key])
    elif isinstance(data, list):
        if len(data) >= 2 and isinstance(data[0], str) and isinstance(data[1], int):
            tensor = data[2] if len(data) > 2 and isinstance(data[2], int) else 0
            yield Reference(data[0], data[1], tensor)
        else:
            for item in data:
                yield from references(item)


def call_of(node: Any, keras_3: bool) -> Call:
    """Return a call as Keras 3 writes it, ``{"args": ..., "kwargs": ...}``, or as earlier versions do.

    Args:
        node: The call as the file has it; ``[["a", 0, 0, {}]]`` before Keras 3.
        keras_3: Whether Keras 3 wrote it.
    """
    found = _Tensors()
    if isinstance(node, dict) and ("args" in node or "kwargs" in node):
        arguments, named = found.replaced(node.get("args", [])), node.get("kwargs", {})
        settings = {key: found.replaced(item) for key, item in named.items()} if isinstance(named, dict) else {}
        return Call(tuple(found.inputs), tuple(arguments) if isinstance(arguments, list) else (), settings)
    if isinstance(node, dict):
        node = [node[key] for key in sorted(node)]  # These are tensors by name, in the order of the names.
    later: Config = {}
    taken = found.first_argument(node if isinstance(node, list) else [], later)
    alone = isinstance(taken, list) and len(taken) == 1
    settings = {key: found.replaced(item) for key, item in later.items()}
    # In Keras 3 the caller of the whole network decides; before, what the call itself says holds after training too.
    stated = settings.get("training")
    training = bool(stated) if not keras_3 and isinstance(stated, bool | int) else None
    return Call(tuple(found.inputs), (taken[0] if alone else taken,), settings, training)


class _Tensors:
    """Collects the tensors among the arguments of a call.

    Attributes:
        inputs: The tensors that have been found, in order.
    """

    def __init__(self) -> None:
        self.inputs: list[Reference] = []

    def replaced(self, value: Any) -> Any:
        """Return a value with a slot in place of each of its tensors."""
        if isinstance(value, dict) and value.get("class_name") == KERAS_TENSOR:
            config = value.get("config")
            return self._slot([config.get("keras_history")] if isinstance(config, dict) else [])
        if isinstance(value, dict) and "class_name" not in value and any(map(_is_tensor, value.values())):
            # A nested model that is called on tensors by name; Keras takes them in the order of the names.
            return [self.replaced(value[key]) for key in sorted(value)]
        if not isinstance(value, list):
            return value
        if _is_reference(value):
            return self._slot([value[:3]])
        return [self.replaced(item) if isinstance(item, dict | list) else item for item in value]

    def first_argument(self, value: Any, later: Config) -> Any:
        """Return the first argument as versions before Keras 3 write it: each tensor with all further arguments.

        Args:
            value: The argument as the file has it.
            later: The further arguments are added here.
        """
        if not isinstance(value, list):
            return value
        if not (len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int)):
            return [self.first_argument(item, later) for item in value]
        taken = value[2] if value[0] == CONSTANT else self.replaced(value)
        if len(value) > 3 and isinstance(value[3], dict):
            later.update(value[3])
        return taken

    def _slot(self, written: Sequence[Any]) -> Slot | None:
        found = list(references(list(written)))
        self.inputs.extend(found)
        return Slot(len(self.inputs) - 1) if found else None


def _is_tensor(value: Any) -> bool:
    """Return whether a value stands for a tensor, in either of the ways in which files say so."""
    if isinstance(value, dict):
        return value.get("class_name") == KERAS_TENSOR
    return isinstance(value, list) and _is_reference(value)


def _is_reference(value: Sequence[Any]) -> bool:
    return len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int) and isinstance(value[2], int)
