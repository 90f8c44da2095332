"""Affine maps of the channels of an image, and what layers that join, mix and choose channels make of them.

What a network does to its pixels before anything that it learned (scaling, subtracting means, reversing channels) is
one affine map from the channels of the image to those that the first learned layer takes. Each kind of layer says here
what it makes of such a map, so that the map can be followed through the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.spec import Shape

Values = NDArray[np.float64]

MOST_CHANNELS = 128
"""Of images with more channels only what happens to all channels alike is followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The mean and the variance of some pixels, over all channels."""

    mean: float
    variance: float


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """An affine map of channels: what is prepared is ``matrix @ image + offset``.

    Attributes:
        matrix: ``[channels, channels of the image]``.
        offset: ``[channels]``.
        axis: The axis of a tensor on which the channels lie; ``None`` where the tensor is one channel without such an
            axis.
        measured: The moments of the image's pixels, where a Normalization on the way has measured them.
    """

    matrix: Values
    offset: Values
    axis: int | None
    measured: Moments | None = None

    @classmethod
    def nothing(cls, channels: int, axis: int = 3) -> Preparation:
        """Return the map that leaves the image as it is."""
        return cls(np.eye(channels), np.zeros(channels), axis)

    @property
    def only_turns(self) -> bool:
        """Whether each prepared channel is one of the image's, as it is."""
        ones = np.count_nonzero(self.matrix, axis=1) == 1
        return bool(ones.all() and (self.matrix.sum(axis=1) == 1).all() and not self.offset.any())

    @property
    def turned(self) -> bool:
        """Whether the last of three channels comes first: blue, of red, green and blue."""
        strongest = np.abs(self.matrix).argmax(axis=1)
        return self.matrix.shape == (3, 3) and strongest.tolist() == [2, 1, 0]

    def after(self, scale: Values | float, offset: Values | float) -> Preparation:
        """Return the map followed by a scale and an offset, each for all channels or for each."""
        scales = np.broadcast_to(np.asarray(scale, np.float64), self.offset.shape)
        return replace(self, matrix=scales[:, np.newaxis] * self.matrix, offset=scales * self.offset + offset)

    def undone(self, mean: Values, variance: Values) -> Moments | None:
        """Return the moments of the image's pixels, from those of its prepared channels.

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
        # The variance over all channels: each channel's own, and that of their means.
        return Moments(float(means.mean()), float((variance / size).mean() + means.var()))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call of a layer on the way from the image.

    Attributes:
        params: Parameters of the layer.
        shape: Shape of its output, batch first.
        read: Reads the arrays of the layer.
    """

    params: Mapping[str, Any]
    shape: Shape
    read: Callable[[], Sequence[NDArray[np.float32]]]

    @property
    def rank(self) -> int:
        """The number of axes of the output."""
        return len(self.shape)


AffineRule = Callable[[Step, Sequence[Preparation]], Preparation | None]
"""What a kind of layer makes of the preparations of its inputs; ``None`` where the result is no such map."""


def single(rule: Callable[[Step, Preparation], Preparation | None]) -> AffineRule:
    """Return the rule of a kind that has a map only where it takes one input."""
    return lambda step, sources: rule(step, sources[0]) if len(sources) == 1 else None


@single
def unchanged(step: Step, one: Preparation) -> Preparation | None:
    """Follow a layer that moves pixels about, or cuts off stray values, without mixing channels."""
    side = None if one.axis is None or one.axis >= step.rank else step.shape[one.axis]
    return one if side is None or len(one.offset) in (1, side) else None


def turned(source: Preparation, turn: Sequence[int] | None) -> Preparation:
    """Return the map of a tensor whose axes are permuted."""
    return source if turn is None or source.axis is None else replace(source, axis=tuple(turn).index(source.axis))


def rescaled(one: Preparation, scale: Values, offset: Values, rank: int) -> Preparation | None:
    """Scale and shift; numbers for each channel lie along the last axis, as arrays are broadcast."""
    if max(scale.size, offset.size) > 1 and one.axis != rank - 1:
        return None
    if any(values.size not in (1, len(one.offset)) for values in (scale, offset)):
        return None
    return one.after(scale.reshape(-1), offset.reshape(-1))


def by_channel(values: Values, one: Preparation, apart: bool) -> Values | None:
    """Return what a Normalization holds as one number per channel, averaged over positions that it also keeps apart.

    Args:
        values: Its numbers, in the order of the axes that it keeps apart; all others have length 1 or are left out.
        one: Map of the channels.
        apart: Whether it keeps channels apart.
    """
    channels = len(one.offset)
    if not values.size:
        return None
    if not apart or values.size == 1:
        return np.full(channels, values.mean())
    if values.shape[-1] != channels and values.size == channels:
        return values.reshape(-1)
    return values.reshape(-1, channels).mean(axis=0) if values.shape[-1] == channels else None


