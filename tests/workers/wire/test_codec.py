"""What may travel is known when the program is loaded, however its kind is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Optional, TypeVar, Union

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from filterviz.workers.wire.codec import DTYPES, Malformed, decode, decoder_for, encode

Scalar = TypeVar("Scalar", bound=np.generic)
# As NumPy 2.5 declares its own NDArray from Python 3.12 on; on older ones this stands for it.
Array = TypeAliasType("Array", np.ndarray[tuple[Any, ...], np.dtype[Scalar]], type_params=(Scalar,))
Pictures = TypeAliasType("Pictures", Array[np.uint8])
Again = TypeAliasType("Again", Pictures)
Maybe = TypeAliasType("Maybe", Pictures | None)
Names = TypeAliasType("Names", tuple[str, ...])


@dataclass(frozen=True)
class Aliased:
    written_out: np.ndarray[tuple[Any, ...], np.dtype[np.float32]]
    numpys: NDArray[np.float32]
    ours: Array[np.float32]
    twice: Again
    maybe: Maybe
    names: Names


def test_an_alias_is_what_it_stands_for() -> None:
    pictures = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    numbers = np.linspace(0, 1, 4, dtype=np.float32)
    value = Aliased(numbers, numbers + 1, numbers + 2, pictures, pictures + 1, ("a", "b"))
    arrays: list[NDArray[Any]] = []
    data = encode(value, arrays)
    again = decode(Aliased, data, memoryview(b"".join(array.tobytes() for array in arrays)))
    np.testing.assert_array_equal(again.numpys, value.numpys)
    np.testing.assert_array_equal(again.ours, value.ours)
    np.testing.assert_array_equal(again.twice, pictures)
    assert again.maybe is not None
    np.testing.assert_array_equal(again.maybe, pictures + 1)
    assert again.names == ("a", "b")


def test_an_alias_is_checked_like_what_it_stands_for() -> None:
    data = {"dtype": "float32", "shape": [1]}
    with pytest.raises(Malformed, match="instead of uint8"):
        decode(Again, data, memoryview(bytes(4)))  # type: ignore[arg-type]


class Number(IntEnum):
    ONE = 1


@dataclass(frozen=True)
class Unknown:
    inner: tuple[set[int], ...]


@pytest.mark.parametrize(
    "kind",
    [
        set[int],
        list[int],
        int | str,
        Optional[int | str],  # noqa: UP045 - both spellings
        Union[int, str, None],  # noqa: UP007
        complex,
        bytes,
        object,
        None,
        Number,
        TypeVar("T"),
        NDArray[np.float64],
        NDArray[Any],
        np.ndarray,
        Array,
        tuple[int, set[int]],
        Unknown,
    ],
    ids=repr,
)
def test_a_kind_that_cannot_travel_is_an_error_before_any_message_comes(kind: Any) -> None:
    with pytest.raises(TypeError, match="cannot be decoded"):
        decoder_for(kind)


@pytest.mark.parametrize(
    "kind", [bool, int, float, str, Path, Any, int | None, dict[str, Any], tuple[int, str]], ids=str
)
def test_a_kind_that_can(kind: Any) -> None:
    assert callable(decoder_for(kind))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_arrays_of_every_kind_that_travels(dtype: np.dtype[Any]) -> None:
    array = np.array([[1, 2, 3]], dtype)
    arrays: list[NDArray[Any]] = []
    again = decode(NDArray[dtype.type], encode(array, arrays), memoryview(arrays[0].tobytes()))  # type: ignore[name-defined]
    np.testing.assert_array_equal(again, array)
