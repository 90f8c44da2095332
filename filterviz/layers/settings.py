"""Settings that kinds of several families share, and the limits within which all of them are accepted."""

from __future__ import annotations

from collections.abc import Mapping

from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.kind import Params

MOST_FILTERS, MOST_UNITS = 16_384, 262_144
LARGEST_KERNEL, LARGEST_STRIDE, LARGEST_PADDING, LARGEST_UPSAMPLING = 4096, 64, 4096, 64

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
"""The interpolations of ``tf.image.resize``. Keras 3 has fewer of them."""


def axes(values: ConfigValues, default: int | None = -1) -> int | tuple[int, ...] | None:
    """Read one axis or several, as an integer, a list, or a tracked list as tf.keras of 2020 wrote it.

    Returns:
        An integer for one axis, a tuple for several, ``default`` where the file has none.
    """
    axis = values.raw("axis")
    if isinstance(axis, Mapping):
        axis = list(axis.values())
    if axis is None:
        return default
    if not isinstance(axis, list):
        return values.whole("axis", -8, 8)
    if len(axis) > 8:
        raise values.refuse("axis")
    found = tuple(values.whole_of("axis", item, -8, 8) for item in axis)
    return found[0] if len(found) == 1 else found


def one_axis(values: ConfigValues, default: int = -1) -> int:
    """Read the axis of a layer that is rebuilt for a single one.

    Raises:
        Unsupported: There are several.
    """
    axis = axes(values, default)
    if not isinstance(axis, int):
        message = "it normalises over several axes at once."
        raise Unsupported(message)
    return axis


def window(values: ConfigValues, rank: int, key: str = "kernel_size") -> Params:
    """Read the size, the strides and the padding of a sliding window over ``rank`` axes."""
    paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    return {
        key: values.wholes(key, rank, 1, LARGEST_KERNEL),
        "strides": values.wholes("strides", rank, 1, LARGEST_STRIDE, default=1),
        "padding": values.choice("padding", paddings, "valid"),
    }
