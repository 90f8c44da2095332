"""The arrays that go into a whole network and come out of it: how they are stored in files, and whether they fit.

Inputs are called ``i0``, ``i1``, ... and outputs ``o0``, ``o1``, ..., in the order of the file's network.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest
from filterviz.settings import GIB
from filterviz.spec import ModelSpec, NodeSpec
from filterviz.spec.names import printable

Array = NDArray[np.float32]
Given = Sequence[object] | Mapping[str, object] | NDArray[np.generic]
"""The inputs: in order, or by name (``i0``, or the name of the input layer), or a single array for a single input."""

UNREADABLE = (ValueError, EOFError, SyntaxError, RuntimeError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error)
"""What NumPy and zipfile raise for files that are not ``.npz`` files, or are damaged, encrypted or packed otherwise."""

LARGEST_RESULT = 16 * GIB
"""The most bytes that the outputs of one run may take."""

NUMBERS = "fiub"
"""NumPy's letters for the kinds of numbers that are accepted; all become float32."""


def wanted(spec: ModelSpec) -> str:
    """Which inputs a network takes, as a sentence.

    Example:
        >>> from filterviz.spec import LayerSpec
        >>> node = NodeSpec(0, output_shape=(None, 32, None, 3), channels_first=True)
        >>> wanted(ModelSpec("it", (LayerSpec("image", "InputLayer"),), (node,), (0,), ()))
        'The network takes 1 input: i0 [n, 3, 32, None] (image). The first axis counts the examples; None is any size.'
    """
    inputs = [
        f"i{number} {_shape(spec.nodes[node])} ({printable(spec.layers[spec.nodes[node].layer].name)})"
        for number, node in enumerate(spec.inputs)
    ]
    count = f"{len(inputs)} input{'' if len(inputs) == 1 else 's'}"
    explained = "The first axis counts the examples"
    if any(None in (spec.nodes[node].output_shape or ())[1:] for node in spec.inputs):
        explained += "; None is any size"
    return f"The network takes {count}: {', '.join(inputs)}. {explained}."


def read(path: Path, spec: ModelSpec) -> list[Array]:
    """The inputs in an ``.npz`` file; anything else in it is ignored.

    Raises:
        BadRequest: The file cannot be read, or holds other inputs than the network takes.
    """
    name = repr(str(path))
    found: dict[str, object] = {}
    try:
        with path.open("rb") as file, contextlib.ExitStack() as closing:
            opened = np.load(file, allow_pickle=False)
            if not isinstance(opened, np.lib.npyio.NpzFile):
                message = f"{name} holds one array without a name. Save the inputs with numpy.savez(file, i0=array)."
                raise BadRequest(message)
            closing.enter_context(opened)
            for key in opened.files:
                if re.fullmatch(r"i(0|[1-9]\d{0,5})", key):
                    found[key] = opened[key]
    except MemoryError:
        raise BadRequest(f"The inputs in {name} do not fit into memory.") from None
    except OSError as error:
        raise BadRequest(f"The inputs {name} cannot be read: {error.strerror or error}.") from None
    except UNREADABLE as error:
        objects = "Object arrays" in str(error)
        what = "it holds Python objects, and only arrays of numbers are loaded" if objects else "it is not one"
        message = f"The inputs {name} cannot be read as an .npz file of NumPy: {what}. Save them with numpy.savez."
        raise BadRequest(message) from None
    return fitted(spec, found)


def fitted(spec: ModelSpec, inputs: Given) -> list[Array]:
    """Inputs as the network takes them: float32, each of the shape that the file states.

    Args:
        spec: The network.
        inputs: Whole numbers, truth values or floating-point numbers, in the file's order and layout, batch first.

    Raises:
        BadRequest: The inputs do not fit; says which would.
    """
    if isinstance(inputs, np.ndarray):
        inputs = [inputs]
    expected = [f"i{number}" for number in range(len(spec.inputs))]
    named = inputs if isinstance(inputs, Mapping) else {f"i{number}": item for number, item in enumerate(inputs)}
    layers = {spec.layers[spec.nodes[node].layer].name: name for name, node in zip(expected, spec.inputs, strict=True)}
    if set(named) == set(layers):
        named = {layers[name]: item for name, item in named.items()}
    if missing := [name for name in expected if name not in named]:
        raise _unfit(spec, f"There is no {' and no '.join(missing)}.")
    if spare := [name for name in named if name not in expected]:
        raise _unfit(spec, f"There is {', '.join(map(printable, spare))}, which the network does not take.")
    if not expected:
        raise _unfit(spec, "Nothing can be given to it.")
    arrays = [_numbers(spec, name, named[name]) for name in expected]
    for name, array, node in zip(expected, arrays, spec.inputs, strict=True):
        shape = spec.nodes[node].file_shape or ()
        same = array.ndim == len(shape) and all(
            side == known or (known is None and side > 0)
            for side, known in zip(array.shape[1:], shape[1:], strict=True)
        )
        if not same:
            raise _unfit(spec, f"{name} is {list(array.shape)}.")
    counts = {len(array) for array in arrays}
    if counts == {0} or len(counts) > 1:
        shown = ", ".join(f"{name} {len(array)}" for name, array in zip(expected, arrays, strict=True))
        raise _unfit(spec, f"All inputs must have the same number of examples, at least one: {shown}.")
    return arrays


