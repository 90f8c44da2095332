"""Sizes of tensors that a network of tf.keras asks for as it is built: ``tf.reshape(x, (tf.shape(x)[0], 16, 4))``.

Here they are known beforehand, but for that of the batch and those that the file leaves open. Keras 3 does the same
and writes the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.reader.config import Call, Layer, Slot
from filterviz.reader.operations.names import WRAPPERS, plain

Size = int | None
Sizes = tuple[Size, ...] | Size
"""All sides of a tensor, or one of them; ``None``: not known, as that of the batch."""

ASKED = "It gives the size of a tensor, which is known here without it."


def asked(layer: Layer) -> bool:
    """Whether an operation asks for all sides of a tensor."""
    function = layer.config.get("function")
    return layer.class_name in WRAPPERS and isinstance(function, str) and plain(function) == "shape"


def chosen(layer: Layer, call: Call, sizes: Sizes) -> tuple[Sizes] | None:
    """Some of all sides, by ``tf.shape(x)[0]`` or ``tf.shape(x)[1:3]``, in a tuple; ``None`` where it is not that."""
    function = layer.config.get("function")
    if not isinstance(function, str) or plain(function) != "getitem" or not isinstance(sizes, tuple):
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


def stated(call: Call, known: Mapping[int, Sizes]) -> Call:
    """The call with numbers in place of those inputs that are sizes.

    Args:
        call: as described.
        known: the sizes, by the index of the input.
    """
    left = [index for index in range(len(call.inputs)) if index not in known]
    places = {index: place for place, index in enumerate(left)}

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(item) for item in value]
        if not isinstance(value, Slot):
            return value
        if value.index in places:
            return Slot(places[value.index])
        size = known[value.index]
        return list(size) if isinstance(size, tuple) else size

    return Call(
        tuple(call.inputs[index] for index in left),
        tuple(put(value) for value in call.arguments),
        {key: put(value) for key, value in call.settings.items()},
        call.training,
    )
