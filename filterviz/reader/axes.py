"""The order of axes: where the file has the channels, and where they are here.

Pictures are rebuilt channels last. What the file has channels first is kept channels last and marked so; a layer that
minds the order itself is given its input in the file's own. A Permute is therefore no layer of its own here: the axes
of its input are turned, or nothing is to be done at all where it only says that the channels now lie elsewhere, as in
networks that were converted from PyTorch and look at channels last.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

Turn = tuple[int, ...]
"""For each axis of the outcome the axis it comes from, as ``numpy.transpose`` takes it."""


def channels_first(rank: int) -> Turn:
    """What brings the channels from the last axis to the one behind the batch.

    Example:
        >>> channels_first(4)
        (0, 3, 1, 2)
    """
    return (0, rank - 1, *range(1, rank - 1))


def channels_last(rank: int) -> Turn:
    """What brings the channels from the axis behind the batch to the last: the inverse of :func:`channels_first`.

    Example:
        >>> channels_last(4)
        (0, 2, 3, 1)
    """
    return (0, *range(2, rank), 1)


def turned(items: tuple[T, ...], turn: Turn | None) -> tuple[T, ...]:
    """What there is for each axis, such as a shape, with the axes permuted."""
    return items if turn is None else tuple(items[axis] for axis in turn)


def permuted(dims: tuple[int, ...], first: bool) -> tuple[Turn | None, bool]:
    """What a Permute comes to.

    Args:
        dims: as Keras has them: an axis for each of the outcome's, the batch left out and counted from 1.
        first: whether the file has the channels of what is permuted first, which are last here.

    Returns:
        How the axes are to be turned here, ``None`` for not at all, and whether the file has the channels of the
        outcome first, which are last here.

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
