"""Settings of older versions of Keras in the words of Keras 2 and later.

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
