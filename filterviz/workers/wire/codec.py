"""Encode frozen dataclasses as JSON data and raw bytes, and decode them with every type checked.

The parent does not trust what a worker process sends, because a file may have taken the process over. Decoding
therefore builds only the class that the caller expects, from values of exactly the types that its fields declare.
Arrays are uint8 or float32, and every byte of them must be present. The data never names a class, module or function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
"""The array types that can be encoded as raw bytes, by name; float32 is little-endian."""

MAX_RANK = 6
"""The largest number of axes of an array."""

MAX_INTEGER = 2**63
"""Integers must be smaller than this in absolute value."""


class Malformed(ValueError):
    """The data does not have the declared form. The message goes to the log and is never shown to a user."""


def encode(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Convert a value to JSON data. Each array in it is appended to ``arrays`` and replaced by its type and shape.

    Raises:
        Malformed: The value holds an array that is neither uint8 nor float32.

    Example:
        >>> from filterviz.spec import NodeSpec
        >>> encode(NodeSpec(3, (1, 2)), [])
        {'layer': 3, 'inputs': [1, 2], 'output_shape': None, 'permutations': [], 'channels_first': False}
    """
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name), arrays) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item, arrays) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item, arrays) for item in value]
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            raise Malformed(f"arrays of {value.dtype.name} cannot be encoded")
        arrays.append(np.ascontiguousarray(value, DTYPES[value.dtype.name]))
        return {"dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        # A name from a file may hold half of a surrogate pair, which neither screens nor file systems accept.
        return value.encode(errors="replace").decode()
    return value


def decode(kind: type[T], data: Any, payload: memoryview) -> T:
    """Build a ``kind`` from JSON data and the bytes of its arrays in order. The inverse of :func:`encode`.

    Raises:
        Malformed: The data does not describe a ``kind``, or the payload is not exactly the bytes of its arrays.
        TypeError: Values of this kind cannot be decoded; see :func:`decoder_for`.
    """
    remaining = _Payload(payload)
    try:
        value: T = decoder_for(kind)(remaining, data)  # type: ignore[arg-type] # it takes a class for unhashable
    except Malformed:
        raise
    except ValueError as error:
        # The name of no member of an enumeration, or half of a surrogate pair.
        raise Malformed(str(error)[:200]) from None
    if remaining.rest:
        raise Malformed(f"{len(remaining.rest)} bytes belong to no array")
    return value


@cache
def decoder_for(kind: Any) -> Decoder:
    """The function that decodes values of a kind: a dataclass, or any annotation that a field of one may have.

    It is cached, so that a kind that has been asked for once can be decoded without evaluating code.

    Raises:
        TypeError: Values of this kind cannot be decoded.

    Example:
        >>> decoder_for(tuple[int, ...])(_Payload(memoryview(b"")), [1, 2])
        (1, 2)
        >>> decoder_for(set[int])
        Traceback (most recent call last):
        TypeError: values of the kind set[int] cannot be decoded
    """
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
        return lambda payload, data: kind(_expect(str, data))
    raise TypeError(_NOT_DECODABLE.format(kind))


_NOT_DECODABLE = "values of the kind {} cannot be decoded"


class _Payload:
    """The bytes of a message's arrays, consumed in order."""

    def __init__(self, content: memoryview) -> None:
        self.size = len(content)
        self.rest = content

    def take(self, shape: list[int], dtype: np.dtype[Any]) -> NDArray[Any]:
        length = math.prod(shape) * dtype.itemsize
        if length > len(self.rest):
            raise Malformed(f"an array of shape {shape} does not fit in {len(self.rest)} bytes")
        flat: NDArray[Any] = np.frombuffer(self.rest[:length], dtype)
        self.rest = self.rest[length:]
        return flat.reshape(shape)


Decoder = Callable[[_Payload, Any], Any]
"""Decodes JSON data, taking the bytes of its arrays from the payload; raises ``ValueError``."""


def _without_aliases(kind: Any) -> Any:
    """The kind that an alias stands for. NumPy 2.5 declares ``NDArray`` by the ``type`` statement of Python 3.12."""
    while True:
        origin = get_origin(kind)
        if hasattr(origin, "__value__"):
            kind = origin.__value__[get_args(kind)]
        elif hasattr(kind, "__value__"):
            kind = kind.__value__
        else:
            return kind


def _optional(kind: Any, members: tuple[Any, ...]) -> Decoder:
    if len(members) != 2 or NoneType not in members:
        raise TypeError(_NOT_DECODABLE.format(kind))
    (decoder,) = (decoder_for(member) for member in members if member is not NoneType)
    return lambda payload, data: None if data is None else decoder(payload, data)


def _tuple(kinds: tuple[Any, ...]) -> Decoder:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        item = decoder_for(kinds[0])
        return lambda payload, data: tuple(item(payload, value) for value in _expect(list, data))
    items = [decoder_for(kind) for kind in kinds]

    def read(payload: _Payload, data: Any) -> tuple[Any, ...]:
        values = _expect(list, data)
        if len(values) != len(items):
            raise Malformed(f"{len(values)} values instead of {len(items)}")
        return tuple(item(payload, value) for item, value in zip(items, values, strict=True))

    return read


def _dataclass(kind: type) -> Decoder:
    hints = get_type_hints(kind)
    # In the order of declaration, because the bytes of the arrays were written in that order.
    items = {item.name: decoder_for(hints[item.name]) for item in fields(kind)}

    def read(payload: _Payload, data: Any) -> Any:
        given = _expect(dict, data)
        if given.keys() != items.keys():
            raise Malformed(f"{kind.__name__} does not have the fields {sorted(map(str, given))[:20]}")
        return kind(**{name: item(payload, given[name]) for name, item in items.items()})

    return read


def _array(kind: Any) -> Decoder:
    element = _without_aliases(get_args(kind)[1])
    (scalar,) = get_args(element) or (None,)
    if not (isinstance(scalar, type) and np.dtype(scalar) in DTYPES.values()):
        raise TypeError(_NOT_DECODABLE.format(kind))
    wanted = np.dtype(scalar)

    def read(payload: _Payload, data: Any) -> NDArray[Any]:
        given = _expect(dict, data)
        dtype = DTYPES.get(_expect(str, given.get("dtype")))
        if dtype is None or dtype != wanted:
            raise Malformed(f"an array of {given.get('dtype')!r} instead of {wanted.name}")
        shape = [_integer(side) for side in _expect(list, given.get("shape"))]
        if len(shape) > MAX_RANK or any(not 0 <= side <= payload.size for side in shape):
            raise Malformed(f"an array of the impossible shape {shape[:20]}")
        return payload.take(shape, dtype)

    return read


def _expect(kind: type[T], data: Any) -> T:
    if not isinstance(data, kind):
        raise Malformed(f"a {type(data).__name__} instead of a {kind.__name__}")
    return data


def _integer(data: Any) -> int:
    number = _expect(int, data)
    if isinstance(data, bool):
        raise Malformed("a Boolean instead of an integer")
    if abs(number) >= MAX_INTEGER:
        raise Malformed("an integer of more than 64 bits")
    return number


def _number(data: Any) -> float:
    return data if isinstance(data, float) else float(_integer(data))


def _text(data: Any) -> str:
    text = _expect(str, data)
    text.encode()  # fails for half of a surrogate pair
    return text


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    bool: lambda data: _expect(bool, data),
    int: _integer,
    float: _number,
    str: _text,
    Path: lambda data: Path(_expect(str, data)),
}
