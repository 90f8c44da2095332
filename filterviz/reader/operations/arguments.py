"""The arguments of one call of an operation, bound to their names; an argument that is not read is noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filterviz.layers.config_values import ConfigValues, Unsupported, is_one_of
from filterviz.layers.older_names import Config
from filterviz.reader.config import Slot
from filterviz.reader.operations.constants import Constant, constant, unwrap
from filterviz.spec import Shape

KindAndParams = tuple[str, Config]
Steps = Sequence[KindAndParams]
"""Kinds that are applied one after the other; the first takes all that the operation takes."""


@dataclass(frozen=True, slots=True)
class Several:
    """What an operation is rebuilt as that gives several tensors: for each of them the steps that lead to it."""

    parts: Sequence[Steps]


Found = KindAndParams | list[KindAndParams] | Several
"""What an operation is rebuilt as: one kind, several after each other, or several tensors."""


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor that an operation takes.

    Attributes:
        shape: Its shape in the file's own order of axes, batch first.
        first: Whether its channels come first in that order.
        truth: Whether it holds truth values.
    """

    shape: Shape
    first: bool = False
    truth: bool = False

    @property
    def rank(self) -> int:
        """The number of its axes, batch included."""
        return len(self.shape)

    @property
    def channel_axis(self) -> int:
        """The axis of its channels."""
        return 1 if self.first else self.rank - 1


def declined(function: str, what: str, *, code: bool = False) -> Unsupported:
    """Return the error that says why an operation is not rebuilt.

    Args:
        function: Name of the operation as the file has it.
        what: The sentence after that name, without its full stop.
        code: Whether the operation carries program code.
    """
    return Unsupported(f"The operation {function[:60]!r} {what}.", code=code)


