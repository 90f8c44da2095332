"""A layer's configuration, read value by value: each has a kind and a range, and what nobody read is known.

A setting that is not known must never be ignored: whoever has read a layer asks :meth:`Values.unread` what is left, and
cuts the network there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.legacy import OWN_HARD_SIGMOID, class_of

ACTIVATIONS = frozenset(
    {
        *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "exponential"),
        *("sigmoid", "hard_sigmoid", "hard_silu", "log_sigmoid", "tanh", "hard_tanh", "tanh_shrink"),
        *("softmax", "log_softmax", "softplus", "softsign", "celu", "glu", "squareplus", OWN_HARD_SIGMOID),
    }
)
SAME_ACTIVATION = {"swish": "silu", "hard_swish": "hard_silu", "softmax_v2": "softmax", "leakyrelu": "leaky_relu"}
"""Other names under which files know an activation."""

ACTIVATION_LAYERS = frozenset({"ReLU", "ThresholdedReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"})
"""Layers that files hold in place of an activation's name, with settings of their own."""

Activation = str | Mapping[str, Any]
"""The name of an activation; or a layer that stands in its place: ``class_name``, ``config``, as the file has them."""

WRAPPED = ("__numpy__", "__tensor__", "__ndarray__")
"""How files write an array that was given to a constructor: as an object of this class with a ``value``."""


