"""What the whole network computes from given inputs, batch by batch in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.subnetwork import inputs_of, needed
from filterviz.engine.whole_network import Whole, build_whole
from filterviz.errors import BadRequest, Stopped
from filterviz.layers import KINDS
from filterviz.layers.axes import channels_last, turned
from filterviz.layers.passing import FOLD, INPUT, START, UNFOLD
from filterviz.layers.shapes import ShapeError
from filterviz.reader import OpenedModel
from filterviz.reader.graph_builder import folded, unfolded
from filterviz.settings import MIB, Settings
from filterviz.spec import ModelSpec, Shape

Array = NDArray[np.float32]

KEPT = 2
"""Bytes of memory for each byte of activations: the values, and the workspace of the layer at hand."""

LIVELY_SECONDS = 1.0
"""Batches grow while they take less: so progress is seen, and Stop is heard, every few seconds."""

LARGEST_ANSWER = 64 * MIB
"""Outputs are sent in answers of this size, and single ones up to :data:`LARGEST_OUTPUT`."""

LARGEST_OUTPUT = 240 * MIB
MOST_AXES = 6
"""What the wire takes."""


class Outputs:
    """Runs the whole network of one model.

    Args:
        model: an open file.
        settings: the limits.
    """

    def __init__(self, model: OpenedModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._network: Whole | None = None

    def run(self, inputs: Sequence[Array], stop: Callable[[], bool]) -> Iterator[tuple[Array, ...]]:
        """The outputs for some examples.

        Args:
            inputs: an array for each input of the network, in the file's order and layout, batch first.
            stop: asked between batches.

        Yields:
            For the next so many examples, in order, an array for each output that can be computed.

        Raises:
            BadRequest: the inputs do not fit the network, or what it gives is too large.
            Refused: the weights cannot be read.
            Stopped: ``stop`` said so.
        """
        spec, count = self._model.spec, len(inputs[0]) if inputs else 0
        if len(inputs) != len(spec.inputs) or any(len(array) != count for array in inputs) or not count:
            message = "The inputs do not fit the network."
            raise BadRequest(message)
        _check_shapes(spec, inputs)
        if self._network is None:
            self._network = build_whole(self._model)
        # Of how much memory an example takes, the first tells.
        rows, done = count if spec.whole_batch else 1, 0
        while done < count:
            if stop():
                message = f"Stopped; {done} of {count} examples were finished."
                raise Stopped(message)
            rows = min(rows, count - done)
            began = time.monotonic()
            made = [tensor.numpy() for tensor in self._network([array[done : done + rows] for array in inputs])]
            seconds = time.monotonic() - began
            _check_outputs(made, rows)
            yield from _answers(made, rows)
            done += rows
            fitting = self._settings.batch_bytes * rows // (KEPT * max(1, self._network.activation_bytes))
            rows = max(1, min(fitting, 2 * rows if seconds < LIVELY_SECONDS else rows))


def _check_shapes(spec: ModelSpec, inputs: Sequence[Array]) -> None:
    """Whether the network can take inputs of these sizes, where the file leaves sizes open.

    Raises:
        BadRequest: it cannot; says at which layer and why.
    """
    found: dict[int, Shape] = {}
    for node, array in zip(spec.inputs, inputs, strict=True):
        shape: Shape = (None, *array.shape[1:])
        found[node] = turned(shape, channels_last(len(shape)) if spec.nodes[node].channels_first else None)
    for node in needed(spec):
        if node in found:
            continue
        call = spec.nodes[node]
        layer = spec.layers[call.layer]
        shapes = [turned(found[source], turn) for source, turn in inputs_of(call)]
        try:
            found[node] = _shape(layer.rebuilt_as, dict(layer.params), shapes)
            if 0 in found[node]:
                message = "nothing is left of it there"
                raise ShapeError(message)
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
    for number, array in enumerate(made):
        if array.ndim < 1 or len(array) != rows:
            message = f"The network does not give one output for each input: {rows} went in, {list(array.shape)} came."
            raise BadRequest(message)
        if array.ndim > MOST_AXES:
            message = f"The output {number} has {array.ndim} axes; outputs of up to {MOST_AXES} can be given."
            raise BadRequest(message)
    size = sum(array.nbytes for array in made) // rows
    if size > LARGEST_OUTPUT:
        message = (
            f"The outputs for one input take {size // MIB} MiB, and up to {LARGEST_OUTPUT // MIB} can be given. "
            "Give a smaller input."
        )
        raise BadRequest(message)


def _answers(made: Sequence[Array], rows: int) -> Iterator[tuple[Array, ...]]:
    """The outputs of a batch in parts that fit into an answer."""
    size = max(1, sum(array.nbytes for array in made) // rows)
    step = max(1, LARGEST_ANSWER // size)
    for first in range(0, rows, step):
        yield tuple(np.ascontiguousarray(array[first : first + step], np.float32) for array in made)
