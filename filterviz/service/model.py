"""A network that has been opened: where its file lies, what is in it, and how it is described in files and lists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest
from filterviz.service import network_arrays
from filterviz.spec import DEFAULT_LOAD, Json, LoadOptions, ModelSpec

VGG16 = "vgg16"
"""The architecture, and the name on the command line, of the network to compare with."""

DEMO = "cats_and_dogs"
"""The network that comes with the program together with the stages of its training."""

EXAMPLES = {DEMO: "cats & dogs", "digits": "digits", "shapes": "shapes"}
"""The names of the networks that come with the program, by the names of their folders; see ``examples/``."""

UNTRAINED = "untrained"
"""In place of another file: the same network before training."""


class Computer(Protocol):
    """Computes the outputs of a model: the :class:`~filterviz.service.workspace.Workspace` that opened it does."""

    def outputs(self, model: Model, inputs: network_arrays.Given) -> list[NDArray[np.float32] | None]:
        """Compute the outputs of the whole network; see :meth:`Model.outputs`."""


@dataclass(frozen=True, slots=True)
class Model:
    """A file that has been read and found to be a network.

    Attributes:
        path: Path of the file; ``None`` where it is not here (yet), and the patterns come with the program.
        sha256: Hash of the file's bytes; with ``load_options`` it identifies the network.
        name: What to call it: the file's name, or ``VGG16``. It comes from outside: escape it.
        spec: What is in the file.
        load_options: How the file was opened.
        computer: What computes its outputs; ``None`` where nothing does.
    """

    path: Path | None
    sha256: str
    name: str
    spec: ModelSpec
    load_options: LoadOptions = DEFAULT_LOAD
    computer: Computer | None = field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:
        """The network's name in the store."""
        return self.load_options.identity(self.sha256)

    @property
    def architecture(self) -> str | None:
        """The ``keras.applications`` network that a file of bare weights was opened as."""
        return self.load_options.architecture

    def outputs(self, inputs: network_arrays.Given) -> list[NDArray[np.float32] | None]:
        """Compute the outputs of the whole network, to compare them with what Keras computes.

        Args:
            inputs: An array for each input of the network, in the file's order and layout, batch first; or one array
                where there is one input; or arrays by the names ``i0``, ``i1``, ... or those of the input layers.

        Returns:
            An array for each output, float32, in the file's order and layout; ``None`` for one that cannot be computed
            (``spec.declared_outputs`` says why).

        Raises:
            BadRequest: The inputs do not fit, and the sentence says which do; or no output can be computed.
            EngineFailed: The computation broke.

        Example::

            model = filterviz.open_model("cats_and_dogs.h5")
            (scores,) = model.outputs(photos)
        """
        if self.computer is None:
            raise BadRequest(f"The network {self.name!r} was not opened to compute with it. Open its file.")
        return self.computer.outputs(self, inputs)

    def describe(self) -> dict[str, Json]:
        """The model as it stands in ``run.json`` and in ``layers --json``."""
        shape = self.spec.input_shape
        return {
            "name": self.name,
            "sha256": self.sha256,
            "architecture": self.architecture,
            "untrained": self.load_options.untrained,
            "keras_version": self.spec.keras_version,
            "input_shape": None if shape is None else list(shape),
            "parameters": self.spec.parameters,
            "pixel_range": self.spec.pixel_range.value,
            "pixel_range_reason": self.spec.pixel_range_reason,
            "notes": list(self.spec.notes),
        }


def untrained_name(name: str) -> str:
    """What to call the untrained copy of a model of this name."""
    return f"{name}, untrained"


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
