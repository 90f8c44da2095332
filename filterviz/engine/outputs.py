"""Computes the outputs of the whole network from given inputs, batch by batch in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.whole_network import Whole, build_whole
from filterviz.errors import BadRequest, Stopped
from filterviz.layers import KINDS
from filterviz.layers.axes import channels_last, turned
from filterviz.layers.passing import FOLD, INPUT, START, UNFOLD
from filterviz.layers.shapes import ShapeError
from filterviz.reader import OpenedModel
from filterviz.reader.graph_builder import folded, unfolded
from filterviz.settings import MIB, Settings
from filterviz.spec import ModelSpec, Shape, ancestors

Array = NDArray[np.float32]

BYTES_PER_BYTE = 2
"""Bytes of memory for each byte of activations: the values, and the workspace of the layer at hand."""

GROWING_SECONDS = 1.0
"""Batches grow while they take less, so that progress is shown and a stop is noticed every few seconds."""

LARGEST_ANSWER = 64 * MIB
"""Bytes of outputs in one answer; only a single output may be larger, up to :data:`LARGEST_OUTPUT`."""

LARGEST_OUTPUT = 240 * MIB
"""The most bytes of all outputs for one input that the wire takes."""

MOST_AXES = 6
"""The most axes of an array that the wire takes."""


class Outputs:
    """Runs the whole network of one model.

    Args:
        model: An open file.
        settings: The limits.
    """

    def __init__(self, model: OpenedModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._network: Whole | None = None

    def run(self, inputs: Sequence[Array], stop: Callable[[], bool]) -> Iterator[tuple[Array, ...]]:
        """Compute the outputs for some examples.

        Args:
            inputs: An array for each input of the network, in the file's order and layout, batch first.
            stop: Returns whether to stop; called between batches.

        Yields:
            For the next examples, in order, a float32 array for each output that can be computed.

        Raises:
            BadRequest: The inputs do not fit the network, or its outputs are too large.
            Refused: The weights cannot be read.
            Stopped: ``stop`` returned true.
        """
        spec, count = self._model.spec, len(inputs[0]) if inputs else 0
        if len(inputs) != len(spec.inputs) or any(len(array) != count for array in inputs) or not count:
            raise BadRequest("The inputs do not fit the network.")
        _check_shapes(spec, inputs)
        if self._network is None:
            self._network = build_whole(self._model)
        # The first example shows how much memory one takes.
        rows, done = count if spec.whole_batch else 1, 0
        while done < count:
            if stop():
                raise Stopped(f"Stopped; {done} of {count} examples were finished.")
            rows = min(rows, count - done)
            began = time.monotonic()
            made = [tensor.numpy() for tensor in self._network([array[done : done + rows] for array in inputs])]
            seconds = time.monotonic() - began
            _check_outputs(made, rows)
            yield from _answers(made, rows)
            done += rows
            fitting = self._settings.batch_bytes * rows // (BYTES_PER_BYTE * max(1, self._network.activation_bytes))
            rows = max(1, min(fitting, 2 * rows if seconds < GROWING_SECONDS else rows))


def _check_shapes(spec: ModelSpec, inputs: Sequence[Array]) -> None:
    """Make sure that the network can take inputs of these sizes, where the file leaves sizes open.

    Raises:
        BadRequest: It cannot; the message says at which layer, and why.
    """
    found: dict[int, Shape] = {}
    for node, array in zip(spec.inputs, inputs, strict=True):
        shape: Shape = (None, *array.shape[1:])
        found[node] = turned(shape, channels_last(len(shape)) if spec.nodes[node].channels_first else None)
    for node in ancestors(spec.nodes, spec.outputs):
        if node in found:
            continue
        call = spec.nodes[node]
        layer = spec.layers[call.layer]
        shapes = [turned(found[source], turn) for source, turn in call.turned_inputs]
        try:
            found[node] = _shape(layer.rebuilt_as, dict(layer.params), shapes)
            if 0 in found[node]:
                raise ShapeError("nothing is left of it there")
        except (ShapeError, IndexError, ValueError) as error:
            message = f"The network cannot take inputs of this size: the layer {layer.name!r} does not fit, as {error}."
            raise BadRequest(message) from None


def _shape(kind: str, params: dict[str, object], shapes: Sequence[Shape]) -> Shape:
    if kind == FOLD:
        return folded(shapes[0])
    if kind == UNFOLD:
        return unfolded(shapes[0], shapes[1][1])
    if kind in (INPUT, START):
        return shapes[0]
    return KINDS[kind].shape(params, shapes)


def _check_outputs(made: Sequence[Array], rows: int) -> None:
    """Make sure that outputs can be sent.

    Args:
        made: The outputs for one batch.
        rows: Number of examples in it.

    Raises:
        BadRequest: There is not one output for each example, or they are too large.
    """
    for number, array in enumerate(made):
        if array.ndim < 1 or len(array) != rows:
            message = f"The network does not give one output for each input: {rows} went in, {list(array.shape)} came."
            raise BadRequest(message)
        if array.ndim > MOST_AXES:
            raise BadRequest(f"The output {number} has {array.ndim} axes; outputs of up to {MOST_AXES} can be given.")
    size = sum(array.nbytes for array in made) // rows
    if size > LARGEST_OUTPUT:
        message = (
            f"The outputs for one input take {size // MIB} MiB, and up to {LARGEST_OUTPUT // MIB} can be given. "
            "Give a smaller input."
        )
        raise BadRequest(message)


def _answers(made: Sequence[Array], rows: int) -> Iterator[tuple[Array, ...]]:
    """Yield the outputs of a batch in parts that fit into an answer."""
    size = max(1, sum(array.nbytes for array in made) // rows)
    step = max(1, LARGEST_ANSWER // size)
    for first in range(0, rows, step):
        yield tuple(np.ascontiguousarray(array[first : first + step], np.float32) for array in made)
