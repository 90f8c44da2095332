"""Operations on images: resizing, padding, cropping and pooling."""

from __future__ import annotations

from typing import Any

from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Source, rows
from filterviz.reader.operations.constants import unwrap

METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
"""Interpolations of ``tf.image.resize``."""

LARGEST_SIDE, LARGEST_PADDING, LARGEST_BLOCK, LARGEST_WINDOW = 8192, 4096, 64, 4096


def _image(given: Arguments) -> Source:
    """Return the one tensor that an operation takes, a batch of images whose channels lie where the operation says.

    Raises:
        Unsupported: It is something else, or the channels lie elsewhere.
    """
    source = given.one()
    if source.rank != 4:
        raise given.decline(f"is not rebuilt for tensors of {source.rank} axes")
    written = given.raw("data_format")
    first = written in ("channels_first", "NCHW")
    if written not in (None, "channels_first", "channels_last", "NHWC", "NCHW") or first != source.first:
        raise given.decline("does not say where the channels of its images lie, or oddly")
    return source


def _two(given: Arguments, value: Any, name: str, largest: int) -> tuple[int, ...]:
    """Return two whole numbers from 1; one number stands for both."""
    return given.values(**{name: value}).wholes(name, 2, 1, largest)


def _resize(given: Arguments) -> Found:
    _image(given)
    size = unwrap(given.raw("size"))
    if not isinstance(size, list) or len(size) != 2:
        raise given.unsupported("size", size)
    height, width = _two(given, size, "size", LARGEST_SIDE)
    method = given.raw("interpolation", "method") or "bilinear"
    if method not in METHODS:
        raise given.unsupported("interpolation", method)
    crop = given.flag("crop_to_aspect_ratio", default=False)
    for name in ("pad_to_aspect_ratio", "preserve_aspect_ratio"):
        given.only(name, False)
    given.raw("fill_mode", "fill_value")  # These matter only where an image is padded.
    antialias = given.flag("antialias", default=False)
    if antialias and crop:
        raise given.unsupported("antialias", True)
    if not antialias and method in ("bilinear", "nearest", "bicubic"):
        return "Resizing", {"height": height, "width": width, "interpolation": method, "crop_to_aspect_ratio": crop}
    if crop:
        raise given.unsupported("crop_to_aspect_ratio", True)
    return "Resize", {"height": height, "width": width, "method": method, "antialias": antialias}


def _resize_as_tensorflow_1(method: str) -> Reading:
    """Return what reads a resizing of TensorFlow 1, which is that of TensorFlow 2 only with ``half_pixel_centers``."""

    def reading(given: Arguments) -> Found:
        _image(given)
        given.only("align_corners", False)
        if not given.flag("half_pixel_centers", default=False):
            raise given.unsupported("half_pixel_centers", False)
        height, width = _two(given, unwrap(given.raw("size")), "size", LARGEST_SIDE)
        return "Resizing", {"height": height, "width": width, "interpolation": method, "crop_to_aspect_ratio": False}

    return reading


def _pad(given: Arguments) -> Found:
    source = given.one()
    rank = source.rank
    amounts = unwrap(given.raw("pad_width", "paddings"))
    mode = str(given.raw("mode") or "constant").lower()
    filled = given.number("constant_values", default=0.0)
    if mode not in ("constant", "reflect", "symmetric"):
        raise given.unsupported("mode", mode)
    pairs = _pairs(given, amounts, rank)
    if pairs[0] != (0, 0):
        raise given.decline("adds images to a batch")
    if rank == 4 and mode == "constant" and not filled and not source.first and pairs[3] == (0, 0):
        return "ZeroPadding2D", {"padding": tuple(pairs[1:3])}
    return "Pad", {"padding": tuple(pairs), "mode": mode, "value": filled}


def _pairs(given: Arguments, amounts: Any, rank: int) -> list[tuple[int, int]]:
    """Return amounts before and after, for each axis; Keras takes one number, or one pair, for all axes."""
    listed = [unwrap(item) for item in amounts] if isinstance(amounts, list) else amounts
    if not isinstance(listed, list):
        listed = [[listed, listed]] * rank
    elif len(listed) == 2 and not any(isinstance(item, list) for item in listed):
        listed = [listed] * rank
    elif len(listed) == 1 and isinstance(listed[0], list):
        listed = listed * rank
    if len(listed) != rank or any(not isinstance(item, list) or len(item) != 2 for item in listed):
        raise given.unsupported("pad_width", amounts)
    values = [[given.values(pad_width=side).whole("pad_width", 0, LARGEST_PADDING) for side in item] for item in listed]
    return [(one, two) for one, two in values]


def _pad_images(given: Arguments) -> Found:
    """Read ``keras.ops.image.pad_images``; see :func:`_edges`."""
    source = _image(given)
    before, after = _edges(given, source, "padding", sign=1)
    return "ZeroPadding2D", {"padding": tuple(zip(before, after, strict=True))}


def _crop_images(given: Arguments) -> Found:
    """Read ``keras.ops.image.crop_images``; see :func:`_edges`."""
    source = _image(given)
    before, after = _edges(given, source, "cropping", sign=-1)
    return "Cropping2D", {"cropping": tuple(zip(before, after, strict=True))}


