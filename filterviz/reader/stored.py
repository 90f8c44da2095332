"""An array in the file and how it becomes the layer's: other versions of Keras kept other axes, shapes and kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import Trait, kind_of
from filterviz.reader.hdf5 import Array
from filterviz.reader.packed import NEW_MODEL, Packed, Unfit
from filterviz.reader.records import Record

INCOMPLETE = "The file does not have all that it takes to work out its weights."


@dataclass(frozen=True, slots=True)
class Stored:
    """An array in the file, and how it becomes the layer's.

    Attributes:
        array: The array as it lies in the file.
        axes: Order into which its axes are brought; ``None`` where they are in order.
        flip: Whether the kernel is turned by half a turn, because Theano convolved where others correlate.
        reshape: Shape that it has after that, where it has axes of length one too many or too few.
    """

    array: Array
    axes: tuple[int, ...] | None = None
    flip: bool = False
    reshape: tuple[int, ...] | None = None

    def read(self) -> NDArray[np.float32]:
        """The numbers as the layer takes them.

        Raises:
            Refused: They cannot be read.
        """
        values = self.array.read()
        if self.axes is not None:
            values = values.transpose(self.axes)
        if self.reshape is not None:
            values = values.reshape(self.reshape)
        if self.flip:
            values = values[(slice(None, None, -1),) * (values.ndim - 2)]
        return np.ascontiguousarray(values)


Arrays = tuple[Stored | Packed, ...]
"""The arrays of one layer, in its order."""


class Unreadable(Exception):
    """The arrays of some layers are in the file, but are not those that their rule asks for.

    Args:
        layers: The reason, by the name of the layer.
    """

    def __init__(self, layers: dict[str, str]) -> None:
        super().__init__(layers)
        self.layers = layers


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the file for each layer, by the index of its record.

    Attributes:
        arrays: Arrays that lie in the layer's own order.
        roles: Arrays of packed layers, by what they are.
    """

    arrays: dict[int, list[Array]] = field(default_factory=dict)
    roles: dict[int, dict[str, Array]] = field(default_factory=dict)


def fitted(record: Record, lying: Sequence[Array], roles: Mapping[str, Array], flip: bool) -> Arrays:
    """The arrays of one layer as it takes them.

    Args:
        record: The layer.
        lying: Its arrays that lie in its own order.
        roles: Its other arrays, by what they are.
        flip: Whether kernels of convolutions are turned by half a turn.

    Raises:
        Refused: They are not those of this layer.
        Unreadable: It is packed, and they are not what its rule asks for.
    """
    wanted = record.weight_shapes
    arrays: Sequence[Array | Packed] = lying
    if record.packing is not None:
        try:
            arrays = record.packing.unpack(lying, roles, wanted, record.params)
        except Unfit:
            raise Unreadable({record.name: INCOMPLETE}) from None
    if kind_of(record.kind, Trait.MEASURED) and len(arrays) == 2:
        wanted = wanted[:2]
    if len(arrays) != len(wanted):
        message = f"The layer {record.name!r} needs {len(wanted)} arrays of weights; the file has {len(arrays)} for it."
        raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, NEW_MODEL)
    flipped = flip and kind_of(record.kind, Trait.CONVOLVES)
    return tuple(
        array if isinstance(array, Packed) else _fit(record, array, shape, flipped and len(shape) > 2)
        for array, shape in zip(arrays, wanted, strict=True)
    )


def _fit(record: Record, array: Array, wanted: tuple[int, ...], flip: bool) -> Stored:
    """One array as the layer takes it, from any shape that some version of Keras gave it."""
    shape = array.shape
    if shape == wanted:
        return Stored(array, flip=flip)
    rank = len(wanted)
    if kind_of(record.kind, Trait.SORTS_AXES) and sorted(shape) == sorted(wanted):
        return Stored(array, reshape=wanted)  # Keras 2 keeps its axes as they were named, and takes them as they lie
    if len(shape) == rank > 2 and (shape[2:], shape[1], shape[0]) == (wanted[:-2], wanted[-2], wanted[-1]):
        return Stored(array, (*range(2, rank), 1, 0), flip=flip)  # Keras 1 kept filters and channels first
    if len(shape) == 4 and rank == 3 and prod(shape) == prod(wanted):
        if shape == (wanted[0], 1, wanted[1], wanted[2]):  # Keras 1 kept one-dimensional kernels in two dimensions
            return Stored(array, reshape=wanted, flip=flip)
        if shape == (wanted[2], wanted[1], wanted[0], 1):
            return Stored(array, (2, 3, 1, 0), reshape=wanted, flip=flip)
    if prod(shape) == prod(wanted) and (rank == 1 or prod(wanted) == max(wanted, default=1)):
        return Stored(array, reshape=wanted)
    message = (
        f"The weights of the layer {record.name!r} have the shape {list(shape)}, but the network's description "
        f"asks for {list(wanted)}."
    )
    raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, NEW_MODEL)
