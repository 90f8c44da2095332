"""Which entries of a description are one and the same layer, stored once.

A layer that two models share is described in each of them. From its second description on it has a
``shared_object_id``, by which Keras's own ``ObjectSharingScope`` knows it; the first has none. So the second is matched
with the one entry before it that says the same of a layer of the same name; where several do, nobody can tell.

tf.keras's archives mark no layers of models within models. There, entries that say the same of a layer of the same name
may be one layer or several: which, the arrays tell, as those of one layer lie in the file once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from filterviz.reader.config import Layer, Model

SHARED = "shared_object_id"


class Sharing:
    """The layers of a model, each with a number; entries of one number are one layer.

    Args:
        model: as described. It must be kept as long as this.
    """

    def __init__(self, model: Model) -> None:
        self._numbers: dict[int, int] = {}
        self._alike: dict[int, int] = {}
        entries = list(_entries(model))
        for number, layer in enumerate(entries):
            self._numbers[id(layer)] = number
        texts = {id(layer): json.dumps(_words(layer), sort_keys=True, default=str) for layer in entries}
        self._follow_marks(entries, texts)
        first_of: dict[str, int] = {}
        for layer in entries:
            self._alike[id(layer)] = first_of.setdefault(texts[id(layer)], self.number(layer))

    def _follow_marks(self, entries: Sequence[Layer], texts: Mapping[int, str]) -> None:
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
        """Which layer an entry describes."""
        return self._numbers[id(layer)]

    def alike(self, layer: Layer) -> int:
        """Which layer an entry describes, if all that say the same of a layer of the same name are one."""
        return self._alike[id(layer)]

    def _join(self, one: Layer, other: Layer) -> None:
        """Two entries are one layer, and so is what is inside them."""
        self._numbers[id(other)] = self._numbers[id(one)]
        for inner, same in zip(_inside(one), _inside(other), strict=False):
            self._join(inner, same)


def _inside(layer: Layer) -> Sequence[Layer]:
    if layer.model is not None:
        return layer.model.layers
    return () if layer.wrapped is None else (layer.wrapped,)


def _entries(model: Model) -> Iterator[Layer]:
    """All entries in the order in which Keras describes them: what is inside a layer before the layer itself."""
    for layer in model.layers:
        yield from _with_inside(layer)


def _with_inside(layer: Layer) -> Iterator[Layer]:
    for inner in _inside(layer):
        yield from _with_inside(inner)
    yield layer


def _words(layer: Layer) -> Any:
    """What an entry says of the layer itself, and not of where it is called."""
    return [layer.name, layer.stored_class, _plain(layer.config), [_words(inner) for inner in _inside(layer)]]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != SHARED}
    return [_plain(item) for item in value] if isinstance(value, list) else value
