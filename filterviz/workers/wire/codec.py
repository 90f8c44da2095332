"""Frozen dataclasses to JSON and back, with every type checked on the way back.

What a child answers is not trusted: a file may have taken it over. So nothing is rebuilt but the class that was
expected, from values of exactly the types its fields declare, and arrays are numbers of one of two kinds whose bytes
must all be there. No class, module or function is ever named by the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype(np.uint8), "float32": np.dtype("<f4")}
"""The numbers that travel as raw bytes."""

MAX_RANK = 6
MAX_INTEGER = 2**63


class Malformed(ValueError):
    """Data that is not what was declared. For the log: a user never sees it."""


def flatten(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """A value as JSON data; the arrays in it are appended to ``arrays`` and leave their kind and shape behind.

    Example:
        >>> from filterviz.spec import NodeSpec
        >>> flatten(NodeSpec(3, (1, 2)), [])
        {'layer': 3, 'inputs': [1, 2], 'output_shape': None, 'permutations': [], 'channels_first': False}
    """
    if is_dataclass(value):
        return {item.name: flatten(getattr(value, item.name), arrays) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): flatten(item, arrays) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [flatten(item, arrays) for item in value]
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            message = f"arrays of {value.dtype.name} do not travel"
            raise Malformed(message)
        arrays.append(np.ascontiguousarray(value, DTYPES[value.dtype.name]))
        return {"dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        # A name from a file may hold half of a surrogate pair, which no screen and no file system takes.
        return value.encode(errors="replace").decode()
    return value


def rebuild(kind: type[T], data: Any, payload: memoryview) -> T:
    """The inverse of :func:`flatten`: a ``kind`` from JSON data and the bytes of its arrays, one after the other.

    Raises:
        Malformed: the data is not a ``kind``, or the bytes are not exactly those of its arrays.
        TypeError: nothing of this kind can be rebuilt (see :func:`learn`).
    """
    rest = _Payload(payload)
    value: T = learn(kind)(rest, data)
    rest.finish()
    return value


def learn(kind: Any) -> Rebuild:
    """What rebuilds values of a kind: a dataclass, or any annotation that one of its fields has.

    Annotations are written as text, so looking them up evaluates code, which a child may not do later: call this when
    the module is loaded. A kind that cannot travel is an error then, and not when the first message arrives.

    Raises:
        TypeError: values of this kind cannot be rebuilt.

    Example:
        >>> learn(tuple[int, ...])(_Payload(memoryview(b"")), [1, 2])
        (1, 2)
        >>> learn(set[int])
        Traceback (most recent call last):
        TypeError: values of the kind set[int] do not travel
    """
    return _learn(kind)


@cache
def _learn(kind: Any) -> Rebuild:
    kind = _without_aliases(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda payload, data: data
    if origin in (Union, UnionType):
        return _optional(kind, arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is np.ndarray:
        return _array(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return lambda payload, data: dict(_expect(dict, data))
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind)
    if kind in _SCALARS:
        scalar = _SCALARS[kind]
        return lambda payload, data: scalar(data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return lambda payload, data: _member(kind, data)
    raise TypeError(_DOES_NOT_TRAVEL.format(kind))


_DOES_NOT_TRAVEL = "values of the kind {} do not travel"


class _Payload:
    """The bytes of a message's arrays, taken in order."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0

    def __len__(self) -> int:
        return len(self._content)

    def take(self, shape: list[int], dtype: np.dtype[Any]) -> NDArray[Any]:
        end = self._position + math.prod(shape) * dtype.itemsize
        if end > len(self):
            message = f"an array of shape {shape} in {len(self) - self._position} bytes"
            raise Malformed(message)
        flat: NDArray[Any] = np.frombuffer(self._content[self._position : end], dtype)
        self._position = end
        return flat.reshape(shape)

    def finish(self) -> None:
        if self._position != len(self):
            message = f"{len(self) - self._position} bytes belong to no array"
            raise Malformed(message)


Rebuild = Callable[[_Payload, Any], Any]
"""Takes JSON data, and the arrays in it from the payload, and returns the value or raises :class:`Malformed`."""


