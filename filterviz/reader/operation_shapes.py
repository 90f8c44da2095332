"""What the kinds that operations become make of a shape, batch first and channels last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from filterviz.reader.shape import ShapeError, Shapes, known, merged
from filterviz.spec import Shape

Params = Mapping[str, Any]


def depth_to_space(params: Params, shapes: Shapes) -> Shape:
    """Channels spread over blocks of places."""
    block, (height, width, channels) = params["block_size"], shapes[0][1:]
    if known(channels, "number of channels") % block**2:
        message = f"its {channels} channels cannot be spread over blocks of {block}"
        raise ShapeError(message)
    sides = (None if side is None else side * block for side in (height, width))
    return (None, *sides, known(channels, "number of channels") // block**2)


def space_to_depth(params: Params, shapes: Shapes) -> Shape:
    """Blocks of places gathered in channels."""
    block, (height, width, channels) = params["block_size"], shapes[0][1:]
    if any(side is not None and side % block for side in (height, width)):
        message = f"its sides {[height, width]} cannot be divided into blocks of {block}"
        raise ShapeError(message)
    sides = (None if side is None else side // block for side in (height, width))
    return (None, *sides, known(channels, "number of channels") * block**2)


def reduced(params: Params, shapes: Shapes) -> Shape:
    """Some axes taken together."""
    rank = len(shapes[0])
    axes = {axis % rank for axis in params["axes"] if -rank <= axis < rank}
    if len(axes) != len(params["axes"]) or 0 in axes:
        message = f"it cannot be taken along the axes {list(params['axes'])}"
        raise ShapeError(message)
    sides = [1 if axis in axes else side for axis, side in enumerate(shapes[0])]
    return tuple(sides) if params["keepdims"] else tuple(s for axis, s in enumerate(sides) if axis not in axes)


def slices(parts: Sequence[Any], rank: int) -> tuple[slice | int, ...]:
    """One slice or place for each axis, the batch's included.

    Raises:
        ShapeError: there are more than axes.
    """
    missing = rank - sum(part != "..." for part in parts)
    if missing < 0:
        message = "it takes slices along more axes than there are"
        raise ShapeError(message)
    filled: list[slice | int] = []
    for part in parts:
        if part == "...":
            filled += [slice(None)] * missing
        else:
            filled.append(part if isinstance(part, int) else slice(*part))
    return (*filled, *[slice(None)] * (rank - len(filled)))


def sliced(params: Params, shapes: Shapes) -> Shape:
    """Parts of the axes."""
    sides: list[int | None] = []
    for side, part in zip(shapes[0], slices(params["parts"], len(shapes[0])), strict=True):
        if isinstance(part, int):
            if side is not None and not -side <= part < side:
                message = f"it takes place {part} of {side}"
                raise ShapeError(message)
            continue
        if part.step == 0 or (side is not None and not range(*part.indices(side))):
            message = "nothing is left of it"
            raise ShapeError(message)
        if side is None and part != slice(None):
            known(side if part != slice(None, None, -1) else 1, "size")
        sides.append(None if side is None else len(range(*part.indices(side))))
    return tuple(sides)


def binary(params: Params, shapes: Shapes) -> Shape:
    """Two tensors, or one and a constant, by the rules of broadcasting."""
    constant = params.get("constant")
    return broadcast(shapes, [] if constant is None else [constant["shape"]])


def chosen(params: Params, shapes: Shapes) -> Shape:
    """A condition, and two values of which each is a tensor or a constant."""
    return broadcast(shapes, [part["shape"] for part in params["parts"] if part != "tensor"])


def broadcast(shapes: Shapes, constants: Sequence[Sequence[int]]) -> Shape:
    """The common shape of tensors, and of constants, which are filled up in front with axes of length 1.

    Raises:
        ShapeError: there is none, or the pictures of a batch meet something else.
    """
    rank = len(shapes[0])
    filled: list[Shape] = list(shapes)
    for shape in constants:
        sides = (1,) * (rank - len(shape)) + tuple(shape)
        if len(sides) > rank or sides[0] != 1:
            message = f"a constant of shape {list(shape)} would be joined with each picture of a batch"
            raise ShapeError(message)
        filled.append((None, *sides[1:]))
    return merged(filled)


def stacked(params: Params, shapes: Shapes) -> Shape:
    """Tensors of one shape on a new axis."""
    rank = len(shapes[0]) + 1
    axis = params["axis"] % rank
    if any(len(shape) != rank - 1 for shape in shapes):
        message = "its inputs have different numbers of axes"
        raise ShapeError(message)
    if len({shape[1:] for shape in shapes}) > 1:
        message = "its inputs have different shapes"
        raise ShapeError(message)
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


def expanded(params: Params, shapes: Shapes) -> Shape:
    """New axes of length 1, at these places of the result."""
    sides = list(shapes[0])
    for axis in params["axis"]:
        sides.insert(axis, 1)
    if len(sides) > 8:
        message = "it makes more axes than are kept here"
        raise ShapeError(message)
    return tuple(sides)


def squeezed(params: Params, shapes: Shapes) -> Shape:
    """Axes of length 1 left out."""
    axes = params["axis"]
    if any(axis >= len(shapes[0]) or shapes[0][axis] != 1 for axis in axes):
        message = f"the axes {list(axes)} are not all of length 1"
        raise ShapeError(message)
    return tuple(side for axis, side in enumerate(shapes[0]) if axis not in axes)


def tiled(params: Params, shapes: Shapes) -> Shape:
    """The whole repeated along each axis."""
    repeats = zip(shapes[0], params["repeats"], strict=True)
    return tuple(None if side is None else side * times for side, times in repeats)


def repeated(params: Params, shapes: Shapes) -> Shape:
    """Each place repeated along one axis."""
    axis, times = params["axis"], params["repeats"]
    return tuple(side if at != axis or side is None else side * times for at, side in enumerate(shapes[0]))


def taken(params: Params, shapes: Shapes) -> Shape:
    """Chosen places of one axis."""
    axis, indices = params["axis"], params["indices"]
    if known(shapes[0][axis], "size") <= max(indices):
        message = f"it takes place {max(indices)} of {shapes[0][axis]}"
        raise ShapeError(message)
    return (*shapes[0][:axis], len(indices), *shapes[0][axis + 1 :])


def broadcast_to(params: Params, shapes: Shapes) -> Shape:
    """A tensor repeated to a given size."""
    for side, goal in zip(shapes[0][1:], params["sides"], strict=True):
        if side not in (1, goal):
            message = f"a side of {side} cannot be made one of {goal}"
            raise ShapeError(message)
    return (None, *params["sides"])


def padded(params: Params, shapes: Shapes) -> Shape:
    """Edges put around, whatever they are filled with."""
    sides: list[int | None] = []
    for side, (before, after) in zip(shapes[0], params["padding"], strict=True):
        most = {"constant": None, "reflect": 1, "symmetric": 0}[params["mode"]]
        if most is not None and side is not None and max(before, after) > side - most:
            message = f"a side of {side} is too short to be mirrored {max(before, after)} wide"
            raise ShapeError(message)
        sides.append(None if side is None else side + before + after)
    return tuple(sides)


def multiplied(params: Params, shapes: Shapes) -> Shape:
    """Products of the matrices in the last two axes."""
    constant = params.get("constant")
    pair = [list(shapes[0]), list(constant["shape"]) if constant is not None else list(shapes[1])]
    for shape, turned in zip(pair, (params["transpose_a"], params["transpose_b"]), strict=True):
        if turned:
            shape[-2:] = shape[-2:][::-1]
    one, two = pair
    if (constant is None and len(one) != len(two)) or len(one) < 2 or one[-1] != two[-2] or one[-1] is None:
        message = f"matrices of {one[-2:]} and {two[-2:]} cannot be multiplied"
        raise ShapeError(message)
    if constant is not None:
        if params["transpose_a"] and len(one) < 3:
            message = "it works across the pictures of a batch"
            raise ShapeError(message)
        return (*one[:-1], two[-1])
    rows = merged([(None, *one[1:-2]), (None, *two[1:-2])])
    return (*rows, one[-2], two[-1])