class Arguments:
    """The arguments of one call, by name. Reading one marks it as read.

    Args:
        function: Name of the operation as the file has it.
        values: The arguments by name, positional ones too. A tensor is a :class:`~filterviz.reader.config.Slot`.
        sources: The tensors.
        keras: Whether it is an operation of Keras 3 and not of TensorFlow.
    """

    def __init__(self, function: str, values: Mapping[str, Any], sources: Sequence[Source], keras: bool) -> None:
        self.function = function
        self.sources = sources
        self.keras = keras
        self._values = dict(values)
        self._read: set[str] = set()

    def given(self, *names: str) -> bool:
        """Return whether one of these names is there and is not ``None``."""
        return any(self._values.get(name) is not None for name in names)

    def named(self, name: str) -> bool:
        """Return whether this name is there, though it may be ``None``."""
        return name in self._values

    def raw(self, *names: str, default: Any = None) -> Any:
        """Return the first value of these names that is there and is not ``None``, else the default."""
        self._read.update(names)
        return next((self._values[name] for name in names if self._values.get(name) is not None), default)

    def check(self) -> None:
        """Make sure that every argument that was given has been read.

        Raises:
            Unsupported: One has not.
        """
        for name, value in self._values.items():
            if name not in self._read and value is not None:
                raise self.unsupported(name, value)

    def unsupported(self, name: str, value: Any) -> Unsupported:
        """Return the error that says which argument keeps the operation from being rebuilt."""
        shown = "a tensor" if _has_slot(value) else repr(unwrap(value))[:60]
        return self.decline(f"with {name} = {shown} is not rebuilt here")

    def decline(self, what: str) -> Unsupported:
        """Return the error that says why the operation is not rebuilt; for arguments see :func:`declined`."""
        return declined(self.function, what)

    def only(self, name: str, *allowed: Any) -> None:
        """Make sure that an argument is absent, ``None`` or one of some values.

        Raises:
            Unsupported: It is something else.
        """
        value = self.raw(name)
        if value is not None and not is_one_of(value, allowed):
            raise self.unsupported(name, value)

    def values(self, **settings: Any) -> ConfigValues:
        """Return settings that can be read with all checks."""
        return ConfigValues(self.function[:60], {key: unwrap(value) for key, value in settings.items()})

    def number(self, *names: str, default: float) -> float:
        """Return a finite number, under any of the names that it may have."""
        return self.values(**{names[0]: self.raw(*names)}).number(names[0], default)

    def whole(self, *names: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number; see :meth:`~filterviz.layers.config_values.ConfigValues.whole`."""
        return self.values(**{names[0]: self.raw(*names)}).whole(names[0], low, high, default)

    def flag(self, *names: str, default: bool) -> bool:
        """Return a truth value."""
        return self.values(**{names[0]: self.raw(*names)}).flag(names[0], default)

    def one(self) -> Source:
        """Return the one tensor that the operation takes.

        Raises:
            Unsupported: It takes others, or constants in its place.
        """
        slots = [name for name, value in self._values.items() if isinstance(value, Slot)]
        if len(slots) != 1 or len(self.sources) != 1:
            raise self.decline("is called on other things than one tensor")
        self._read.add(slots[0])
        return self.sources[0]

    def several(self) -> Sequence[Source]:
        """Return the tensors of the list that the operation takes.

        Raises:
            Unsupported: There is anything else among them.
        """
        for name, value in self._values.items():
            if isinstance(value, list) and value and all(isinstance(item, Slot) for item in value):
                self._read.add(name)
                return [self.sources[item.index] for item in value]
        raise self.decline("is called on other things than a list of tensors")

    def operands(self, *names: Sequence[str]) -> list[Source | Constant]:
        """Return tensors and constants, in order, each under one of the names it may have.

        Raises:
            Unsupported: One is missing, or is neither.
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
        """Return one axis, counted from the beginning.

        Args:
            value: The axis as the file has it; a negative one counts from the end.
            rank: Number of axes of the tensor.
            name: Name of the argument, for the error.

        Raises:
            Unsupported: There is no such axis, or it is that of the batch.
        """
        if not isinstance(unwrap(value), int | float | list) or (isinstance(value, list) and len(value) != 1):
            raise self.unsupported(name, value)
        whole = self.values(**{name: value}).whole(name, -16, 16)
        if not -rank <= whole < rank:
            raise Unsupported(f"It cannot be computed: it names the axis {whole} of {rank}.")
        if whole % rank == 0:
            raise self.decline("works across the images of a batch")
        return whole % rank

    def axes(self, value: Any, rank: int, name: str = "axis") -> tuple[int, ...]:
        """Return axes, each once, in the order given; for arguments see :meth:`axis`."""
        listed = unwrap(value)
        found = tuple(self.axis(item, rank, name) for item in (listed if isinstance(listed, list) else [listed])[:16])
        if len(set(found)) != len(found) or not found:
            raise Unsupported(f"It cannot be computed: it names an axis twice, or none: {listed}.")
        return found


Reading = Callable[[Arguments], Found]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that can be rebuilt.

    Attributes:
        reading: Reads what it becomes from its arguments.
        positions: The names of its positional arguments, in order.
        others: The names of its other arguments. All of both are read by ``reading``, which refuses what it does not
            rebuild; any other name is refused unread.
    """

    reading: Reading
    positions: tuple[str, ...]
    others: frozenset[str] = field(default=frozenset())


def _has_slot(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_slot(item) for item in value)
    return isinstance(value, Slot)


def rows(spellings: str, reading: Reading, names: str) -> dict[str, Operation]:
    """Return the same operation under each of its spellings.

    Args:
        spellings: The spellings, with spaces between them.
        reading: Reads what it becomes from its arguments.
        names: The names of its arguments, positional ones first: ``x axis | keepdims``.

    Example:
        >>> sorted(rows("concat concatv2", lambda given: ("Identity", {}), "values axis"))
        ['concat', 'concatv2']
    """
    positions, _, others = names.partition("|")
    operation = Operation(reading, tuple(positions.split()), frozenset(others.split()))
    return dict.fromkeys(spellings.split(), operation)
