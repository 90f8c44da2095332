"""Layers whose weights do not lie in the file as they are used: quantised, adapted by LoRA, or inside a wrapper.

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
NOT_NEEDED = ""
"""The role of an array that is kept for training alone."""


class Unfit(Exception):
    """The arrays are not those that the rule asks for."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One array of a layer, made from several in the file.

    Attributes:
        sources: what it is made from, in the order in which ``make`` takes them.
        make: how; it raises :class:`Unfit` where the numbers make no sense.
        shape: that it has.
    """

    sources: tuple[Array, ...]
    make: Callable[..., Numbers]
    shape: tuple[int, ...]

    def read(self) -> Numbers:
        """The numbers as the layer wants them.

        Raises:
            Refused: they cannot be read, or make no sense together.
        """
        values = [array.read() for array in self.sources]
        try:
            with np.errstate(all="ignore"):  # what comes out as no number is found, and said, where it is used
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
        whole: whether all its arrays go by their names; otherwise those of the layer itself lie as they always do.
    """

    whole: bool

    def role(self, name: str) -> str | None:
        """What an array of an HDF5 file is, by its name without the layer's; ``None``: one that lies as always."""

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        """What the arrays of an archive are that lie in the layer's own folder, or in the wrapper's."""

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:
        """The layer's arrays.

        Args:
            usual: those that lie as they always do.
            roles: the others.
            shapes: that the layer wants.
            params: of the layer; what the arrays say of it is added.

        Raises:
            Unfit: they are not those of such a layer.
        """


Unpacked = list[Array | Packed]


def need(roles: Mapping[str, Array], name: str, *shapes: tuple[int, ...]) -> Array:
    """An array that must be there, in one of some shapes.

    Raises:
        Unfit: it is not.
    """
    found = roles.get(name)
    if found is None or found.shape not in shapes:
        raise Unfit(name)
    return found
