"""Sizes of tensors that a network of tf.keras asks for as it is built: ``tf.reshape(x, (tf.shape(x)[0], 16, 4))``.

They are known here beforehand, apart from the size of the batch and those that the file leaves open. Keras 3 knows them
too, and writes the numbers into the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.reader.config import Call, Layer, Slot
from filterviz.reader.operations.names import WRAPPERS, plain_name

Size = int | None
Sizes = tuple[Size, ...] | Size
"""All sides of a tensor, or one of them; ``None`` stands for one that is not known, as that of the batch."""

ASKED = "It gives the size of a tensor, which is known here without it."
"""The reason why such an operation is not rebuilt."""


def asked(layer: Layer) -> bool:
    """Return whether an operation asks for all sides of a tensor."""
    return layer.class_name in WRAPPERS and _calls(layer, "shape")


def chosen(layer: Layer, call: Call, sizes: Sizes) -> tuple[Sizes] | None:
    """Return the sides that ``tf.shape(x)[0]`` or ``tf.shape(x)[1:3]`` choose, in a tuple of one.

    Args:
        layer: The operation as described.
        call: The call with its arguments.
        sizes: What it is called on.

    Returns:
        The chosen sides; ``None`` where the operation does something else.
    """
    if not _calls(layer, "getitem") or not isinstance(sizes, tuple):
        return None
    key = call.settings.get("slice_spec")
    if isinstance(key, list) and len(key) == 1:
        key = key[0]
    if isinstance(key, int) and not isinstance(key, bool) and -len(sizes) <= key < len(sizes):
        return (sizes[key],)
    if isinstance(key, Mapping):
        inner = key.get("config") if key.get("class_name") == "__slice__" else key
        sides = [inner.get(name) for name in ("start", "stop", "step")] if isinstance(inner, Mapping) else ["?"]
        if all(side is None or (isinstance(side, int) and abs(side) < 2**31 and side is not True) for side in sides):
            return (sizes[slice(*sides)],) if sides[2] != 0 else None
    return None


def _calls(layer: Layer, name: str) -> bool:
    function = layer.config.get("function")
    return isinstance(function, str) and plain_name(function) == name


def stated(call: Call, known: Mapping[int, Sizes]) -> Call:
    """Return a call with numbers in place of those inputs that are sizes.

    Args:
        call: The call as described.
        known: The sizes, by the index of the input.
    """
    left = [index for index in range(len(call.inputs)) if index not in known]
    positions = {index: position for position, index in enumerate(left)}

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(item) for item in value]
        if not isinstance(value, Slot):
            return value
        if value.index in positions:
            return Slot(positions[value.index])
        size = known[value.index]
        return list(size) if isinstance(size, tuple) else size

    return Call(
        tuple(call.inputs[index] for index in left),
        tuple(put(value) for value in call.arguments),
        {key: put(value) for key, value in call.settings.items()},
        call.training,
    )
