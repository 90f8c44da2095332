"""Operations that mirror and turn images: flips, quarter turns, rows for columns."""

from __future__ import annotations

from typing import Any

from filterviz.layers.config_values import Unsupported
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, rows
from filterviz.reader.operations.constants import unwrap
from filterviz.reader.operations.reshaping import swapped


def _rotated(given: Arguments) -> Found:
    """Read ``keras.ops.rot90`` and ``tf.image.rot90``: quarter turns in the plane of two axes."""
    source = given.one()
    rank = source.rank
    turns = given.whole("k", low=-64, high=64, default=1) % 4
    value = unwrap(given.raw("axes"))
    if value is None:
        if given.keras or rank != 4:  # By default Keras turns the axis of the batch too.
            raise given.unsupported("axes", None)
        value = [1, 2]
    plane = given.axes(value, rank, "axes")
    if len(plane) != 2:
        raise given.unsupported("axes", value)
    one, other = plane
    if turns == 2 and given.keras and (source.shape[one] != source.shape[other] or source.shape[one] is None):
        raise Unsupported("Keras turns images that are not square half around in ways that differ by its backend.")
    if not turns:
        return "Identity", {}
    if turns == 2:
        return "Slice", {"parts": _flipped(rank, (one, other))}
    return [("Slice", {"parts": _flipped(rank, (other if turns == 1 else one,))}), swapped(rank, one, other)]


def _flipped(rank: int, axes: tuple[int, ...]) -> tuple[Any, ...]:
    """Return slices that reverse the order along some axes."""
    return tuple((None, None, -1) if axis in axes else (None, None, None) for axis in range(rank))


def _flip(given: Arguments) -> Found:
    source = given.one()
    value = given.raw("axis", "dims")
    if value is None:
        raise given.decline("turns the order of a batch")
    return "Slice", {"parts": _flipped(source.rank, given.axes(value, source.rank))}


def _mirrored(*axes: int, rank: int | None = None) -> Reading:
    """Return what reads ``fliplr`` and the flips of ``tf.image``.

    Args:
        *axes: The axes whose order is reversed.
        rank: The number of axes that the tensor must have; ``None`` for two or more.
    """

    def reading(given: Arguments) -> Found:
        source = given.one()
        if (rank is not None and source.rank != rank) or source.rank < 2:
            raise given.decline(f"is not rebuilt for tensors of {source.rank} axes")
        return "Slice", {"parts": _flipped(source.rank, axes)}

    return reading


def _transposed_image(given: Arguments) -> Found:
    """Read ``tf.image.transpose``: rows become columns."""
    source = given.one()
    if source.rank != 4:
        raise given.decline(f"is not rebuilt for tensors of {source.rank} axes")
    return swapped(4, 1, 2)


KERAS: dict[str, Operation] = {
    **rows("rot90", _rotated, "array | k axes"),
    **rows("flip", _flip, "x | axis"),
    **rows("fliplr", _mirrored(1), "x"),
}

TENSORFLOW: dict[str, Operation] = {
    **rows("reverse reversev2", _flip, "tensor axis | dims"),
    **rows("image.rot90", _rotated, "image k"),
    **rows("image.flipleftright", _mirrored(2, rank=4), "image"),
    **rows("image.flipupdown", _mirrored(1, rank=4), "image"),
    **rows("image.transpose", _transposed_image, "image"),
}