class Unsupported(Exception):
    """A layer of a kind, or in a way, that cannot be rebuilt; the network may still be shown up to it.

    Args:
        reason: a sentence.
        code: whether the layer carries program code.
    """

    def __init__(self, reason: str, code: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def unwrapped(value: Any) -> Any:
    """A number or nested lists of them, where a file wraps them as an array."""
    if isinstance(value, Mapping) and (value.get("class_name") in WRAPPED or set(value) == {"class_name", "config"}):
        inner = value.get("config")
        return inner.get("value") if isinstance(inner, Mapping) else None
    return value


MOST_NUMBERS = 1_000_000
"""In one setting: those of a picture of 512 x 512 in colours."""


class Values:
    """The configuration of one layer.

    Args:
        layer: its name, for the refusal.
        config: from the file.
    """

    def __init__(self, layer: str, config: Mapping[str, Any]) -> None:
        self._layer = layer
        self._config = config
        self._seen: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return self._get(key) is not None

    def _get(self, key: str, default: Any = None) -> Any:
        self._seen.add(key)
        return self._config.get(key, default)

    def has(self, key: str) -> bool:
        """Whether the setting is written down at all, be it as ``None``."""
        self._seen.add(key)
        return key in self._config

    def unread(self, without_effect: Collection[str]) -> list[str]:
        """The settings that nobody has read, apart from those that change nothing.

        Args:
            without_effect: settings that do not change what is computed once a network is trained.
        """
        return [key for key in self._config if key not in self._seen and key not in without_effect]

    def decline(self, key: str) -> Unsupported:
        """The reason why a layer with this setting is not rebuilt."""
        return Unsupported(f"its setting {self.shown(key)} is not known here.")

    def shown(self, key: str) -> str:
        """A setting as a sentence quotes it."""
        text = repr(self._config.get(key))
        return f"{key[:60]} = {text if len(text) <= 60 else text[:60] + '...'}"

    def only(self, key: str, *allowed: Any) -> None:
        """A setting that is rebuilt at these values alone; where there is none, it is taken to have one of them.

        Raises:
            Unsupported: it has another value.
        """
        value = self._get(key)
        if value is not None and not any(
            value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed
        ):
            raise self.decline(key)

    def raw(self, key: str) -> Any:
        """The value as it stands; ``None`` where there is none."""
        return self._get(key)

    def refuse(self, key: str) -> Refused:
        """The refusal of a value."""
        message = f"The layer {self._layer!r} has the setting {self.shown(key)}, which makes no sense."
        return Refused(RefusalCode.BAD_CONFIG, message, self._layer, "The file is damaged; save the model again.")

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number, also when written as ``3.0`` or ``[3]``."""
        return self._whole(key, self._get(key), low, high, default)

    def _whole(self, key: str, value: Any, low: int, high: int, default: int | None = None) -> int:
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
        """``rank`` whole numbers; one number stands for all of them."""
        value = self._get(key)
        if isinstance(value, list) and len(value) == rank:
            return tuple(self._whole(key, item, low, high) for item in value)
        return (self._whole(key, value, low, high, default),) * rank

    def pairs(self, key: str, rank: int, high: int) -> tuple[tuple[int, int], ...]:
        """Amounts before and after, for each of ``rank`` axes; one number, or one for each axis, means both sides."""
        value = self._get(key)
        if isinstance(value, list) and len(value) == rank and all(isinstance(item, list) for item in value):
            if any(len(item) != 2 for item in value):
                raise self.refuse(key)
            return tuple((self._whole(key, one, 0, high), self._whole(key, two, 0, high)) for one, two in value)
        if isinstance(value, list) and rank == 1 and len(value) == 2:
            return ((self._whole(key, value[0], 0, high), self._whole(key, value[1], 0, high)),)
        return tuple((side, side) for side in self.wholes(key, rank, 0, high))

    def number(self, key: str, default: float, limit: float = 1e30) -> float:
        """A finite number, also when written as an array of one."""
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
        """A finite number, or a short list of them, one for each channel; however deep in lists of one they stand.

        Raises:
            Unsupported: they differ along more than the last axis.
            Refused: they are no numbers, or too many.
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
        return tuple(Values(self._layer, {key: item}).number(key, default) for item in value)

    def flattened(self, key: str, value: Sequence[Any]) -> list[float]:
        """The finite numbers of a list of lists that are all of one length, row after row.

        Raises:
            Refused: they are no numbers, too many, or the lists are of different lengths.
        """
        rows: list[Any] = list(value)
        while rows and isinstance(rows[0], list):
            if any(not isinstance(row, list) or len(row) != len(rows[0]) for row in rows):
                raise self.refuse(key)
            rows = [item for row in rows for item in row]
        if len(rows) > MOST_NUMBERS:
            raise self.refuse(key)
        return [Values(self._layer, {key: item}).number(key, 0.0) for item in rows]

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool | int | None):
            raise self.refuse(key)
        return default if value is None else bool(value)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of some words."""
        value = self._get(key, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(key)
        return value

    def words(self, key: str, choices: Collection[str], default: str) -> str:
        """One of some words that are rebuilt; a file may hold others that Keras knows and filterviz does not.

        Raises:
            Unsupported: it is none of them.
        """
        value = self._get(key, default)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise self.decline(key)
        return value

    def activation(self, key: str = "activation", default: str = "linear") -> Activation:
        """An activation, in any of the forms in which files write it: a name, or a layer with its settings.

        Raises:
            Unsupported: it is one that Keras does not have.
        """
        value = self._get(key, default)
        if isinstance(value, Mapping):
            class_name, inner = value.get("class_name"), value.get("config")
            if not isinstance(class_name, str):
                class_name = ""
            elif isinstance(inner, Mapping):
                class_name = class_of(value)  # somebody's own may well be called LeakyReLU
            if class_name == "Activation" and isinstance(inner, Mapping):
                return Values(self._layer, inner).activation("activation")
            if class_name in ACTIVATION_LAYERS and isinstance(inner, Mapping):
                return {"class_name": class_name, "config": dict(inner)}
            value = inner if isinstance(inner, str) else class_name
            if isinstance(value, str) and value not in ACTIVATIONS:
                value = value.lower()
        if value is None:
            return "linear"
        if isinstance(value, str):
            name = SAME_ACTIVATION.get(value, value)
            if name in ACTIVATIONS:
                return name
        message = f"its activation {str(value)[:40]!r} is not one that Keras has."
        raise Unsupported(message, code=True)
