"""The arithmetic of receptive fields: which pixels along one side each position of an output depends on.

A :data:`Line` holds, for each position along one side, the first and the last pixel that it depends on. Each kind of
layer says what it makes of a line, so branches, enlargements and whatever else keeps positions in order can be
followed. Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019
(10.23915/distill.00021), give the formulas for windows and strides in a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Params = Mapping[str, Any]

Line = tuple[NDArray[np.int32], NDArray[np.int32]]
"""For each position along one side, the first and the last pixel it depends on. Neither of them ever falls."""

IMAGE = 4
"""The number of axes of a batch of images."""

INTERPOLATION_REACH: Mapping[str, tuple[int, int]] = {
    "nearest": (0, 0),
    "area": (0, 0),
    "bilinear": (0, 1),
    "bicubic": (1, 2),
    "mitchellcubic": (1, 2),
    "gaussian": (1, 2),
    "lanczos3": (2, 3),
    "lanczos5": (4, 5),
}
"""How many positions before and after its own an interpolation looks at where it enlarges images."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a kind of layer makes of receptive fields.

    Attributes:
        applies: Whether positions can be followed through the layer, from its parameters and from the number of axes
            before and after it. Where they cannot, its outputs depend on the whole image.
        side: What it makes of the line of one side (0 for the height, 1 for the width); ``None`` leaves lines as they
            are.
    """

    applies: Callable[[Params, int, int], bool]
    side: Callable[[Params, int, Line], Line] | None = None


def _over_images(params: Params, before: int, after: int) -> bool:  # noqa: ARG001
    return before == IMAGE


def moving(side: Callable[[Params, int, Line], Line]) -> FieldRule:
    """Return the rule of a layer over images that moves or combines positions."""
    return FieldRule(_over_images, side)


def along_channels(key: str = "axis") -> FieldRule:
    """Return the rule of a layer that stays in position if the axes which it names are those of the channels."""

    def applies(params: Params, before: int, after: int) -> bool:  # noqa: ARG001
        axes = params[key]
        return before == IMAGE and {axis % IMAGE for axis in (axes if isinstance(axes, list | tuple) else [axes])} == {
            3
        }

    return FieldRule(applies)


VALUE_BY_VALUE = FieldRule(lambda params, before, after: True)
"""Each value depends on the values at its own position, whatever the axes mean."""

IN_POSITION = FieldRule(_over_images)
"""Each position of an image depends on that position alone, apart from statistics of the whole image."""


def compose(line: Line, first: NDArray[np.integer], last: NDArray[np.integer]) -> Line:
    """Compose intervals: output ``i`` depends on the inputs ``first[i]`` to ``last[i]``, clipped to those there are.

    Example:
        >>> pixels = np.arange(4, dtype=np.int32)
        >>> [end.tolist() for end in compose((pixels, pixels), np.array([-1, 1]), np.array([1, 3]))]
        [[0, 1], [1, 3]]
    """
    end = len(line[0]) - 1
    return line[0][np.clip(first, 0, end)], line[1][np.clip(last, 0, end)]


def union(lines: Sequence[Line]) -> Line:
    """Combine branches that meet: each position depends on whatever it depends on in any of them."""
    length = min(len(first) for first, _ in lines)
    firsts, lasts = (np.stack([line[end][:length] for line in lines]) for end in (0, 1))
    return firsts.min(axis=0), lasts.max(axis=0)


def window(key: str) -> Callable[[Params, int, Line], Line]:
    """Return the rule for one side of a sliding window.

    Args:
        key: Parameter with the window's size, ``kernel_size`` or ``pool_size``.
    """

    def side(params: Params, axis: int, line: Line) -> Line:
        stride, dilation = params["strides"][axis], params.get("dilation_rate", (1, 1))[axis]
        length, reach = len(line[0]), (params[key][axis] - 1) * dilation + 1
        if params["padding"] == "same":
            count = -(-length // stride)
            before = max((count - 1) * stride + reach - length, 0) // 2
        else:
            count, before = max(0, (length - reach) // stride + 1), 0
        start = np.arange(count) * stride - before
        return compose(line, start, start + reach - 1)

    return side


def transposed_window(params: Params, axis: int, line: Line) -> Line:
    """Follow one side through a transposed convolution."""
    stride, dilation = params["strides"][axis], params["dilation_rate"][axis]
    length, reach = len(line[0]), (params["kernel_size"][axis] - 1) * dilation + 1
    excess = max(reach - stride, 0)
    same = params["padding"] == "same"
    position = np.arange(length * stride + (0 if same else excess)) + (excess // 2 if same else 0)
    last = position // stride
    return compose(line, np.minimum(-(-(position - reach + 1) // stride), last), last)


def enlarged(line: Line, size: int, interpolation: str = "nearest") -> Line:
    """Follow one side through an enlargement by a whole factor."""
    position = np.arange(len(line[0]) * size)
    # A position between two others depends on both, and in wider interpolations on their neighbours too.
    before, after = INTERPOLATION_REACH[interpolation]
    middle = position // size if after == 0 else (2 * position + 1 - size) // (2 * size)
    return compose(line, middle - before, middle + after)


def blocks(line: Line, size: int) -> Line:
    """Follow one side through a layer that gathers blocks of positions into one."""
    start = np.arange(len(line[0]) // size) * size
    return compose(line, start, start + size - 1)


def padded(line: Line, amounts: tuple[int, int], mode: str = "constant") -> Line:
    """Follow one side through padding with a constant or with mirrored edges."""
    length = len(line[0])
    if mode == "constant":
        position = np.arange(-amounts[0], length + amounts[1])
        return compose(line, position, position)
    # Mirrored edges run backwards; the interval of each is widened so that both ends still never fall.
    mirrored = np.pad(np.arange(length), amounts, mode=mode)  # type: ignore[call-overload]
    first = np.minimum.accumulate(mirrored[::-1])[::-1]
    return compose(line, first, np.maximum.accumulate(mirrored))


def cut(line: Line, part: slice) -> Line:
    """Follow one side through a layer that keeps a part of it."""
    position = np.sort(np.arange(len(line[0]))[part])
    return compose(line, position, position)
