"""Numbers and arrays that a file keeps beside an operation's tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers.config_values import Unsupported
from filterviz.layers.older_names import Config

LARGEST = 65_536
"""The most numbers in a constant that is kept. The mean of 128 x 128 pixels has fewer, a table of words more."""

ARRAYS = ("__numpy__", "__tensor__")
"""What Keras writes around the numbers of an array, and of a tensor that is no variable."""


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A number or an array that a file states.

    Attributes:
        array: Its values as float64, of any shape.
    """

    array: NDArray[np.float64]

    @property
    def number(self) -> float | None:
        """The one number that it holds, whatever its shape; ``None`` where it holds several."""
        return float(self.array.reshape(-1)[0]) if self.array.size == 1 else None

    @property
    def params(self) -> Config:
        """Its shape and its values, row after row, as they stand among a layer's parameters."""
        return {"shape": self.array.shape, "values": tuple(self.array.reshape(-1).tolist())}


def unwrap(value: Any) -> Any:
    """Return a value without the object that Keras writes around arrays and tuples."""
    if isinstance(value, Mapping):
        inner = value.get("config")
        if value.get("class_name") in ARRAYS and isinstance(inner, Mapping):
            return inner.get("value")
        if value.get("class_name") == "__tuple__" and isinstance(value.get("items"), list):
            return value["items"]
    return value


def constant(value: Any) -> Constant | None:
    """Return the array that a file states as a number, as lists of numbers or as an array of NumPy or TensorFlow.

    Returns:
        The array; ``None`` where the value is none.

    Raises:
        Unsupported: It is far larger than constants are, or is not finite.

    Example:
        >>> constant([[[1.0]], [[2.0]]]).array.shape
        (2, 1, 1)
    """
    value = unwrap(value)
    if not isinstance(value, bool | int | float | list):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    if array.size > LARGEST or array.ndim > 8:
        raise Unsupported(f"It holds a constant of {array.size} numbers, which is more than is kept here.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or np.abs(array).max() > 3e38:
        raise Unsupported("It holds a constant that is not finite.")
    return Constant(array)
