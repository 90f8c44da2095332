"""Layers that change the sides of images: padding, cropping, enlarging and resizing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from typing import Any

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.config_values import ConfigValues
from filterviz.layers.kind import AxisOrder, LayerKind, Params, Trait
from filterviz.layers.receptive_field import Line
from filterviz.layers.shapes import ShapeError, Shapes
from filterviz.spec import Shape

RANKS = (1, 2, 3)
LARGEST_SIDE, LARGEST_PADDING, LARGEST_UPSAMPLING = 8192, 4096, 64

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
"""The interpolations of ``tf.image.resize``. Keras 3 has fewer of them."""


def _amounts(values: ConfigValues, key: str, rank: int) -> Params:
    amounts = values.pairs(key, rank, LARGEST_PADDING)
    return {key: amounts[0] if rank == 1 else amounts}


def _each_side(amounts: Any, shape: Shape) -> Any:
    """Return the sides of a shape, each with its amounts before and after it."""
    return zip(shape[1:-1], (amounts,) if len(shape) == 3 else amounts, strict=True)


def _padded(params: Params, shapes: Shapes) -> Shape:
    sides = _each_side(params["padding"], shapes[0])
    return (None, *(None if side is None else side + before + after for side, (before, after) in sides), shapes[0][-1])


def _cropped(params: Params, shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, (before, after) in _each_side(params["cropping"], shapes[0]):
        if side is not None and side <= before + after:
            raise ShapeError(f"it cuts away more than a side of {side}")
        sides.append(None if side is None else side - before - after)
    return (None, *sides, shapes[0][-1])


def _reflected(params: Params, shapes: Shapes) -> Shape:
    for side, (before, after) in _each_side(params["padding"], shapes[0]):
        if side is not None and side <= max(before, after):
            raise ShapeError(f"it reflects more than a side of {side}")
    return _padded(params, shapes)


def _read_reflection_padding(values: ConfigValues) -> Params:
    """Read ``ReflectionPadding2D``, which has no official form: many projects carry one (Keras's CycleGAN example).

    Some give the width first and some the height, so only the same padding on all sides is accepted.
    """
    amounts = set(values.pairs("padding", 2, LARGEST_PADDING)) if "padding" in values else set()
    if len({side for pair in amounts for side in pair}) != 1:
        raise values.decline("padding")
    return {"padding": values.pairs("padding", 2, LARGEST_PADDING)}


def _pad_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.padded(line, params["padding"][axis])


def _reflect_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.padded(line, params["padding"][axis], "reflect")


def _crop_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    before, after = params["cropping"][axis]
    return fields.cut(line, slice(before, max(before, len(line[0]) - after)))


def _enlarge_side(params: Mapping[str, Any], axis: int, line: Line) -> Line:
    return fields.enlarged(line, params["size"][axis], params["interpolation"])


def _by_amounts(
    name: str, key: str, shape: Callable[[Params, Shapes], Shape], side: Callable[[Mapping[str, Any], int, Line], Line]
) -> Iterator[LayerKind]:
    """Return a kind that adds or removes positions at the edges, over each number of axes."""
    for rank in RANKS:
        yield LayerKind(
            f"{name}{rank}D",
            partial(_amounts, key=key, rank=rank),
            shape,
            axis_order=AxisOrder.CHANNELS,
            rank=rank + 2,
            receptive_field=fields.moving(side),
            affine=affine.unchanged,
            traits=frozenset({Trait.LEAVES_PIXELS}),
        )


def _upsampling(rank: int) -> LayerKind:
    def read(values: ConfigValues) -> Params:
        size = values.wholes("size", rank, 1, LARGEST_UPSAMPLING, default=2)
        params: Params = {"size": size[0] if rank == 1 else size}
        if rank == 2:
            params["interpolation"] = values.words("interpolation", INTERPOLATIONS, "nearest")
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        factors = (params["size"],) if rank == 1 else params["size"]
        sides = zip(shapes[0][1:-1], factors, strict=True)
        return (None, *(None if side is None else side * factor for side, factor in sides), shapes[0][-1])

    return LayerKind(
        f"UpSampling{rank}D",
        read,
        shape,
        axis_order=AxisOrder.CHANNELS,
        rank=rank + 2,
        receptive_field=fields.moving(_enlarge_side),
        affine=affine.unchanged,
        growth=lambda params: float(params["size"] if rank == 1 else prod(params["size"])),
    )


def _read_resizing(values: ConfigValues) -> Params:
    params: Params = {
        **_read_size(values),
        "interpolation": values.words("interpolation", INTERPOLATIONS, "bilinear"),
        "crop_to_aspect_ratio": values.flag("crop_to_aspect_ratio", False),
        "pad_to_aspect_ratio": values.flag("pad_to_aspect_ratio", False),
        "antialias": values.flag("antialias", False),
    }
    values.only("fill_mode", "constant")
    params["fill_value"] = values.number("fill_value", 0.0)
    return params


def _read_size(values: ConfigValues) -> Params:
    values.only("factor", None)
    return {"height": values.whole("height", 1, LARGEST_SIDE), "width": values.whole("width", 1, LARGEST_SIDE)}


def given_size(params: Mapping[str, Any], shapes: Shapes) -> Shape:
    """Return the shape of images of the height and width that the parameters give."""
    return (None, params["height"], params["width"], shapes[0][-1])


KINDS = (
    *_by_amounts("ZeroPadding", "padding", _padded, _pad_side),
    *_by_amounts("Cropping", "cropping", _cropped, _crop_side),
    *map(_upsampling, RANKS),
    LayerKind(
        "ReflectionPadding2D",
        _read_reflection_padding,
        _reflected,
        axis_order=AxisOrder.CHANNELS,
        rank=4,
        receptive_field=fields.moving(_reflect_side),
        affine=affine.unchanged,
    ),
    LayerKind("Resizing", _read_resizing, given_size, axis_order=AxisOrder.CHANNELS, rank=4, affine=affine.unchanged),
    LayerKind("CenterCrop", _read_size, given_size, axis_order=AxisOrder.CHANNELS, rank=4, affine=affine.unchanged),
)
