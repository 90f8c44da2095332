"""Which types in an HDF5 file are numbers, and which of those are none of NumPy's."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from filterviz.reader.small_floats import SMALL_FLOATS

DATATYPE = 0x0003
FLOATING_POINT = 1
"""Type of a header message, and a class of types (HDF5 specification 3.0, section IV.A.2.d)."""

Layout = tuple[int, int, int, int, int, int]
"""Of a floating-point number, in bits: precision, position and size of the exponent, position and size of the mantissa,
bias of the exponent."""

FLOATS: dict[Layout, str | None] = {
    (16, 10, 5, 0, 10, 15): None,
    (32, 23, 8, 0, 23, 127): None,
    (64, 52, 11, 0, 52, 1023): None,
    (16, 7, 8, 0, 7, 127): "bfloat16",
}
"""The layouts that are understood, with the name in :data:`~filterviz.reader.small_floats.SMALL_FLOATS` or ``None`` for
those of NumPy. pyfive takes every other layout for NumPy's type of the same size."""


def number_type(dataset: Any, header: Any) -> tuple[bool, str | None]:
    """Whether an array is one of numbers, and the name of their type where NumPy has none.

    Args:
        dataset: A :class:`pyfive.Dataset`.
        header: Its header messages, a ``pyfive.dataobjects.DataObjects``.
    """
    dtype = np.dtype(dataset.dtype)
    if dtype.kind in "iu":
        return True, None
    if dtype.kind == "f":
        layout = _float_layout(header)
        return layout in FLOATS, None if layout is None else FLOATS.get(layout)
    if dtype.kind != "V" or dtype.names is not None:
        return False, None
    # h5py writes types that other packages add to NumPy as bytes without a meaning; .keras archives name the type
    # beside them. Of two bytes Keras has only one such type, as float16 is NumPy's own.
    name = dataset.attrs.get("dtype", "bfloat16")
    name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    known = SMALL_FLOATS.get(name) if isinstance(name, str) else None
    return known is not None and known.size == dtype.itemsize, name if known is not None else None


def _float_layout(header: Any) -> Layout | None:
    """How the bits of a floating-point number are used; ``None`` where the array is not one of them."""
    message = header.find_msg_type(DATATYPE)[0]
    start = message["offset_to_message"]
    kind, first_bit = header.msg_data[start], struct.unpack_from("<H", header.msg_data, start + 8)[0]
    if kind & 15 != FLOATING_POINT or first_bit:
        return None
    precision, exponent, exponent_bits, mantissa, mantissa_bits, bias = struct.unpack_from(
        "<HBBBBI", header.msg_data, start + 10
    )
    return precision, exponent, exponent_bits, mantissa, mantissa_bits, bias
