"""The configuration of a layer, read value by value, each with its type and its range.

A setting that is not known must never be ignored. Whoever has read a layer asks :meth:`ConfigValues.unread` what is
left, and cuts the network there if something is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from filterviz.errors import RefusalCode, Refused

WRAPPED = ("__numpy__", "__tensor__", "__ndarray__")
"""How files write an array that was given to a constructor: as an object of this class with a ``value``."""


class Unsupported(Exception):
    """A layer cannot be rebuilt. The network may still be shown up to it.

    Args:
        reason: Why, as a sentence.
        code: Whether the layer carries program code.
    """

    def __init__(self, reason: str, code: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def unwrapped(value: Any) -> Any:
    """Return a number or nested lists of numbers, without the object in which some files wrap an array."""
    if isinstance(value, Mapping) and (value.get("class_name") in WRAPPED or set(value) == {"class_name", "config"}):
        inner = value.get("config")
        return inner.get("value") if isinstance(inner, Mapping) else None
    return value


def is_one_of(value: Any, allowed: Collection[Any]) -> bool:
    """Return whether a value is one of some others; a truth value is never a number, nor a number a truth value."""
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed)


MOST_NUMBERS = 1_000_000
"""The most numbers in one setting: as many as a colour image of 512 x 512 has, and some more."""

MOST_FILTERS, MOST_UNITS = 16_384, 262_144
LARGEST_KERNEL, LARGEST_STRIDE = 4096, 64


class ConfigValues:
    """The configuration of one layer.

    Args:
        layer: Name of the layer, for refusals.
        config: Its configuration from the file.
    """

    def __init__(self, layer: str, config: Mapping[str, Any]) -> None:
        self._layer = layer
        self._config = config
        self._seen: set[str] = set()

    def inside(self, config: Mapping[str, Any]) -> ConfigValues:
        """Return the values of a configuration that stands inside this one."""
        return ConfigValues(self._layer, config)

    def __contains__(self, key: str) -> bool:
        return self._get(key) is not None

    def _get(self, key: str, default: Any = None) -> Any:
        self._seen.add(key)
        return self._config.get(key, default)

    def has(self, key: str) -> bool:
        """Return whether the file has the setting at all, even as ``None``."""
        self._seen.add(key)
        return key in self._config

    def unread(self, without_effect: Collection[str]) -> list[str]:
        """Return the settings that nobody has read, apart from those that change nothing.

        Args:
            without_effect: Settings that do not change what is computed once a network is trained.
        """
        return [key for key in self._config if key not in self._seen and key not in without_effect]

    def decline(self, key: str) -> Unsupported:
        """Return the error that says why a layer with this setting is not rebuilt."""
        return Unsupported(f"its setting {self.shown(key)} is not known here.")

    def shown(self, key: str) -> str:
        """Return a setting as a sentence quotes it, of bounded length."""
        text = repr(self._config.get(key))
        return f"{key[:60]} = {text if len(text) <= 60 else text[:60] + '...'}"

    def only(self, key: str, *allowed: Any) -> None:
        """Make sure that a setting, if the file has it, has one of the values at which the layer is rebuilt.

        Raises:
            Unsupported: It has another value.
        """
        value = self._get(key)
        if value is not None and not is_one_of(value, allowed):
            raise self.decline(key)

    def raw(self, key: str) -> Any:
        """Return the value as it stands in the file; ``None`` where there is none."""
        return self._get(key)

    def refuse(self, key: str) -> Refused:
        """Return the refusal of a file with an impossible value."""
        message = f"The layer {self._layer!r} has the setting {self.shown(key)}, which makes no sense."
        return Refused(RefusalCode.BAD_CONFIG, message, self._layer, "The file is damaged; save the model again.")

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number, also where it is written as ``3.0`` or ``[3]``.

        Args:
            key: Name of the setting.
            low: Smallest value that is accepted.
            high: Largest value that is accepted.
            default: Value where the file has none; without it, a missing setting is refused.

        Raises:
            Refused: It is no whole number, or out of range.
        """
        return self.whole_of(key, self._get(key), low, high, default)

    def whole_of(self, key: str, value: Any, low: int, high: int, default: int | None = None) -> int:
        """Return a value that was read elsewhere as a whole number; for arguments see :meth:`whole`."""
        if value is None and default is not None:
            return default
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 2**40:
            raise self.refuse(key)
        if int(value) != value or not low <= value <= high:
            raise self.refuse(key)
        return int(value)

    def wholes(self, key: str, rank: int, low: int, high: int, default: int | None = None) -> tuple[int, ...]:
        """Return ``rank`` whole numbers; one number stands for all of them. For arguments see :meth:`whole`."""
        value = self._get(key)
        if isinstance(value, list) and len(value) == rank:
            return tuple(self.whole_of(key, item, low, high) for item in value)
        return (self.whole_of(key, value, low, high, default),) * rank

    def pairs(self, key: str, rank: int, high: int) -> tuple[tuple[int, int], ...]:
        """Return amounts before and after, for each of ``rank`` axes; one number means both sides of an axis."""
        value = self._get(key)
        if isinstance(value, list) and len(value) == rank and all(isinstance(item, list) for item in value):
            if any(len(item) != 2 for item in value):
                raise self.refuse(key)
            return tuple((self.whole_of(key, one, 0, high), self.whole_of(key, two, 0, high)) for one, two in value)
        if isinstance(value, list) and rank == 1 and len(value) == 2:
            return ((self.whole_of(key, value[0], 0, high), self.whole_of(key, value[1], 0, high)),)
        return tuple((side, side) for side in self.wholes(key, rank, 0, high))

    def number(self, key: str, default: float, limit: float = 1e30) -> float:
        """Return a finite number of at most ``limit`` in size, also where it is written as an array of one."""
        value = unwrapped(self._get(key, default))
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.refuse(key)
        if abs(value) > limit:
            raise self.refuse(key)
        return float(value)

    def numbers(self, key: str, default: float) -> float | tuple[float, ...]:
        """Return a finite number, or a short list of them, one for each channel, whatever lists of one enclose them.

        Raises:
            Unsupported: They differ along more than the last axis.
            Refused: They are no numbers, or too many.
        """
        value = unwrapped(self._get(key))
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, list):
            return self.number(key, default)
        if len(value) > 4096:
            raise self.refuse(key)
        if any(isinstance(item, list) for item in value):
            raise self.decline(key)
        return tuple(ConfigValues(self._layer, {key: item}).number(key, default) for item in value)

    def flattened(self, key: str, value: Sequence[Any]) -> list[float]:
        """Return the finite numbers of nested lists of equal lengths, row after row.

        Raises:
            Refused: They are no numbers, they are too many, or the lists differ in length.
        """
        rows: list[Any] = list(value)
        while rows and isinstance(rows[0], list):
            if any(not isinstance(row, list) or len(row) != len(rows[0]) for row in rows):
                raise self.refuse(key)
            rows = [item for row in rows for item in row]
        if len(rows) > MOST_NUMBERS:
            raise self.refuse(key)
        return [ConfigValues(self._layer, {key: item}).number(key, 0.0) for item in rows]

    def flag(self, key: str, default: bool) -> bool:
        """Return a truth value; numbers count as such."""
        value = self._get(key, default)
        if not isinstance(value, bool | int | None):
            raise self.refuse(key)
        return default if value is None else bool(value)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """Return one of some words.

        Raises:
            Refused: It is none of them.
        """
        value = self._get(key, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(key)
        return value

    def words(self, key: str, choices: Collection[str], default: str) -> str:
        """Return one of some words that are rebuilt; Keras may know others.

        Raises:
            Unsupported: It is none of them.
        """
        value = self._get(key, default)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise self.decline(key)
        return value

    def axes(self, default: int | None = -1) -> int | tuple[int, ...] | None:
        """Return one axis or several, written as an integer, a list, or a tracked list as by tf.keras of 2020.

        Returns:
            An integer for one axis, a tuple for several, ``default`` where the file has none.
        """
        axis = self._get("axis")
        if isinstance(axis, Mapping):
            axis = list(axis.values())
        if axis is None:
            return default
        if not isinstance(axis, list):
            return self.whole("axis", -8, 8)
        if len(axis) > 8:
            raise self.refuse("axis")
        found = tuple(self.whole_of("axis", item, -8, 8) for item in axis)
        return found[0] if len(found) == 1 else found

    def window(self, rank: int) -> dict[str, Any]:
        """Return the size, the strides and the padding of a convolution over ``rank`` axes."""
        return {
            "kernel_size": self.wholes("kernel_size", rank, 1, LARGEST_KERNEL),
            "strides": self.wholes("strides", rank, 1, LARGEST_STRIDE, default=1),
            "padding": self.choice("padding", ("valid", "same", "causal") if rank == 1 else ("valid", "same"), "valid"),
        }
