"""Layers whose weights are not stored as they are used: quantised, adapted by LoRA, or inside a wrapper.

Each rule is that of the package that wrote the file: ``keras/src/layers/core/dense.py`` and ``embedding.py`` with
``keras/src/quantizers`` of Keras 3.4 to 3.15, ``enable_lora`` of Keras's convolutions, Dense and Embedding,
``SpectralNormalization`` of Keras and of tensorflow-addons, ``WeightNormalization`` of tensorflow-addons and
``PruneLowMagnitude`` of tensorflow-model-optimization. Nothing is guessed: what does not fit the rule is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import Array

Numbers = NDArray[np.float32]
Shapes = Sequence[tuple[int, ...]]
Params = dict[str, Any]

NEW_MODEL = "The file does not fit together; save the model again."


class Unfit(Exception):
    """The arrays are not those that the rule needs."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One array of a layer, made from several in the file.

    Attributes:
        sources: The arrays in the file, in the order in which ``make`` takes them.
        make: Function that makes it from their numbers; it raises :class:`Unfit` where these make no sense.
        shape: Its shape.
    """

    sources: tuple[Array, ...]
    make: Callable[..., Numbers]
    shape: tuple[int, ...]

    def read(self) -> Numbers:
        """The numbers as the layer takes them.

        Raises:
            Refused: They cannot be read, or make no sense together.
        """
        values = [array.read() for array in self.sources]
        try:
            with np.errstate(all="ignore"):  # numbers that are not finite are reported where they are used
                made = np.ascontiguousarray(self.make(*values), np.float32)
        except Unfit:
            made = None
        if made is None or made.shape != self.shape:
            path = self.sources[0].path
            raise Refused(RefusalCode.MISMATCHED_WEIGHTS, f"The weights {path!r} make no sense.", path, NEW_MODEL)
        return made


class Packing(Protocol):
    """How the arrays of one layer are packed.

    Attributes:
        whole: Whether all its arrays are known by their names; otherwise those of the layer itself lie in its order.
    """

    whole: bool

    def role(self, name: str) -> str | None:
        """What an array of an HDF5 file is, by its own name; ``None`` where it lies in the layer's order."""

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        """The arrays in an archive's folder of the layer, or of the wrapper around it, by what they are."""

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:
        """The arrays of the layer, in its own order.

        Args:
            usual: Its arrays that lie in that order.
            roles: Its other arrays, by what they are.
            shapes: The shapes that the layer takes.
            params: Parameters of the layer; what its arrays say about it is added.

        Raises:
            Unfit: The arrays are not those of such a layer.
        """


Unpacked = list[Array | Packed]


def need(roles: Mapping[str, Array], name: str, *shapes: tuple[int, ...]) -> Array:
    """An array that the rule needs.

    Args:
        roles: The arrays, by what they are.
        name: What the array is.
        shapes: Shapes that it may have.

    Raises:
        Unfit: It is missing or has another shape.
    """
    found = roles.get(name)
    if found is None or found.shape not in shapes:
        raise Unfit(name)
    return found