def _without_aliases(kind: Any) -> Any:
    """A kind that is written out: NumPy 2.5 and later declare ``NDArray`` by Python 3.12's ``type`` statement."""
    while True:
        origin = get_origin(kind)
        if hasattr(origin, "__value__"):
            kind = origin.__value__[get_args(kind)]
        elif hasattr(kind, "__value__"):
            kind = kind.__value__
        else:
            return kind


def _optional(kind: Any, arms: tuple[Any, ...]) -> Rebuild:
    if len(arms) != 2 or NoneType not in arms:
        raise TypeError(_DOES_NOT_TRAVEL.format(kind))
    (arm,) = (learn(arm) for arm in arms if arm is not NoneType)
    return lambda payload, data: None if data is None else arm(payload, data)


def _tuple(kinds: tuple[Any, ...]) -> Rebuild:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        item = learn(kinds[0])
        return lambda payload, data: tuple(item(payload, value) for value in _expect(list, data))
    items = [learn(kind) for kind in kinds]

    def read(payload: _Payload, data: Any) -> tuple[Any, ...]:
        values = _expect(list, data)
        if len(values) != len(items):
            message = f"{len(values)} values in place of {len(items)}"
            raise Malformed(message)
        return tuple(item(payload, value) for item, value in zip(items, values, strict=True))

    return read


def _dataclass(kind: type) -> Rebuild:
    hints = get_type_hints(kind)
    # In the order of declaration, which is the order in which the arrays' bytes were written.
    items = {item.name: learn(hints[item.name]) for item in fields(kind)}

    def read(payload: _Payload, data: Any) -> Any:
        given = _expect(dict, data)
        if given.keys() != items.keys():
            message = f"{kind.__name__} has not the fields {sorted(map(str, given))[:20]}"
            raise Malformed(message)
        return kind(**{name: item(payload, given[name]) for name, item in items.items()})

    return read


def _array(kind: Any) -> Rebuild:
    numbers = _without_aliases(get_args(kind)[1])
    (scalar,) = get_args(numbers) or (None,)
    if not (isinstance(scalar, type) and np.dtype(scalar) in DTYPES.values()):
        raise TypeError(_DOES_NOT_TRAVEL.format(kind))
    wanted = np.dtype(scalar)

    def read(payload: _Payload, data: Any) -> NDArray[Any]:
        given = _expect(dict, data)
        dtype = DTYPES.get(_expect(str, given.get("dtype")))
        if dtype is None or dtype != wanted:
            message = f"an array of {given.get('dtype')!r} in place of {wanted.name}"
            raise Malformed(message)
        shape = [_whole(side) for side in _expect(list, given.get("shape"))]
        if len(shape) > MAX_RANK or any(not 0 <= side <= len(payload) for side in shape):
            message = f"an array of shape {shape[:20]}"
            raise Malformed(message)
        return payload.take(shape, dtype)

    return read


def _expect(kind: type[T], data: Any) -> T:
    if not isinstance(data, kind):
        message = f"a {type(data).__name__} in place of a {kind.__name__}"
        raise Malformed(message)
    return data


def _whole(data: Any) -> int:
    number = _expect(int, data)
    if isinstance(data, bool):
        message = "a truth value in place of a whole number"
        raise Malformed(message)
    if abs(number) >= MAX_INTEGER:
        message = "a whole number of more than 64 bits"
        raise Malformed(message)
    return number


def _number(data: Any) -> float:
    return data if isinstance(data, float) else float(_whole(data))


def _text(data: Any) -> str:
    text = _expect(str, data)
    try:
        text.encode()
    except ValueError as error:
        raise Malformed(str(error)[:200]) from None
    return text


def _member(kind: type[StrEnum], data: Any) -> StrEnum:
    try:
        return kind(_expect(str, data))
    except ValueError as error:
        raise Malformed(str(error)[:200]) from None


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    bool: lambda data: _expect(bool, data),
    int: _whole,
    float: _number,
    str: _text,
    Path: lambda data: Path(_expect(str, data)),
}


def chunks(arrays: list[NDArray[Any]]) -> Iterator[memoryview]:
    """The bytes of arrays, without copying them."""
    for array in arrays:
        yield array.data.cast("B") if array.size else memoryview(b"")
