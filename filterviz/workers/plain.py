"""Frozen dataclasses to JSON and back, with every type checked on the way back.

What a child answers is not trusted: a file may have taken it over. So nothing is rebuilt but the class that was
expected, from values of exactly the types its fields declare, and arrays are numbers of one of two kinds whose bytes
must all be there. No class, module or function is ever named by the data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype(np.uint8), "float32": np.dtype("<f4")}
"""The kinds of numbers that travel as raw bytes."""

MAX_RANK = 6
MAX_INTEGER = 2**63


class Malformed(ValueError):
    """Data that is not what was declared. For the log: a user never sees it."""


def flatten(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """A value as JSON data; the arrays in it are appended to ``arrays`` and leave their kind and shape behind.

    Example:
        >>> from filterviz.spec import NodeSpec
        >>> flatten(NodeSpec(3, (1, 2)), [])
        {'layer': 3, 'inputs': [1, 2], 'output_shape': None, 'permutations': []}
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
    """
    reader = _Reader(payload)
    value: T = reader.value(kind, data)
    reader.finish()
    return value


def learn(kind: Any) -> None:
    """Look up the types of a dataclass and of all in it now.

    They are written as text, so looking them up evaluates code, which a child may not do later.
    """
    for item in get_args(kind):
        learn(item)
    if is_dataclass(kind):
        for item in _fields(cast(Any, kind)).values():
            learn(item)


class _Reader:
    """Takes the arrays' bytes in order while a value is rebuilt."""

    def __init__(self, payload: memoryview) -> None:
        self._payload = payload
        self._position = 0

    def finish(self) -> None:
        if self._position != len(self._payload):
            message = f"{len(self._payload) - self._position} bytes belong to no array"
            raise Malformed(message)

    def value(self, kind: Any, data: Any) -> Any:
        """One value of the declared kind."""
        if kind is Any:
            return data
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            return self._optional(get_args(kind), data)
        if origin is tuple:
            return self._tuple(get_args(kind), data)
        if origin is np.ndarray:
            return self._array(get_args(get_args(kind)[1])[0], data)
        if origin is not None and issubclass(origin, Mapping):
            return dict(_expect(dict, data))
        if is_dataclass(kind):
            return self._dataclass(kind, data)
        return _scalar(kind, data)

    def _optional(self, arms: tuple[Any, ...], data: Any) -> Any:
        if data is None and NoneType in arms:
            return None
        (arm,) = (arm for arm in arms if arm is not NoneType)
        return self.value(arm, data)

    def _tuple(self, kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
        items = _expect(list, data)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            return tuple(self.value(kinds[0], item) for item in items)
        if len(items) != len(kinds):
            message = f"{len(items)} values in place of {len(kinds)}"
            raise Malformed(message)
        return tuple(self.value(kind, item) for kind, item in zip(kinds, items, strict=True))

    def _dataclass(self, kind: Any, data: Any) -> Any:
        given = _expect(dict, data)
        declared = _fields(kind)
        if given.keys() != declared.keys():
            message = f"{kind.__name__} has not the fields {sorted(map(str, given))[:20]}"
            raise Malformed(message)
        # In the order of declaration, which is the order in which the arrays' bytes were written.
        return kind(**{name: self.value(item, given[name]) for name, item in declared.items()})

    def _array(self, wanted: type[np.generic], data: Any) -> NDArray[Any]:
        given = _expect(dict, data)
        dtype = DTYPES.get(_expect(str, given.get("dtype")))
        if dtype is None or dtype != np.dtype(wanted):
            message = f"an array of {given.get('dtype')!r} in place of {np.dtype(wanted).name}"
            raise Malformed(message)
        shape = [_scalar(int, side) for side in _expect(list, given.get("shape"))]
        if len(shape) > MAX_RANK or any(not 0 <= side <= len(self._payload) for side in shape):
            message = f"an array of shape {shape[:20]}"
            raise Malformed(message)
        end = self._position + math.prod(shape) * dtype.itemsize
        if end > len(self._payload):
            message = f"an array of shape {shape} in {len(self._payload) - self._position} bytes"
            raise Malformed(message)
        flat: NDArray[Any] = np.frombuffer(self._payload[self._position : end], dtype)
        self._position = end
        return flat.reshape(shape)


@cache
def _fields(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, in order."""
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


def _expect(kind: type[T], data: Any) -> T:
    if not isinstance(data, kind):
        message = f"a {type(data).__name__} in place of a {kind.__name__}"
        raise Malformed(message)
    return data


def _scalar(kind: Any, data: Any) -> Any:
    if kind is Path:
        return Path(_expect(str, data))
    if kind is bool:
        return _expect(bool, data)
    if isinstance(data, bool):
        message = f"a truth value in place of a {kind.__name__}"
        raise Malformed(message)
    if kind is float:
        return float(_expect_number(data))
    if kind is int:
        number = _expect(int, data)
        if abs(number) >= MAX_INTEGER:
            message = "a whole number of more than 64 bits"
            raise Malformed(message)
        return number
    try:
        if issubclass(kind, StrEnum):
            return kind(_expect(str, data))
        _expect(str, data).encode()
    except ValueError as error:
        raise Malformed(str(error)[:200]) from None
    return data


def _expect_number(data: Any) -> float:
    if not isinstance(data, int | float) or (isinstance(data, int) and abs(data) >= MAX_INTEGER):
        message = f"a {type(data).__name__} in place of a number"
        raise Malformed(message)
    return data


def chunks(arrays: list[NDArray[Any]]) -> Iterator[memoryview]:
    """The bytes of arrays, without copying them."""
    for array in arrays:
        yield array.data.cast("B") if array.size else memoryview(b"")
