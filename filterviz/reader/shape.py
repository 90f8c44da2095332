"""What all rules about shapes share: sizes that must be known, shapes that meet."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.spec import Shape

Shapes = Sequence[Shape]


class ShapeError(Exception):
    """A layer cannot take inputs of these shapes. The text is a reason."""


def known(side: int | None, what: str) -> int:
    """A size that must be known.

    Raises:
        ShapeError: it is not.
    """
    if side is None:
        message = f"it needs to know its {what}, which the file leaves open"
        raise ShapeError(message)
    return side


def merged(shapes: Shapes) -> Shape:
    """The common shape of arrays that are added or multiplied, by the rules of broadcasting."""
    rank = max(len(shape) for shape in shapes)
    if any(len(shape) != rank for shape in shapes):
        message = "its inputs have different numbers of axes"
        raise ShapeError(message)
    result: list[int | None] = [None]
    for sides in zip(*(shape[1:] for shape in shapes), strict=True):
        large = {side for side in sides if side not in (1, None)}
        if len(large) > 1:
            message = f"its inputs of shapes {[list(shape[1:]) for shape in shapes]} do not fit together"
            raise ShapeError(message)
        result.append(large.pop() if large else None if None in sides else 1)
    return tuple(result)
