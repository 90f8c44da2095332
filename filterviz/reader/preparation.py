"""What a network does to its pixels itself, before anything it learned: scaling, means subtracted, channels turned.

All of that is one affine map from the channels of the picture to those that the first learned layer takes. It is
followed here through the graph, symbolically and channel by channel; what moves pixels about without mixing their
channels (padding, resizing) leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import Refused
from filterviz.reader.graph import Graph, Node, Record
from filterviz.reader.layers import IDENTITY, Params, slices

Reading = Callable[[int], Sequence[NDArray[np.float32]]]
"""Reads the arrays of a record, by its index."""

Values = NDArray[np.float64]

MOVING = frozenset(
    {
        *(IDENTITY, "ZeroPadding2D", "Cropping2D", "CenterCrop", "Resizing", "UpSampling2D", "AveragePooling2D"),
        *("MaxPooling2D", "Clip", "Pad", "Resize"),
    }
)
"""Kinds after which the values of a channel still lie where they lay, or nearly: a clip only cuts off strays."""

MOST_CHANNELS, MOST_STEPS = 128, 256
"""Of pictures with more channels only what is done to all alike is followed, and only through so many layers."""

EPSILON = 1e-7
"""The smallest deviation that Normalization divides by, Keras's ``epsilon()``."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The mean and the variance of some pixels, over all channels."""

    mean: float
    variance: float


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """An affine map of channels: what is prepared is ``matrix @ picture + offset``.

    Attributes:
        matrix: ``[channels, channels of the picture]``.
        offset: ``[channels]``.
        axis: of a tensor on which the channels lie; ``None`` where the tensor is one channel without such an axis.
        measured: the moments of the picture's pixels, where a Normalization on the way has measured them.
    """

    matrix: Values
    offset: Values
    axis: int | None
    measured: Moments | None = None

    @classmethod
    def nothing(cls, channels: int, axis: int = 3) -> Preparation:
        """The picture as it is."""
        return cls(np.eye(channels), np.zeros(channels), axis)

    @property
    def only_turns(self) -> bool:
        """Whether each prepared channel is one of the picture's, as it is."""
        ones = np.count_nonzero(self.matrix, axis=1) == 1
        return bool(ones.all() and (self.matrix.sum(axis=1) == 1).all() and not self.offset.any())

    @property
    def turned(self) -> bool:
        """Whether the last of three channels comes first: blue, of red, green and blue."""
        strongest = np.abs(self.matrix).argmax(axis=1)
        return self.matrix.shape == (3, 3) and strongest.tolist() == [2, 1, 0]

    def after(self, scale: Values | float, offset: Values | float) -> Preparation:
        """With a further scale and offset, of all channels or of each."""
        scales = np.broadcast_to(np.asarray(scale, np.float64), self.offset.shape)
        return replace(self, matrix=scales[:, np.newaxis] * self.matrix, offset=scales * self.offset + offset)

    def undone(self, mean: Values, variance: Values) -> Moments | None:
        """The moments of the picture's pixels, from those that its prepared channels have.

        Args:
            mean: ``[channels]``.
            variance: ``[channels]``.
        """
        size = np.square(self.matrix).sum(axis=1)
        if mean.shape != self.offset.shape or not size.all() or not np.isfinite([mean, variance]).all():
            return None
        try:
            means = np.linalg.pinv(self.matrix) @ (mean - self.offset)
        except np.linalg.LinAlgError:
            return None
        # What all channels together vary by: each within itself, and their means from each other.
        return Moments(float(means.mean()), float((variance / size).mean() + means.var()))


def first_learned(graph: Graph, read: Reading) -> tuple[int, Preparation] | None:
    """The node of the first learned layer that takes a picture, and how that was prepared for it.

    ``None`` where there is none, or where more happens to the pixels before it than an affine map.

    Args:
        graph: of the network.
        read: the arrays of its Normalization layers, which are measured and not learned.
    """
    found: dict[int, Preparation] = {}
    for position, node in enumerate(graph.nodes):
        record, shape = graph.records[node.spec.layer], node.spec.output_shape
        if shape is None:
            continue
        if graph.is_picture(position):
            channels = shape[-1] or 0
            found[position] = Preparation.nothing(channels if channels <= MOST_CHANNELS else 1)
            continue
        if len(found) > MOST_STEPS or not node.spec.inputs or any(source not in found for source in node.spec.inputs):
            continue
        turns = node.spec.permutations or (None,) * len(node.spec.inputs)
        sources = [_turned(found[source], turn) for source, turn in zip(node.spec.inputs, turns, strict=True)]
        if record.weight_shapes and record.kind != "Normalization":
            return position, sources[0]
        prepared = _prepared(node, record, sources, lambda index=node.spec.layer: read(index))  # type: ignore[misc]
        if prepared is not None and np.isfinite(prepared.matrix).all() and np.isfinite(prepared.offset).all():
            found[position] = prepared
    return None


