"""The order of axes: where the file keeps the channels, and where they lie in the rebuilt network.

Networks are rebuilt with the channels last. What the file keeps channels first is kept channels last and marked so; a
layer that depends on the order itself is given its input in the file's own order. A Permute is therefore no layer of
its own: the axes of its input are turned, or nothing happens at all where it only says that the channels now lie
elsewhere, as in networks that were converted from PyTorch and look at channels last.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

Turn = tuple[int, ...]
"""For each axis of the result the axis it comes from, as ``numpy.transpose`` takes it."""


def channels_first(rank: int) -> Turn:
    """Return the permutation that brings the channels from the last axis to the one after the batch.

    Example:
        >>> channels_first(4)
        (0, 3, 1, 2)
    """
    return (0, rank - 1, *range(1, rank - 1))


def channels_last(rank: int) -> Turn:
    """Return the permutation that brings the channels from the axis after the batch to the last one.

    Example:
        >>> channels_last(4)
        (0, 2, 3, 1)
    """
    return (0, *range(2, rank), 1)


def turned(items: tuple[T, ...], turn: Turn | None) -> tuple[T, ...]:
    """Permute what there is for each axis, such as the sides of a shape."""
    return items if turn is None else tuple(items[axis] for axis in turn)


def permuted(dims: tuple[int, ...], first: bool) -> tuple[Turn | None, bool]:
    """Return what a Permute comes to in the rebuilt network.

    Args:
        dims: Its axes as Keras has them: counted from 1, without the batch.
        first: Whether the file keeps the channels of its input first.

    Returns:
        The permutation of the axes, ``None`` for none, and whether the file keeps the channels of the result first.

    Example:
        >>> permuted((2, 3, 1), first=True), permuted((3, 1, 2), first=False), permuted((2, 1, 3), first=False)
        ((None, False), (None, True), ((0, 2, 1, 3), False))
    """
    rank = len(dims) + 1
    as_written = channels_first(rank) if first else tuple(range(rank))
    turn = tuple(as_written[axis] for axis in (0, *dims))
    if turn == tuple(range(rank)):
        return None, False
    if turn == channels_first(rank):
        return None, True
    return turn, False


def axis_of(axis: int, rank: int) -> int:
    """Return where an axis of tensors with the channels first lies once the channels come last.

    Example:
        >>> axis_of(1, 4), axis_of(-1, 4)
        (3, 2)
    """
    axis %= rank
    return axis if axis == 0 else rank - 1 if axis == 1 else axis - 1
