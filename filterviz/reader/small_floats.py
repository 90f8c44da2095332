"""Floating-point numbers of 16 and 8 bits that NumPy has no type for, as float32: bfloat16, float8_e4m3fn, float8_e5m2.

bfloat16 is the upper half of a float32. The types of eight bits are those of Micikevicius et al. 2022
(arXiv:2209.05433): E5M2 is the upper half of an IEEE half-precision number; E4M3 has no infinities and a single NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def from_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The values of bfloat16 numbers.

    Args:
        bits: The numbers as uint16, of any shape.

    Returns:
        float32 of the same shape, exact.
    """
    values: NDArray[np.float32] = (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return values


def from_e5m2(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The values of float8_e5m2 numbers, given as uint8 of any shape, in float32 of the same shape."""
    return (bits.astype(np.uint16) << np.uint16(8)).view(np.float16).astype(np.float32)


def from_e4m3(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The values of float8_e4m3fn numbers, given as uint8 of any shape, in float32 of the same shape."""
    return E4M3[bits]


def to_e4m3(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest float8_e4m3fn numbers, in float32; ties go to the even one, and larger values become the largest.

    Args:
        values: Numbers as float32, of any shape.
    """
    limited: NDArray[np.float32] = np.clip(values, -LARGEST_E4M3, LARGEST_E4M3)
    exponents = np.maximum(np.frexp(np.abs(limited))[1] - 1, -6)
    step = np.ldexp(np.float32(1), exponents - 3)
    rounded: NDArray[np.float32] = (np.round(limited / step) * step).astype(np.float32)
    return rounded


def to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest bfloat16 numbers, in float32; ties go to the even one, and NaN stays NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    even = (bits >> np.uint32(16)) & np.uint32(1)
    nearest: NDArray[np.uint32] = (bits + np.uint32(0x7FFF) + even) & np.uint32(0xFFFF0000)
    kept: NDArray[np.float32] = np.where(np.isnan(values), values, nearest.view(np.float32)).astype(np.float32)
    return kept


def _all_e4m3() -> NDArray[np.float32]:
    """The values of the 256 numbers of float8_e4m3fn, by their byte."""
    byte = np.arange(256)
    exponent, fraction = (byte >> 3) & 15, byte & 7
    size = np.where(exponent == 0, np.ldexp(fraction, -9), np.ldexp(8 + fraction, exponent - 10))
    size[(byte & 127) == 127] = np.nan
    values: NDArray[np.float32] = np.where(byte < 128, size, -size).astype(np.float32)
    return values


E4M3 = _all_e4m3()
LARGEST_E4M3 = np.float32(448)


@dataclass(frozen=True, slots=True)
class SmallFloat:
    """A type of number that HDF5 files hold as bytes without a meaning.

    Attributes:
        size: Size of a number in bytes.
        decode: Turns unsigned whole numbers of that size into float32.
    """

    size: int
    decode: Callable[..., NDArray[np.float32]]


SMALL_FLOATS: Mapping[str, SmallFloat] = {
    "bfloat16": SmallFloat(2, from_bfloat16),
    "float8_e4m3fn": SmallFloat(1, from_e4m3),
    "float8_e5m2": SmallFloat(1, from_e5m2),
}
"""The types, by the name that Keras gives them."""