def _edges(given: Arguments, source: Source, what: str, sign: int) -> tuple[list[int], list[int]]:
    """Return how much is added or cut before and after the rows and the columns.

    Two of three are given for each side: the amounts at both ends and the target size. The third follows.

    Args:
        given: The arguments.
        source: The images.
        what: What the amounts are called: ``padding`` or ``cropping``.
        sign: 1 where the amounts add to the size, -1 where they take from it.

    Raises:
        Unsupported: Too little is given, or it contradicts itself.
    """
    axes = (2, 3) if source.first else (1, 2)
    found: tuple[list[int], list[int]] = ([], [])
    for axis, (one, two, target) in zip(axes, (("top", "bottom", "height"), ("left", "right", "width")), strict=True):
        names = (f"{one}_{what}", f"{two}_{what}")
        amounts = [given.whole(name, low=0, high=LARGEST_PADDING) if given.given(name) else None for name in names]
        given.raw(*names)
        goal = given.whole(f"target_{target}", low=1, high=LARGEST_SIDE) if given.given(f"target_{target}") else None
        given.raw(f"target_{target}")
        if None in amounts:
            side = source.shape[axis]
            if side is None or goal is None or amounts == [None, None]:
                raise given.unsupported(f"target_{target}", goal)
            rest = sign * (goal - side) - sum(item for item in amounts if item is not None)
            amounts = [rest if item is None else item for item in amounts]
        if min(item for item in amounts if item is not None) < 0:
            raise given.unsupported(f"target_{target}", goal)
        for ends, amount in zip(found, amounts, strict=True):
            ends.append(amount or 0)
    return found


def _crop_to_box(given: Arguments) -> Found:
    """Read ``tf.image.crop_to_bounding_box``."""
    _image(given)
    top, left = (given.whole(f"offset_{name}", low=0, high=LARGEST_SIDE) for name in ("height", "width"))
    height, width = (given.whole(f"target_{name}", low=1, high=LARGEST_SIDE) for name in ("height", "width"))
    everything = (None, None, None)
    return "Slice", {"parts": (everything, (top, top + height, None), (left, left + width, None), everything)}


def _pad_to_box(given: Arguments) -> Found:
    """Read ``tf.image.pad_to_bounding_box``."""
    source = _image(given)
    pairs = []
    for axis, name in ((1, "height"), (2, "width")):
        before, side = given.whole(f"offset_{name}", low=0, high=LARGEST_PADDING), source.shape[axis]
        target = given.whole(f"target_{name}", low=1, high=LARGEST_SIDE)
        if side is None or target - before - side < 0:
            raise given.unsupported(f"target_{name}", target)
        pairs.append((before, target - before - side))
    return "ZeroPadding2D", {"padding": tuple(pairs)}


def _blocks(kind: str) -> Reading:
    """Return what reads ``depth_to_space`` or ``space_to_depth``."""

    def reading(given: Arguments) -> Found:
        _image(given)
        return kind, {"block_size": given.whole("block_size", low=2, high=LARGEST_BLOCK)}

    return reading


def _pooling(kind: str) -> Reading:
    """Return what reads ``keras.ops.max_pool``, ``tf.nn.avg_pool2d`` and other pooling of images."""

    def reading(given: Arguments) -> Found:
        _image(given)
        size = _window(given, unwrap(given.raw("pool_size", "ksize")), "pool_size")
        strides = unwrap(given.raw("strides"))
        padding = str(given.raw("padding") or "valid").lower()
        if padding not in ("valid", "same"):
            raise given.unsupported("padding", padding)
        steps = size if strides is None else _window(given, strides, "strides")
        return kind, {"pool_size": size, "strides": steps, "padding": padding}

    return reading


def _window(given: Arguments, value: Any, name: str) -> tuple[int, ...]:
    """Return the two sides of a window; TensorFlow may write one for each of four axes."""
    if isinstance(value, list) and len(value) == 4:
        if value[0] != 1 or value[3] != 1:
            raise given.unsupported(name, value)
        value = value[1:3]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _two(given, value, name, LARGEST_WINDOW)


KERAS: dict[str, Operation] = {
    **rows(
        "resize",
        _resize,
        "images | size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value "
        "data_format",
    ),
    **rows("pad", _pad, "x constant_values | pad_width mode"),
    **rows(
        "padimages",
        _pad_images,
        "images | top_padding left_padding bottom_padding right_padding target_height target_width data_format",
    ),
    **rows(
        "cropimages",
        _crop_images,
        "images | top_cropping left_cropping bottom_cropping right_cropping target_height target_width data_format",
    ),
    **rows("depthtospace", _blocks("DepthToSpace"), "x | block_size data_format"),
    **rows("spacetodepth", _blocks("SpaceToDepth"), "x | block_size data_format"),
    **rows("maxpool", _pooling("MaxPooling2D"), "inputs | pool_size strides padding data_format"),
    **rows("averagepool", _pooling("AveragePooling2D"), "inputs | pool_size strides padding data_format"),
}

TENSORFLOW: dict[str, Operation] = {
    **rows("image.resize", _resize, "images size method preserve_aspect_ratio antialias"),
    **rows("resizebilinear", _resize_as_tensorflow_1("bilinear"), "images size align_corners half_pixel_centers"),
    **rows(
        "compat.v1.image.resizebilinear",
        _resize_as_tensorflow_1("bilinear"),
        "images size align_corners half_pixel_centers",
    ),
    **rows("pad padv2 mirrorpad", _pad, "tensor paddings constant_values mode"),
    **rows("image.croptoboundingbox", _crop_to_box, "image offset_height offset_width target_height target_width"),
    **rows("image.padtoboundingbox", _pad_to_box, "image offset_height offset_width target_height target_width"),
    **rows("depthtospace", _blocks("DepthToSpace"), "input block_size data_format"),
    **rows("spacetodepth", _blocks("SpaceToDepth"), "input block_size data_format"),
    **rows("maxpool maxpool2d", _pooling("MaxPooling2D"), "input ksize strides padding data_format"),
    **rows("avgpool avgpool2d", _pooling("AveragePooling2D"), "input ksize strides padding data_format"),
}
