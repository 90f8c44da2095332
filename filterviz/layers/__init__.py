"""All that is known about kinds of layers, a file for each family.

:data:`KINDS` is the list of everything that can be rebuilt. The name of a class in a file is looked up there and
nowhere else. To add a kind, add a row to one family file here and a constructor to
:data:`filterviz.engine.constructors.CONSTRUCTORS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import ModuleType
from typing import Any

from filterviz.layers import (
    activations,
    axis_operations,
    convolutions,
    dense,
    elementwise,
    merging,
    normalisation,
    passing,
    pooling,
    rearranging,
    recurrent,
    reshaping,
    resizing,
)
from filterviz.layers.kind import LayerKind, Trait
from filterviz.layers.older_names import Config, modern_settings

FAMILIES: tuple[ModuleType, ...] = (
    *(convolutions, pooling, resizing, normalisation, activations, reshaping, dense, recurrent, merging, passing),
    *(elementwise, axis_operations, rearranging),
)

KINDS: Mapping[str, LayerKind] = {kind.name: kind for kind in chain.from_iterable(family.KINDS for family in FAMILIES)}
"""Class name, as Keras 3 knows it -> kind."""

OPERATION_KINDS = frozenset(name for name, kind in KINDS.items() if kind.has(Trait.OPERATION))
"""Kinds that only operations on tensors become."""

LAYERS = frozenset(KINDS) - OPERATION_KINDS
"""The classes of layers that can be rebuilt."""

NOT_REBUILT: frozenset[str] = frozenset().union(*(getattr(family, "NOT_REBUILT", ()) for family in FAMILIES))
"""Layers of Keras that are known and not rebuilt: the network is cut there."""

ALIASES: Mapping[str, str] = {
    **{alias: kind.name for kind in KINDS.values() for alias in kind.aliases},
    "Model": "Functional",
}
"""Older name of a class -> its name in Keras 3."""

_MERGE, _MERGE_MODES = "Merge", {kind.merge_mode: kind.name for kind in KINDS.values() if kind.merge_mode}
"""Keras 1 had one layer for all merging."""

_RANDOM_CROP, _RESIZING = "RandomCrop", "Resizing"


def kind_of(name: str, trait: Trait) -> bool:
    """Return whether a kind is known and something holds for it."""
    return name in KINDS and KINDS[name].has(trait)


def modernise(class_name: str, config: Mapping[str, Any], *, keras_3: bool) -> tuple[str, Config]:
    """Return the class and the configuration of a layer in the words of Keras 2 and later.

    Args:
        class_name: Class as the file has it.
        config: Configuration as the file has it.
        keras_3: Whether Keras 3 wrote the file.

    Example:
        >>> modernise("Convolution2D", {"nb_filter": 8, "nb_row": 3, "nb_col": 5}, keras_3=False)
        ('Conv2D', {'filters': 8, 'kernel_size': [3, 5]})
    """
    name = ALIASES.get(class_name, class_name)
    modern = dict(config)
    if class_name == _MERGE:
        name = _MERGE_MODES.get(str(modern.get("mode")), class_name)
        if "concat_axis" in modern:
            modern["axis"] = modern.pop("concat_axis")
    own = KINDS[name].own_settings if name in KINDS else ()
    modern = modern_settings(modern, keras_3=keras_3, kept=own)
    if name == _RANDOM_CROP and not keras_3:
        # In Keras 2 it makes the whole image smaller after training; in Keras 3 it does nothing.
        return _RESIZING, {
            **{key: modern.get(key) for key in ("height", "width", "dtype")},
            "crop_to_aspect_ratio": True,
        }
    return name, modern


__all__ = [
    "ALIASES",
    "FAMILIES",
    "KINDS",
    "LAYERS",
    "NOT_REBUILT",
    "OPERATION_KINDS",
    "LayerKind",
    "Trait",
    "kind_of",
    "modernise",
]
