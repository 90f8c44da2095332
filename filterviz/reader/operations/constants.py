"""Numbers and arrays that stand in a file beside an operation's tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers.config_values import Unsupported
from filterviz.layers.older_names import Config

LARGEST = 65_536
"""Numbers of a constant that is kept. The mean of 128 x 128 pixels has fewer, a table of words more."""

ARRAYS = ("__numpy__", "__tensor__")
"""What Keras writes around the numbers of an array, and of a tensor that is no variable."""


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An array that a file states.

    Attributes:
        array: float64, of any shape.
    """

    array: NDArray[np.float64]

    @property
    def number(self) -> float | None:
        """The one number it is, whatever its shape; ``None`` where it is several."""
        return float(self.array.reshape(-1)[0]) if self.array.size == 1 else None

    @property
    def params(self) -> Config:
        """As it stands among a layer's parameters."""
        return {"shape": self.array.shape, "values": tuple(self.array.reshape(-1).tolist())}

    def turned(self, axes: tuple[int, ...]) -> Constant:
        """With its axes permuted, after as many of length 1 are put in front as are missing."""
        shape = (1,) * (len(axes) - self.array.ndim) + self.array.shape
        return Constant(self.array.reshape(shape).transpose(axes))


def plain(value: Any) -> Any:
    """A value without what Keras writes around arrays, tuples and the like."""
    if isinstance(value, Mapping):
        inner = value.get("config")
        if value.get("class_name") in ARRAYS and isinstance(inner, Mapping):
            return inner.get("value")
        if value.get("class_name") == "__tuple__" and isinstance(value.get("items"), list):
            return value["items"]
    return value


def constant(value: Any) -> Constant | None:
    """The array that a file states as a number, as lists of numbers or as an array of NumPy or TensorFlow.

    Raises:
        Unsupported: it is far larger than constants are, or is not finite.

    Example:
        >>> constant([[[1.0]], [[2.0]]]).array.shape
        (2, 1, 1)
    """
    value = plain(value)
    if not isinstance(value, bool | int | float | list):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    if array.size > LARGEST or array.ndim > 8:
        message = f"It holds a constant of {array.size} numbers, which is more than is kept here."
        raise Unsupported(message)
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or np.abs(array).max() > 3e38:
        message = "It holds a constant that is not finite."
        raise Unsupported(message)
    return Constant(array)
