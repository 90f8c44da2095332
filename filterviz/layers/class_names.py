"""Which class a file means by the name that it gives for a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers.older_names import KERAS

KEPT_BY_NAME = frozenset(
    {"ReflectionPadding2D", "FixedDropout", "InstanceNormalization", "LayerScale", "StochasticDepth"}
)
"""Layers of other packages that are known by their name alone, whichever package registered them."""


def class_of(data: Mapping[str, Any]) -> str:
    """Return the class of a layer, as a file of any version names it.

    Keras 3 and the later tf.keras write where a class comes from. A class of somebody's own may well be called Conv2D,
    and never gets a name of Keras's here.

    Example:
        >>> class_of({"class_name": "Conv2D", "module": "keras.layers", "registered_name": None})
        'Conv2D'
        >>> class_of({"class_name": "Conv2D", "module": None, "registered_name": "Own>Conv2D"})
        'Own>Conv2D'
        >>> class_of({"class_name": "Conv2D", "module": "own.layers", "registered_name": "Conv2D"})
        'own.layers>Conv2D'
    """
    name, module, registered = str(data["class_name"]), data.get("module"), data.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        name = registered
    elif isinstance(registered, str) and isinstance(module, str) and module.split(".")[0] not in KERAS:
        name = f"{module}>{name}"
    elif isinstance(registered, str) and "module" in data and module is None:
        name = f"Custom>{name}"
    unqualified = name.rpartition(">")[2]
    return unqualified if unqualified in KEPT_BY_NAME else name
