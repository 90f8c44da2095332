"""Which entries of a description are the same layer, whose arrays are stored once.

A layer that two models share is described in each of them. From the second on, its descriptions have a
``shared_object_id``, by which Keras's own ``ObjectSharingScope`` knows it; the first has none. So the second is matched
with the earlier entry of the same name and the same settings, if there is exactly one.

Archives of tf.keras mark no layers of models within models. There, entries of the same name and the same settings may
be one layer or several; the number of arrays in the file then tells which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from filterviz.reader.config import Layer, Model

SHARED = "shared_object_id"


class Sharing:
    """The entries of a model's layers, each with a number; entries with the same number are one layer.

    Args:
        model: The description. It must live as long as this object, because entries are known by their ``id``.
    """

    def __init__(self, model: Model) -> None:
        self._numbers: dict[int, int] = {}
        self._alike: dict[int, int] = {}
        entries = list(_entries(model))
        for number, layer in enumerate(entries):
            self._numbers[id(layer)] = number
        texts = {id(layer): json.dumps(_described(layer), sort_keys=True, default=str) for layer in entries}
        self._follow_marks(entries, texts)
        first_of: dict[str, int] = {}
        for layer in entries:
            self._alike[id(layer)] = first_of.setdefault(texts[id(layer)], self.number(layer))

    def _follow_marks(self, entries: Sequence[Layer], texts: Mapping[int, str]) -> None:
        """Join the entries that the file marks as shared with the entries that they repeat."""
        if not any(layer.shared is not None for layer in entries):
            return
        known: dict[str, Layer] = {}
        earlier: dict[str, list[Layer]] = {}
        for layer in entries:
            text = texts[id(layer)]
            first = known.get(layer.shared) if layer.shared is not None else None
            if first is None and layer.shared is not None:
                alike = {self.number(one): one for one in earlier.get(text, ())}
                first = next(iter(alike.values())) if len(alike) == 1 else None
            if layer.shared is not None:
                known.setdefault(layer.shared, layer if first is None else first)
            if first is not None:
                self._join(first, layer)
            earlier.setdefault(text, []).append(layer)

    def number(self, layer: Layer) -> int:
        """The number of the layer that an entry describes."""
        return self._numbers[id(layer)]

    def alike(self, layer: Layer) -> int:
        """The number of the layer that an entry describes, if entries of the same name and settings are one layer."""
        return self._alike[id(layer)]

    def _join(self, one: Layer, other: Layer) -> None:
        """Note that two entries are one layer, and so are the layers inside them."""
        self._numbers[id(other)] = self._numbers[id(one)]
        for inner, same in zip(_inside(one), _inside(other), strict=False):
            self._join(inner, same)


def _inside(layer: Layer) -> Sequence[Layer]:
    if layer.model is not None:
        return layer.model.layers
    return () if layer.wrapped is None else (layer.wrapped,)


def _entries(model: Model) -> Iterator[Layer]:
    """All entries in the order in which Keras describes them: the layers inside a layer before the layer itself."""
    for layer in model.layers:
        yield from _with_inside(layer)


def _with_inside(layer: Layer) -> Iterator[Layer]:
    for inner in _inside(layer):
        yield from _with_inside(inner)
    yield layer


def _described(layer: Layer) -> Any:
    """What an entry says about the layer itself, without where it is called."""
    return [layer.name, layer.stored_class, _unmarked(layer.config), [_described(inner) for inner in _inside(layer)]]


def _unmarked(value: Any) -> Any:
    """Settings without the marks of shared layers."""
    if isinstance(value, Mapping):
        return {key: _unmarked(item) for key, item in value.items() if key != SHARED}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value