def _turned(source: Preparation, turn: tuple[int, ...] | None) -> Preparation:
    """With the axes of the tensor permuted."""
    return source if turn is None or source.axis is None else replace(source, axis=turn.index(source.axis))


def _prepared(
    node: Node, record: Record, sources: list[Preparation], read: Callable[[], Sequence[NDArray[np.float32]]]
) -> Preparation | None:
    """What a node makes of its inputs; ``None`` where that is no affine map of channels, or not known here."""
    one, kind, params = sources[0], record.kind, record.params
    rank = len(node.spec.output_shape or ())
    if kind in ("Stack", "Concatenate"):
        return _joined(sources, params["axis"] % rank, kind == "Stack")
    if kind in ("Add", "Subtract", "Average"):
        return _summed(kind, sources)
    if len(sources) > 1:
        return None
    if kind in MOVING:
        axis = one.axis
        return one if axis is None or (node.spec.output_shape or ())[axis] == len(one.offset) else None
    if kind == "Rescaling":
        return _rescaled(one, np.asarray(params["scale"], np.float64), np.asarray(params["offset"], np.float64), rank)
    if kind == "Normalization":
        try:
            return _normalised(one, record, read, rank)
        except (Refused, ValueError):  # what cannot be read is said where it is needed
            return None
    if kind == "Slice":
        return _sliced(one, params["parts"], rank)
    if kind == "Take":
        return _taken(one, list(params["indices"])) if params["axis"] == one.axis else None
    if kind == "ExpandDims" and one.axis is None and len(params["axis"]) == 1:
        return replace(one, axis=params["axis"][0] % rank)
    if kind == "Squeeze" and tuple(params["axis"]) == (one.axis,):
        return replace(one, axis=None)
    if kind in ("Binary", "MatMul") and "constant" in params:
        constant = params["constant"]
        values = np.asarray(constant["values"], np.float64).reshape(constant["shape"])
        return _mixed(one, params, values, rank) if kind == "MatMul" else _computed(one, params, values, rank)
    if kind == "Permute":
        return _turned(one, (0, *params["dims"]))
    if kind == "Elementwise" and params["function"] == "negative":
        return one.after(-1.0, 0.0)
    if kind == "Reduce" and params["how"] in ("mean", "sum") and one.axis is not None:
        return _reduced(one, params["how"] == "mean", [axis % 4 for axis in params["axes"]], params["keepdims"])
    return None


def _rescaled(one: Preparation, scale: Values, offset: Values, rank: int) -> Preparation | None:
    """Numbers for each channel lie along the last axis, as arrays are broadcast."""
    if max(scale.size, offset.size) > 1 and one.axis != rank - 1:
        return None
    if any(values.size not in (1, len(one.offset)) for values in (scale, offset)):
        return None
    return one.after(scale.reshape(-1), offset.reshape(-1))


def _normalised(
    one: Preparation, record: Record, read: Callable[[], Sequence[NDArray[np.float32]]], rank: int
) -> Preparation | None:
    """A Normalization: what it subtracts and divides by was measured on the pixels, or given to it."""
    params = record.params
    given = [params["mean"], params["variance"]] if "mean" in params else list(read())[:2]
    if len(given) < 2:
        return None
    axes = params["axis"] if isinstance(params["axis"], list | tuple) else [params["axis"]]
    apart = one.axis is not None and one.axis in [axis % rank for axis in axes if axis is not None]
    mean, variance = (_by_channel(np.asarray(values, np.float64), one, apart) for values in given)
    if mean is None or variance is None or (variance < 0).any():
        return None
    if not mean.any() and (variance == 1).all():
        return one  # as it began: it has measured nothing
    deviation = np.maximum(np.sqrt(variance), EPSILON)
    if params.get("invert"):
        return one.after(deviation, mean)
    prepared = one.after(1 / deviation, -mean / deviation)
    return replace(prepared, measured=one.measured or one.undone(mean, variance))


def _by_channel(values: Values, one: Preparation, apart: bool) -> Values | None:
    """What a Normalization holds as one number for each channel: the mean over places that it keeps apart as well.

    Args:
        values: in the order of the axes it keeps apart, all others of length one or left out.
        one: the channels.
        apart: whether it keeps channels apart.
    """
    channels = len(one.offset)
    if not values.size:
        return None
    if not apart or values.size == 1:
        return np.full(channels, values.mean())
    if values.shape[-1] != channels and values.size == channels:
        return values.reshape(-1)
    return values.reshape(-1, channels).mean(axis=0) if values.shape[-1] == channels else None


