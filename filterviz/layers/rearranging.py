"""What operations on tensors become that choose, pad and arrange values: slices, edges and blocks.

Keras has no layers of these names, and a file's layers are never taken for them. Their parameters come from
:mod:`filterviz.reader.operations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.axes import channels_last
from filterviz.layers.elementwise import operation, turned_axes, turned_list
from filterviz.layers.kind import AxisOrder, Params, Trait, Turned, WeightShapes
from filterviz.layers.receptive_field import FieldRule, Line
from filterviz.layers.resizing import given_size
from filterviz.layers.shapes import ShapeError, Shapes, channels_of, known
from filterviz.spec import Shape


def slices(parts: Sequence[Any], rank: int) -> tuple[slice | int, ...]:
    """Return one slice or position for each axis, the batch's included.

    Raises:
        ShapeError: There are more of them than axes.
    """
    missing = rank - sum(part != "..." for part in parts)
    if missing < 0:
        raise ShapeError("it takes slices along more axes than there are")
    filled: list[slice | int] = []
    for part in parts:
        if part == "...":
            filled += [slice(None)] * missing
        else:
            filled.append(part if isinstance(part, int) else slice(*part))
    return (*filled, *[slice(None)] * (rank - len(filled)))


def _sliced(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, part in zip(shapes[0], slices(params["parts"], len(shapes[0])), strict=True):
        if isinstance(part, int):
            if side is not None and not -side <= part < side:
                raise ShapeError(f"it takes place {part} of {side}")
            continue
        if part.step == 0 or (side is not None and not range(*part.indices(side))):
            raise ShapeError("nothing is left of it")
        if side is None and part != slice(None):
            known(side if part != slice(None, None, -1) else 1, "size")
        sides.append(None if side is None else len(range(*part.indices(side))))
    return tuple(sides)


def _taken(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    axis, indices = params["axis"], params["indices"]
    if known(shapes[0][axis], "size") <= max(indices):
        raise ShapeError(f"it takes place {max(indices)} of {shapes[0][axis]}")
    return (*shapes[0][:axis], len(indices), *shapes[0][axis + 1 :])


def _padded(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, (before, after) in zip(shapes[0], params["padding"], strict=True):
        most = {"constant": None, "reflect": 1, "symmetric": 0}[params["mode"]]
        if most is not None and side is not None and max(before, after) > side - most:
            raise ShapeError(f"a side of {side} is too short to be mirrored {max(before, after)} wide")
        sides.append(None if side is None else side + before + after)
    return tuple(sides)


def _depth_to_space(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    block, channels = params["block_size"], channels_of(shapes[0])
    if channels % block**2:
        raise ShapeError(f"its {channels} channels cannot be spread over blocks of {block}")
    return (None, *(None if side is None else side * block for side in shapes[0][1:3]), channels // block**2)


def _space_to_depth(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    block, sides = params["block_size"], shapes[0][1:3]
    if any(side is not None and side % block for side in sides):
        raise ShapeError(f"its sides {list(sides)} cannot be divided into blocks of {block}")
    return (None, *(None if side is None else side // block for side in sides), channels_of(shapes[0]) * block**2)


def _turned_slice(params: Params, rank: int) -> Turned:
    parts = tuple(params["parts"][axis] for axis in channels_last(rank))
    return {**params, "parts": parts}, not isinstance(params["parts"][1], int)


def _slices_fit_any_size(params: Mapping[str, Any], weights: WeightShapes) -> bool:  # noqa: ARG001
    """Return whether the slices of both sides go from their beginning to their end, apart from a few positions."""
    return all(_is_open(part) for part in params["parts"][1:-1])


def _is_open(part: Any) -> bool:
    if part == "...":
        return True
    if isinstance(part, int):
        return False
    start, stop, _ = part
    return bool((start is None or -64 < start < 64) and (stop is None or stop < 0))


def _slices_forwards(params: Mapping[str, Any], before: int, after: int) -> bool:  # noqa: ARG001
    return before == fields.IMAGE and all(
        isinstance(part, slice) and (part.step or 1) > 0 for part in slices(params["parts"], fields.IMAGE)[1:3]
    )


def _slice_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    part = slices(params["parts"], fields.IMAGE)[1 + axis]
    return fields.cut(line, part if isinstance(part, slice) else slice(None))


def _pad_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.padded(line, params["padding"][1 + axis], params["mode"])


@affine.single
def _sliced_map(step: Step, one: Preparation) -> Preparation | None:
    parts = step.params["parts"]
    return affine.sliced(one, slices(parts, step.rank + sum(isinstance(part, int) for part in parts)))


@affine.single
def _taken_map(step: Step, one: Preparation) -> Preparation | None:
    return affine.taken(one, list(step.params["indices"])) if step.params["axis"] == one.axis else None


KINDS = (
    operation(
        "Slice",
        _sliced,
        sizes_free=_slices_fit_any_size,
        receptive_field=FieldRule(_slices_forwards, _slice_side),
        affine=_sliced_map,
        turn=_turned_slice,
        traits=frozenset({Trait.KEEPS_AXES}),
    ),
    operation(
        "Take",
        _taken,
        sizes_free=lambda params, weights: bool(params["axis"] == 3),
        receptive_field=fields.along_channels(),
        affine=_taken_map,
        turn=turned_axes,
    ),
    operation(
        "Pad", _padded, receptive_field=fields.moving(_pad_side), affine=affine.unchanged, turn=turned_list("padding")
    ),
    operation("Resize", given_size, axis_order=AxisOrder.CHANNELS, rank=4, affine=affine.unchanged),
    operation(
        "DepthToSpace",
        _depth_to_space,
        axis_order=AxisOrder.CHANNELS,
        rank=4,
        receptive_field=fields.moving(lambda params, axis, line: fields.enlarged(line, params["block_size"])),
        growth=lambda params: float(params["block_size"] ** 2),
    ),
    operation(
        "SpaceToDepth",
        _space_to_depth,
        axis_order=AxisOrder.CHANNELS,
        rank=4,
        receptive_field=fields.moving(lambda params, axis, line: fields.blocks(line, params["block_size"])),
        growth=lambda params: 1.0 / params["block_size"] ** 2,
    ),
)
