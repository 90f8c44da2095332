"""What an operation was called with, bound to the names of its arguments; whatever is not read is found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.older_names import Config
from filterviz.reader.config import Slot
from filterviz.reader.operations.constants import Constant, constant, plain
from filterviz.spec import Shape

KindAndParams = tuple[str, Config]
Steps = Sequence[KindAndParams]
"""Kinds that are applied one after the other; the first takes all that the operation takes."""


@dataclass(frozen=True, slots=True)
class Several:
    """An operation that gives several tensors: for each of them the steps that lead to it."""

    parts: Sequence[Steps]


Found = KindAndParams | list[KindAndParams] | Several
"""What an operation is rebuilt as: one kind, several after each other, or several tensors."""


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor that an operation takes.

    Attributes:
        shape: in the file's own order of axes, batch first.
        first: whether its channels come first in that order.
        truth: whether it holds truth values.
    """

    shape: Shape
    first: bool = False
    truth: bool = False

    @property
    def channel_axis(self) -> int:
        """Where its channels lie."""
        return 1 if self.first else len(self.shape) - 1


class Arguments:
    """The arguments of one call, by name; reading one marks it as read.

    Args:
        function: as the file has it.
        values: by name, positional ones too; tensors are :class:`~filterviz.reader.config.Slot`.
        sources: the tensors.
        keras: whether it is an operation of Keras 3; of TensorFlow otherwise.
    """

    def __init__(self, function: str, values: Mapping[str, Any], sources: Sequence[Source], keras: bool) -> None:
        self.function = function
        self.sources = sources
        self.keras = keras
        self._values = dict(values)
        self._read: set[str] = set()

    def given(self, *names: str) -> bool:
        """Whether one of these names is there and is not ``None``."""
        return any(self._values.get(name) is not None for name in names)

    def named(self, name: str) -> bool:
        """Whether this name is there, though it may be ``None``."""
        return name in self._values

    def raw(self, *names: str) -> Any:
        """The first value of these names that is there and is not ``None``."""
        self._read.update(names)
        return next((self._values[name] for name in names if self._values.get(name) is not None), None)

    def check(self) -> None:
        """Nothing that was given may be left unread.

        Raises:
            Unsupported: something is.
        """
        for name, value in self._values.items():
            if name not in self._read and value is not None:
                raise self.unsupported(name, value)

    def unsupported(self, name: str, value: Any) -> Unsupported:
        """The refusal of an argument that is not rebuilt."""
        shown = "a tensor" if _has_slot(value) else repr(plain(value))[:60]
        return Unsupported(f"The operation {self.function[:60]!r} with {name} = {shown} is not rebuilt here.")

    def only(self, name: str, *allowed: Any) -> None:
        """Refuse an argument unless it is absent, ``None`` or one of these.

        Raises:
            Unsupported: it is something else.
        """
        value = self.raw(name)
        if value is not None and not any(
            value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed
        ):
            raise self.unsupported(name, value)

    def values(self, **settings: Any) -> ConfigValues:
        """Settings to be read with all checks."""
        return ConfigValues(self.function[:60], {key: plain(value) for key, value in settings.items()})

    def number(self, *names: str, default: float) -> float:
        """A finite number."""
        return self.values(**{names[0]: self.raw(*names)}).number(names[0], default)

    def whole(self, *names: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number."""
        return self.values(**{names[0]: self.raw(*names)}).whole(names[0], low, high, default)

    def flag(self, *names: str, default: bool) -> bool:
        """True or false."""
        return self.values(**{names[0]: self.raw(*names)}).flag(names[0], default)

    def one(self) -> Source:
        """The one tensor it takes.

        Raises:
            Unsupported: it takes others, or constants in its place.
        """
        slots = [name for name, value in self._values.items() if isinstance(value, Slot)]
        if len(slots) != 1 or len(self.sources) != 1:
            message = f"The operation {self.function[:60]!r} is called on other things than one tensor."
            raise Unsupported(message)
        self._read.add(slots[0])
        return self.sources[0]

    def several(self) -> Sequence[Source]:
        """The tensors of the list it takes.

        Raises:
            Unsupported: there is anything else among them.
        """
        for name, value in self._values.items():
            if isinstance(value, list) and value and all(isinstance(item, Slot) for item in value):
                self._read.add(name)
                return [self.sources[item.index] for item in value]
        message = f"The operation {self.function[:60]!r} is called on other things than a list of tensors."
        raise Unsupported(message)

    def operands(self, *names: Sequence[str]) -> list[Source | Constant]:
        """Tensors and constants, in order, each under one of the names it may have.

        Raises:
            Unsupported: one is missing or neither.
        """
        found: list[Source | Constant] = []
        for alias in names:
            value = self.raw(*alias)
            number = None if isinstance(value, Slot) else constant(value)
            if isinstance(value, Slot):
                found.append(self.sources[value.index])
            elif number is not None:
                found.append(number)
            else:
                raise self.unsupported(alias[0], value)
        return found

    def axis(self, value: Any, rank: int, name: str = "axis") -> int:
        """One axis of a tensor of that many, counted from its beginning.

        Raises:
            Unsupported: it is not there, or is that of the pictures of a batch.
        """
        if not isinstance(plain(value), int | float | list) or (isinstance(value, list) and len(value) != 1):
            raise self.unsupported(name, value)
        whole = self.values(**{name: value}).whole(name, -16, 16)
        if not -rank <= whole < rank:
            message = f"It cannot be computed: it names the axis {whole} of {rank}."
            raise Unsupported(message)
        if whole % rank == 0:
            message = f"The operation {self.function[:60]!r} works across the pictures of a batch."
            raise Unsupported(message)
        return whole % rank

    def axes(self, value: Any, rank: int, name: str = "axis") -> tuple[int, ...]:
        """Axes, each once, in the order given."""
        listed = plain(value)
        found = tuple(self.axis(item, rank, name) for item in (listed if isinstance(listed, list) else [listed])[:16])
        if len(set(found)) != len(found) or not found:
            message = f"It cannot be computed: it names an axis twice, or none: {listed}."
            raise Unsupported(message)
        return found


Reading = Callable[[Arguments], Found]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that can be rebuilt.

    Attributes:
        reading: what it becomes.
        positions: the names of its positional arguments, in order.
        others: the names of its other arguments. All of both are read by ``reading``, which refuses what it does not
            rebuild; any other name is refused unread.
    """

    reading: Reading
    positions: tuple[str, ...]
    others: frozenset[str] = field(default=frozenset())


def operation(reading: Reading, names: str) -> Operation:
    """An operation whose arguments are called so: ``x axis | keepdims``, positional ones first."""
    positions, _, others = names.partition("|")
    return Operation(reading, tuple(positions.split()), frozenset(others.split()))


def _has_slot(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_slot(item) for item in value)
    return isinstance(value, Slot)


def rows(spellings: str, reading: Reading, names: str) -> dict[str, Operation]:
    """The same operation under each of its spellings.

    Example:
        >>> sorted(rows("concat concatv2", lambda given: ("Identity", {}), "values axis"))
        ['concat', 'concatv2']
    """
    return {spelling: operation(reading, names) for spelling in spellings.split()}