def _numbers(spec: ModelSpec, name: str, value: object) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise _unfit(spec, f"{name} is not an array: its rows are of different lengths.") from None
    if array.dtype.kind not in NUMBERS:
        raise _unfit(spec, f"{name} holds {array.dtype}, and not whole or floating-point numbers.")
    with np.errstate(over="ignore"):  # float64 too large for the network's float32 is infinite, as it is for Keras
        return array.astype(np.float32)


def _unfit(spec: ModelSpec, what: str) -> BadRequest:
    return BadRequest(f"The inputs do not fit. {what} {wanted(spec)}")


def computable(spec: ModelSpec) -> list[int]:
    """The numbers of the outputs that can be computed.

    Raises:
        BadRequest: There is none; says which layer is in the way.
    """
    found = [number for number, output in enumerate(spec.declared_outputs) if output.reason is None]
    if not found:
        reasons = dict.fromkeys(output.reason or "" for output in spec.declared_outputs)
        reason = " ".join(reasons) or "The file does not say what its outputs are."
        raise BadRequest(f"The outputs of this network cannot be computed. {reason}")
    return found


class OutputCollector:
    """The outputs of a number of examples, which come batch after batch.

    Attributes:
        count: How many examples there will be.
        done: How many examples there are so far.
        arrays: One array for each output, ``count`` rows long; empty before the first batch.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.done = 0
        self.arrays: list[Array] = []

    def add(self, batch: Sequence[Array]) -> None:
        """Take the outputs of the next examples; their shapes are the same in every batch.

        Raises:
            BadRequest: All outputs together do not fit into memory.
        """
        if not self.done:
            size = sum(4 * self.count * prod(array.shape[1:]) for array in batch)
            try:
                if size > LARGEST_RESULT:
                    raise MemoryError
                self.arrays = [np.empty((self.count, *array.shape[1:]), np.float32) for array in batch]
            except MemoryError:
                message = f"The outputs would take {size / 1e9:.1f} GB of memory. Give fewer inputs at a time."
                raise BadRequest(message) from None
        for result, array in zip(self.arrays, batch, strict=True):
            result[self.done : self.done + len(array)] = array
        self.done += len(batch[0])


def layer_of(spec: ModelSpec, number: int) -> str | None:
    """The name of the layer that gives an output; ``None`` where the file does not name one."""
    node = spec.declared_outputs[number].node
    return None if node is None else spec.layers[spec.nodes[node].layer].name


def prepare(path: Path) -> None:
    """Make sure, before anything is computed, that a file can be written.

    Raises:
        BadRequest: It cannot.
    """
    if path.is_dir():
        message = f"The outputs cannot be written to {str(path)!r}, which is a folder. Name a file, such as Y.npz."
        raise BadRequest(message)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def write(path: Path, outputs: Sequence[Array | None]) -> None:
    """Write the outputs as ``o0``, ``o1``, ... into an ``.npz`` file, completely or not at all.

    Args:
        path: Path of the file.
        outputs: One array for each output; one that is ``None`` is left out.

    Raises:
        BadRequest: The file cannot be written.
    """
    named = {f"o{number}": array for number, array in enumerate(outputs) if array is not None}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **named)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> BadRequest:
    return BadRequest(f"The outputs {str(path)!r} cannot be written: {error.strerror or error}.")


def _shape(node: NodeSpec) -> str:
    sides = ["n", *map(str, (node.file_shape or ())[1:])]
    return f"[{', '.join(sides)}]"
