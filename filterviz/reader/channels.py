"""Affine maps of the channels of a picture, and what joins, mixes and chooses channels makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filterviz.reader.layers import Params, slices

Values = NDArray[np.float64]

MOST_CHANNELS = 128
"""Of pictures with more channels only what is done to all alike is followed."""


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


def turned(source: Preparation, turn: tuple[int, ...] | None) -> Preparation:
    """With the axes of the tensor permuted."""
    return source if turn is None or source.axis is None else replace(source, axis=turn.index(source.axis))


def rescaled(one: Preparation, scale: Values, offset: Values, rank: int) -> Preparation | None:
    """Numbers for each channel lie along the last axis, as arrays are broadcast."""
    if max(scale.size, offset.size) > 1 and one.axis != rank - 1:
        return None
    if any(values.size not in (1, len(one.offset)) for values in (scale, offset)):
        return None
    return one.after(scale.reshape(-1), offset.reshape(-1))


def by_channel(values: Values, one: Preparation, apart: bool) -> Values | None:
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


def sliced(one: Preparation, parts: Sequence[object], rank: int) -> Preparation | None:
    """``x[..., ::-1]``, ``x[..., 0]``, ``x[..., :3]``."""
    every = slices(parts, rank + sum(isinstance(part, int) for part in parts))
    lost = [axis for axis, part in enumerate(every) if isinstance(part, int)]
    if one.axis is None or lost not in ([], [one.axis]):
        return None
    part = every[one.axis]
    channels = np.arange(len(one.offset))
    if isinstance(part, int):
        chosen = taken(one, [part])
        return None if chosen is None else replace(chosen, axis=None)
    return taken(one, channels[part].tolist())


def taken(one: Preparation, places: list[int]) -> Preparation | None:
    """Some of the channels, in some order."""
    if not 0 < len(places) <= MOST_CHANNELS or not all(-len(one.offset) <= place < len(one.offset) for place in places):
        return None
    return replace(one, matrix=one.matrix[places], offset=one.offset[places])


def repeated(one: Preparation, kind: str, params: Params) -> Preparation | None:
    """Channels several times over, as grey is for a network of colours; other axes repeated leave them as they are."""
    along = params["axis"] == one.axis if kind == "Repeat" else True
    times = params["repeats"] if kind == "Repeat" else params["repeats"][one.axis]
    if not along or times == 1:
        return one
    if times * len(one.offset) > MOST_CHANNELS:
        return None
    places = np.arange(len(one.offset))
    return taken(one, (np.repeat(places, times) if kind == "Repeat" else np.tile(places, times)).tolist())


def computed(one: Preparation, params: Params, constant: Values, rank: int) -> Preparation | None:
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


def mixed(one: Preparation, params: Params, constant: Values, rank: int) -> Preparation | None:
    """A product with a matrix, as from red, green and blue to lightness and colour."""
    turned = params.get("transpose_a") or params.get("transpose_b")
    if turned or one.axis != rank - 1 or constant.ndim != 2 or max(constant.shape) > MOST_CHANNELS:
        return None
    if constant.shape[0] != len(one.offset):
        return None
    return replace(one, matrix=constant.T @ one.matrix, offset=constant.T @ one.offset)


def joined(sources: Sequence[Preparation], axis: int, new: bool) -> Preparation | None:
    """Channels beside each other, on an axis of theirs or on a new one."""
    if any(source.axis != (None if new else axis) for source in sources):
        return None
    total = sum(len(source.offset) for source in sources)
    if len({source.matrix.shape[1] for source in sources}) > 1 or total > MOST_CHANNELS:
        return None
    matrix = np.concatenate([source.matrix for source in sources])
    offset = np.concatenate([source.offset for source in sources])
    return Preparation(matrix, offset, axis, sources[0].measured)


def summed(kind: str, sources: Sequence[Preparation]) -> Preparation | None:
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


def reduced(one: Preparation, mean: bool, axes: list[int], keepdims: bool) -> Preparation | None:
    """Grey made of colours: the sum or the mean of the channels."""
    if axes != [one.axis]:
        return None
    share = 1 / len(one.offset) if mean else 1.0
    matrix, offset = share * one.matrix.sum(axis=0, keepdims=True), share * one.offset.sum(keepdims=True)
    return replace(one, matrix=matrix, offset=offset, axis=one.axis if keepdims else None)
