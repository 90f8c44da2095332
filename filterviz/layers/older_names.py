"""What files of all versions call layers and their settings, in the words of Keras 2 and later.

Keras 1 (2015-2017) named arguments after Theano's. Keras 2 kept their meaning and renamed all of them; the table
follows ``keras/legacy/interfaces.py`` of Keras 2. Older names of classes stand with the kinds themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Config = dict[str, Any]

ARGUMENTS: Mapping[str, str] = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample": "strides",
    "subsample_length": "strides",
    "border_mode": "padding",
    "bias": "use_bias",
    "atrous_rate": "dilation_rate",
    "pool_length": "pool_size",
    "stride": "strides",
    "length": "size",
    "inner_activation": "recurrent_activation",
    "output_dim": "units",
}

KERNEL_SIDES = ("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3")
"""How Keras 1 gave the size of a kernel."""

ORDERINGS: Mapping[str, str] = {"th": "channels_first", "tf": "channels_last"}

KERAS = ("keras", "tf_keras", "keras_core", "tensorflow", "builtins")
"""The packages that Keras's own classes come from."""

KEPT_BY_NAME = frozenset(
    {"ReflectionPadding2D", "FixedDropout", "InstanceNormalization", "LayerScale", "StochasticDepth"}
)
"""Layers of other packages that are known by their name alone, whichever package registered them."""

OWN_HARD_SIGMOID = "hard_sigmoid_2"
"""What Keras 1 and 2 call ``hard_sigmoid``: ``clip(0.2 x + 0.5, 0, 1)``. In Keras 3 the slope is a sixth."""


def modern_settings(config: Mapping[str, Any], *, keras_3: bool, kept: Collection[str] = ()) -> Config:
    """Return the configuration of a layer with the names that Keras 2 and later give its settings.

    Args:
        config: Configuration as the file has it.
        keras_3: Whether Keras 3 wrote it.
        kept: Settings that keep their name, since the layer uses them in another meaning.

    Example:
        >>> modern_settings({"nb_filter": 8, "nb_row": 3, "nb_col": 5, "dim_ordering": "tf"}, keras_3=False)
        {'data_format': 'channels_last', 'filters': 8, 'kernel_size': [3, 5]}
    """
    modern = dict(config)
    if "dim_ordering" in modern:
        ordering = modern.pop("dim_ordering")
        modern["data_format"] = ORDERINGS.get(ordering) if isinstance(ordering, str) else None
    for old, new in ARGUMENTS.items():
        if old in modern and old not in kept and new not in modern:
            modern[new] = modern.pop(old)
    sides = [modern.pop(side) for side in KERNEL_SIDES if side in modern]
    if sides and "kernel_size" not in modern:
        modern["kernel_size"] = sides
    if not keras_3:
        for key in ("activation", "recurrent_activation"):
            if modern.get(key) == "hard_sigmoid":
                modern[key] = OWN_HARD_SIGMOID
    return modern


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
