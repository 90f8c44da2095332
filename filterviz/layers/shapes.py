"""What the shape rules of all kinds share: sizes that must be known, and shapes that are combined.

Shapes have the batch axis first and the channels last; ``None`` stands for a size that the file leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.spec import Shape

Shapes = Sequence[Shape]


class ShapeError(Exception):
    """A layer cannot take inputs of these shapes. The text is a reason that follows "It cannot be computed: "."""


def known(side: int | None, what: str) -> int:
    """Return a size that must be known.

    Raises:
        ShapeError: The file leaves it open.
    """
    if side is None:
        raise ShapeError(f"it needs to know its {what}, which the file leaves open")
    return side


def channels_of(shape: Shape) -> int:
    """Return the number of channels of a shape, which must be known."""
    return known(shape[-1], "number of channels")


def merged(shapes: Shapes) -> Shape:
    """Return the common shape of arrays that are added or multiplied, by the rules of broadcasting.

    Raises:
        ShapeError: The shapes do not fit together.
    """
    rank = max(len(shape) for shape in shapes)
    if any(len(shape) != rank for shape in shapes):
        raise ShapeError("its inputs have different numbers of axes")
    result: list[int | None] = [None]
    for sides in zip(*(shape[1:] for shape in shapes), strict=True):
        large = {side for side in sides if side not in (1, None)}
        if len(large) > 1:
            raise ShapeError(f"its inputs of shapes {[list(shape[1:]) for shape in shapes]} do not fit together")
        result.append(large.pop() if large else None if None in sides else 1)
    return tuple(result)


def broadcast(shapes: Shapes, constants: Sequence[Sequence[int]]) -> Shape:
    """Return the common shape of tensors and constants; missing leading axes of a constant have length 1.

    Raises:
        ShapeError: There is none, or a constant would be combined with each image of a batch separately.
    """
    rank = len(shapes[0])
    filled: list[Shape] = list(shapes)
    for shape in constants:
        sides = (1,) * (rank - len(shape)) + tuple(shape)
        if len(sides) > rank or sides[0] != 1:
            raise ShapeError(f"a constant of shape {list(shape)} would be joined with each image of a batch")
        filled.append((None, *sides[1:]))
    return merged(filled)


def windowed(side: int | None, window: int, stride: int, padding: str, dilation: int = 1) -> int | None:
    """Return how many positions a sliding window has along one side.

    Raises:
        ShapeError: The window is larger than the side.

    Example:
        >>> windowed(32, 3, 1, "valid"), windowed(32, 3, 2, "same"), windowed(None, 3, 1, "valid")
        (30, 16, None)
    """
    if side is None:
        return None
    if padding in ("same", "causal"):
        return -(-side // stride)
    reach = (window - 1) * dilation + 1
    if side < reach:
        raise ShapeError(f"its window of {reach} does not fit into a side of {side}")
    return (side - reach) // stride + 1


def transposed(
    side: int | None, window: int, stride: int, padding: str, extra: int | None, dilation: int
) -> int | None:
    """Return how many positions a transposed convolution gives along one side.

    Args:
        side: Length of the input's side.
        window: Length of the kernel.
        stride: Stride of the convolution that is transposed.
        padding: ``valid`` or ``same``.
        extra: ``output_padding`` of Keras; ``None`` lets Keras choose.
        dilation: Distance between neighbouring kernel weights.
    """
    if side is None:
        return None
    reach = (window - 1) * dilation + 1
    if extra is None:
        return side * stride if padding == "same" else side * stride + max(reach - stride, 0)
    return (side - 1) * stride + reach - (2 * (reach // 2) if padding == "same" else 0) + extra