def _sliced(one: Preparation, parts: Sequence[object], rank: int) -> Preparation | None:
    """``x[..., ::-1]``, ``x[..., 0]``, ``x[..., :3]``."""
    every = slices(parts, rank + sum(isinstance(part, int) for part in parts))
    lost = [axis for axis, part in enumerate(every) if isinstance(part, int)]
    if one.axis is None or lost not in ([], [one.axis]):
        return None
    part = every[one.axis]
    channels = np.arange(len(one.offset))
    if isinstance(part, int):
        chosen = _taken(one, [part])
        return None if chosen is None else replace(chosen, axis=None)
    return _taken(one, channels[part].tolist())


def _taken(one: Preparation, places: list[int]) -> Preparation | None:
    """Some of the channels, in some order."""
    if not 0 < len(places) <= MOST_CHANNELS or not all(-len(one.offset) <= place < len(one.offset) for place in places):
        return None
    return replace(one, matrix=one.matrix[places], offset=one.offset[places])


def _computed(one: Preparation, params: Params, constant: Values, rank: int) -> Preparation | None:
    """A constant added, subtracted, multiplied or divided by, one number or one for each channel."""
    if constant.size > 1:
        shape = (1,) * (rank - constant.ndim) + constant.shape
        if one.axis is None or shape[one.axis] != constant.size or constant.size != len(one.offset):
            return None
    numbers, function, first = constant.reshape(-1), params["function"], params.get("constant_first", False)
    if function == "add":
        return one.after(1.0, numbers)
    if function == "subtract":
        return one.after(-1.0, numbers) if first else one.after(1.0, -numbers)
    if function == "multiply":
        return one.after(numbers, 0.0)
    if function == "divide" and not first and numbers.all():
        return one.after(1 / numbers, 0.0)
    return None


def _mixed(one: Preparation, params: Params, constant: Values, rank: int) -> Preparation | None:
    """A product with a matrix, as from red, green and blue to lightness and colour."""
    turned = params.get("transpose_a") or params.get("transpose_b")
    if turned or one.axis != rank - 1 or constant.ndim != 2 or max(constant.shape) > MOST_CHANNELS:
        return None
    if constant.shape[0] != len(one.offset):
        return None
    return replace(one, matrix=constant.T @ one.matrix, offset=constant.T @ one.offset)


def _joined(sources: Sequence[Preparation], axis: int, new: bool) -> Preparation | None:
    """Channels beside each other, on an axis of theirs or on a new one."""
    if any(source.axis != (None if new else axis) for source in sources):
        return None
    total = sum(len(source.offset) for source in sources)
    if len({source.matrix.shape[1] for source in sources}) > 1 or total > MOST_CHANNELS:
        return None
    matrix = np.concatenate([source.matrix for source in sources])
    offset = np.concatenate([source.offset for source in sources])
    return Preparation(matrix, offset, axis, sources[0].measured)


def _summed(kind: str, sources: Sequence[Preparation]) -> Preparation | None:
    """Tensors added, subtracted or averaged; one channel is broadcast over several."""
    if len({(source.matrix.shape[1], source.axis) for source in sources}) > 1:
        return None
    signs = (1.0, -1.0) if kind == "Subtract" else (1.0,) * len(sources)
    share = 1 / len(sources) if kind == "Average" else 1.0
    channels = max(len(source.offset) for source in sources)
    if len(signs) != len(sources) or any(len(source.offset) not in (1, channels) for source in sources):
        return None
    matrix = np.zeros((channels, sources[0].matrix.shape[1]))
    offset = np.zeros(channels)
    for sign, source in zip(signs, sources, strict=True):
        matrix, offset = matrix + sign * share * source.matrix, offset + sign * share * source.offset
    return Preparation(matrix, offset, sources[0].axis, sources[0].measured)


def _reduced(one: Preparation, mean: bool, axes: list[int], keepdims: bool) -> Preparation | None:
    """Grey made of colours: the sum or the mean of the channels."""
    if axes != [one.axis]:
        return None
    share = 1 / len(one.offset) if mean else 1.0
    matrix, offset = share * one.matrix.sum(axis=0, keepdims=True), share * one.offset.sum(keepdims=True)
    return replace(one, matrix=matrix, offset=offset, axis=one.axis if keepdims else None)