def sliced(one: Preparation, parts: Sequence[slice | int]) -> Preparation | None:
    """Follow ``x[..., ::-1]``, ``x[..., 0]`` and ``x[..., :3]``; one part for each axis."""
    lost = [axis for axis, part in enumerate(parts) if isinstance(part, int)]
    if one.axis is None or lost not in ([], [one.axis]):
        return None
    part = parts[one.axis]
    if isinstance(part, int):
        chosen = taken(one, [part])
        return None if chosen is None else replace(chosen, axis=None)
    return taken(one, np.arange(len(one.offset))[part].tolist())


def taken(one: Preparation, channels: Sequence[int]) -> Preparation | None:
    """Choose some of the channels, in some order."""
    count = len(one.offset)
    if not 0 < len(channels) <= MOST_CHANNELS or not all(-count <= channel < count for channel in channels):
        return None
    return replace(one, matrix=one.matrix[list(channels)], offset=one.offset[list(channels)])


def repeated(
    one: Preparation, times: int, repeat: Callable[[NDArray[np.intp], int], NDArray[np.intp]]
) -> Preparation | None:
    """Repeat channels, as grey is repeated for a network of colours.

    Args:
        one: Map of the channels.
        times: How often.
        repeat: ``np.repeat`` or ``np.tile``.
    """
    if times == 1:
        return one
    if times * len(one.offset) > MOST_CHANNELS:
        return None
    return taken(one, repeat(np.arange(len(one.offset)), times).tolist())


def computed(one: Preparation, function: str, constant: Values, rank: int, *, first: bool) -> Preparation | None:
    """Add, subtract, multiply or divide by a constant, one number or one for each channel.

    Args:
        one: Map of the channels.
        function: ``add``, ``subtract``, ``multiply`` or ``divide``.
        constant: The other operand.
        rank: Number of axes of the tensor.
        first: Whether the constant is the first operand.
    """
    if constant.size > 1:
        shape = (1,) * (rank - constant.ndim) + constant.shape
        if one.axis is None or shape[one.axis] != constant.size or constant.size != len(one.offset):
            return None
    numbers = constant.reshape(-1)
    if function == "add":
        return one.after(1.0, numbers)
    if function == "subtract":
        return one.after(-1.0, numbers) if first else one.after(1.0, -numbers)
    if function == "multiply":
        return one.after(numbers, 0.0)
    if function == "divide" and not first and numbers.all():
        return one.after(1 / numbers, 0.0)
    return None


def mixed(one: Preparation, matrix: Values, rank: int) -> Preparation | None:
    """Multiply by a matrix, as from red, green and blue to lightness and colour."""
    if one.axis != rank - 1 or matrix.ndim != 2 or max(matrix.shape) > MOST_CHANNELS:
        return None
    if matrix.shape[0] != len(one.offset):
        return None
    return replace(one, matrix=matrix.T @ one.matrix, offset=matrix.T @ one.offset)


def joined(sources: Sequence[Preparation], axis: int, *, new: bool) -> Preparation | None:
    """Put channels beside each other, on an axis of theirs or on a new one."""
    if any(source.axis != (None if new else axis) for source in sources):
        return None
    total = sum(len(source.offset) for source in sources)
    if len({source.matrix.shape[1] for source in sources}) > 1 or total > MOST_CHANNELS:
        return None
    matrix = np.concatenate([source.matrix for source in sources])
    offset = np.concatenate([source.offset for source in sources])
    return Preparation(matrix, offset, axis, sources[0].measured)


def summed(sources: Sequence[Preparation], factors: Sequence[float]) -> Preparation | None:
    """Add tensors, each times a factor; one channel is broadcast over several."""
    if len({(source.matrix.shape[1], source.axis) for source in sources}) > 1:
        return None
    channels = max(len(source.offset) for source in sources)
    if len(factors) != len(sources) or any(len(source.offset) not in (1, channels) for source in sources):
        return None
    matrix = np.zeros((channels, sources[0].matrix.shape[1]))
    offset = np.zeros(channels)
    for factor, source in zip(factors, sources, strict=True):
        matrix, offset = matrix + factor * source.matrix, offset + factor * source.offset
    return Preparation(matrix, offset, sources[0].axis, sources[0].measured)


def reduced(one: Preparation, axes: Sequence[int], *, mean: bool, keepdims: bool) -> Preparation | None:
    """Make grey of colours: the sum or the mean of the channels."""
    if list(axes) != [one.axis]:
        return None
    share = 1 / len(one.offset) if mean else 1.0
    matrix, offset = share * one.matrix.sum(axis=0, keepdims=True), share * one.offset.sum(keepdims=True)
    return replace(one, matrix=matrix, offset=offset, axis=one.axis if keepdims else None)
