"""The allow-list: every kind of layer that can be rebuilt, what it takes, what it makes of a shape, what it weighs.

The name of a class in a file is looked up in this table and nowhere else. Of its settings only those named here are
read, each within its range; initialisers, regularisers, constraints, policies and whatever else stands there mean
nothing to weights that are already trained. Shapes have the batch axis first and channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

from filterviz.reader.values import Unsupported, Values
from filterviz.spec import Shape

Params = dict[str, Any]
Shapes = Sequence[Shape]
WeightShapes = tuple[tuple[int, ...], ...]

MOST_FILTERS, MOST_UNITS = 16_384, 262_144
LARGEST_KERNEL, LARGEST_STRIDE, LARGEST_PADDING, LARGEST_UPSAMPLING = 4096, 64, 4096, 64


class Order(Enum):
    """How a layer minds the order of the axes, which matters where a file keeps channels first."""

    CHANNELS = "has channels: the file says where"
    ANY = "works on each value alone, or on values in the same place"
    AXIS = "works along an axis that its settings name"
    AS_WRITTEN = "minds the order itself"


class ShapeError(Exception):
    """A layer cannot take inputs of these shapes. The text is a reason."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of layer.

    Attributes:
        read: its parameters from the configuration; the keyword arguments of the Keras 3 constructor.
        shape: of its output.
        weights: the shapes of its arrays in Keras 3's order.
        order: how it minds the order of the axes.
        rank: of the input it takes, batch included; ``None`` for any.
        sizes_free: whether it takes pictures of any size without its weights or meaning changing.
    """

    read: Callable[[Values], Params]
    shape: Callable[[Params, Shapes], Shape]
    weights: Callable[[Params, Shapes], WeightShapes] = lambda params, shapes: ()
    order: Order = Order.ANY
    rank: int | None = None
    sizes_free: bool = True


# Shapes -------------------------------------------------------------------------------------------------------------


def known(side: int | None, what: str) -> int:
    """A size that must be known.

    Raises:
        ShapeError: it is not.
    """
    if side is None:
        message = f"it needs to know its {what}, which the file leaves open"
        raise ShapeError(message)
    return side


def windowed(side: int | None, window: int, stride: int, padding: str, dilation: int = 1) -> int | None:
    """How many places a window has along a side."""
    if side is None:
        return None
    if padding in ("same", "causal"):
        return -(-side // stride)
    reach = (window - 1) * dilation + 1
    if side < reach:
        message = f"its window of {reach} does not fit into a side of {side}"
        raise ShapeError(message)
    return (side - reach) // stride + 1


def _transposed(
    side: int | None, window: int, stride: int, padding: str, extra: int | None, dilation: int
) -> int | None:
    if side is None:
        return None
    reach = (window - 1) * dilation + 1
    if extra is None:
        return side * stride if padding == "same" else side * stride + max(reach - stride, 0)
    return (side - 1) * stride + reach - (2 * (reach // 2) if padding == "same" else 0) + extra


def _same(_: Params, shapes: Shapes) -> Shape:
    return shapes[0]


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


# Convolutions -------------------------------------------------------------------------------------------------------


def _window(values: Values, rank: int, key: str = "kernel_size") -> Params:
    paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    return {
        key: values.wholes(key, rank, 1, LARGEST_KERNEL),
        "strides": values.wholes("strides", rank, 1, LARGEST_STRIDE, default=1),
        "padding": values.choice("padding", paddings, "valid"),
    }


def _convolving(values: Values, rank: int) -> Params:
    return {
        **_window(values, rank),
        "dilation_rate": values.wholes("dilation_rate", rank, 1, LARGEST_STRIDE, default=1),
        "activation": values.activation(),
        "use_bias": values.flag("use_bias", True),
    }


def _places(params: Params, shape: Shape, key: str = "kernel_size") -> tuple[int | None, ...]:
    dilation = params.get("dilation_rate", (1,) * len(params[key]))
    return tuple(
        windowed(side, window, stride, params["padding"], step)
        for side, window, stride, step in zip(shape[1:-1], params[key], params["strides"], dilation, strict=True)
    )


def _bias(params: Params, size: int) -> WeightShapes:
    return ((size,),) if params["use_bias"] else ()


def convolution(rank: int) -> Kind:
    """``Conv1D``, ``Conv2D``, ``Conv3D``."""

    def read(values: Values) -> Params:
        return {
            "filters": values.whole("filters", 1, MOST_FILTERS),
            **_convolving(values, rank),
            "groups": values.whole("groups", 1, MOST_FILTERS, default=1),
        }

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *_places(params, shapes[0]), params["filters"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        channels = known(shapes[0][-1], "number of channels")
        if channels % params["groups"] or params["filters"] % params["groups"]:
            message = f"its {channels} channels cannot be divided into {params['groups']} groups"
            raise ShapeError(message)
        kernel = (*params["kernel_size"], channels // params["groups"], params["filters"])
        return (kernel, *_bias(params, params["filters"]))

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def depthwise(rank: int) -> Kind:
    """``DepthwiseConv1D`` and ``DepthwiseConv2D``."""

    def read(values: Values) -> Params:
        return {"depth_multiplier": values.whole("depth_multiplier", 1, 64, default=1), **_convolving(values, rank)}

    def shape(params: Params, shapes: Shapes) -> Shape:
        channels = known(shapes[0][-1], "number of channels")
        return (None, *_places(params, shapes[0]), channels * params["depth_multiplier"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        channels = known(shapes[0][-1], "number of channels")
        kernel = (*params["kernel_size"], channels, params["depth_multiplier"])
        return (kernel, *_bias(params, channels * params["depth_multiplier"]))

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def separable(rank: int) -> Kind:
    """``SeparableConv1D`` and ``SeparableConv2D``."""

    def read(values: Values) -> Params:
        return {
            "filters": values.whole("filters", 1, MOST_FILTERS),
            "depth_multiplier": values.whole("depth_multiplier", 1, 64, default=1),
            **_convolving(values, rank),
        }

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *_places(params, shapes[0]), params["filters"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        channels = known(shapes[0][-1], "number of channels")
        multiplied = channels * params["depth_multiplier"]
        return (
            (*params["kernel_size"], channels, params["depth_multiplier"]),
            (*(1,) * rank, multiplied, params["filters"]),
            *_bias(params, params["filters"]),
        )

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def transposed_convolution(rank: int) -> Kind:
    """``Conv1DTranspose``, ``Conv2DTranspose``, ``Conv3DTranspose``."""

    def read(values: Values) -> Params:
        params = {"filters": values.whole("filters", 1, MOST_FILTERS), **_convolving(values, rank)}
        if "output_padding" in values:
            params["output_padding"] = values.wholes("output_padding", rank, 0, LARGEST_STRIDE)
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        extra = params.get("output_padding", (None,) * rank)
        sides = zip(
            shapes[0][1:-1], params["kernel_size"], params["strides"], extra, params["dilation_rate"], strict=True
        )
        return (
            None,
            *(_transposed(side, k, s, params["padding"], e, d) for side, k, s, e, d in sides),
            params["filters"],
        )

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        kernel = (*params["kernel_size"], params["filters"], known(shapes[0][-1], "number of channels"))
        return (kernel, *_bias(params, params["filters"]))

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


# Pooling and the like -----------------------------------------------------------------------------------------------


def pooling(rank: int) -> Kind:
    """``MaxPooling*`` and ``AveragePooling*``; the strides are the window's size unless the file says otherwise."""

    def read(values: Values) -> Params:
        size = values.wholes("pool_size", rank, 1, LARGEST_KERNEL, default=2)
        strides = values.wholes("strides", rank, 1, LARGEST_KERNEL) if "strides" in values else size
        return {"pool_size": size, "strides": strides, "padding": values.choice("padding", ("valid", "same"), "valid")}

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *_places(params, shapes[0], "pool_size"), shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2)


def global_pooling(rank: int) -> Kind:
    """``GlobalAveragePooling*`` and ``GlobalMaxPooling*``."""

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *((1,) * rank if params["keepdims"] else ()), shapes[0][-1])

    return Kind(lambda values: {"keepdims": values.flag("keepdims", False)}, shape, order=Order.CHANNELS, rank=rank + 2)


def zero_padding(rank: int) -> Kind:
    """``ZeroPadding1D`` to ``ZeroPadding3D``."""

    def read(values: Values) -> Params:
        amounts = values.pairs("padding", rank, LARGEST_PADDING)
        return {"padding": amounts[0] if rank == 1 else amounts}

    def shape(params: Params, shapes: Shapes) -> Shape:
        amounts = (params["padding"],) if rank == 1 else params["padding"]
        sides = zip(shapes[0][1:-1], amounts, strict=True)
        return (
            None,
            *(None if side is None else side + before + after for side, (before, after) in sides),
            shapes[0][-1],
        )

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2)


def cropping(rank: int) -> Kind:
    """``Cropping1D`` to ``Cropping3D``."""

    def read(values: Values) -> Params:
        amounts = values.pairs("cropping", rank, LARGEST_PADDING)
        return {"cropping": amounts[0] if rank == 1 else amounts}

    def shape(params: Params, shapes: Shapes) -> Shape:
        amounts = (params["cropping"],) if rank == 1 else params["cropping"]
        sides: list[int | None] = []
        for side, (before, after) in zip(shapes[0][1:-1], amounts, strict=True):
            if side is not None and side <= before + after:
                message = f"it cuts away more than a side of {side}"
                raise ShapeError(message)
            sides.append(None if side is None else side - before - after)
        return (None, *sides, shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2)


def upsampling(rank: int) -> Kind:
    """``UpSampling1D`` to ``UpSampling3D``."""

    def read(values: Values) -> Params:
        size = values.wholes("size", rank, 1, LARGEST_UPSAMPLING, default=2)
        params: Params = {"size": size[0] if rank == 1 else size}
        if rank == 2:
            params["interpolation"] = values.choice("interpolation", ("nearest", "bilinear", "bicubic"), "nearest")
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        factors = (params["size"],) if rank == 1 else params["size"]
        sides = zip(shapes[0][1:-1], factors, strict=True)
        return (None, *(None if side is None else side * factor for side, factor in sides), shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2)


def resizing(key: str) -> Kind:
    """``Resizing`` and ``CenterCrop``."""

    def read(values: Values) -> Params:
        params: Params = {"height": values.whole("height", 1, 8192), "width": values.whole("width", 1, 8192)}
        if key == "Resizing":
            choices = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area")
            params["interpolation"] = values.choice("interpolation", choices, "bilinear")
            params["crop_to_aspect_ratio"] = values.flag("crop_to_aspect_ratio", False)
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, params["height"], params["width"], shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=4)


# Normalisation, activations -----------------------------------------------------------------------------------------


def _last_axis(values: Values, default: int = -1) -> int:
    axis = values.raw("axis")
    if isinstance(axis, Mapping):  # a tracked list, as tf.keras of 2020 wrote it
        axis = list(axis.values())
    if isinstance(axis, list) and len(axis) != 1:
        message = "it normalises over several axes at once."
        raise Unsupported(message)
    return values.whole("axis", -8, 8, default)


def _channel_weights(params: Params, shapes: Shapes, count: int) -> WeightShapes:
    size = (known(shapes[0][params["axis"]], "number of channels"),)
    return (size,) * (int(params.get("scale", True)) + int(params.get("center", True)) + count)


def normalisation(extra: int, **defaults: float) -> Kind:
    """``BatchNormalization`` (with two moving averages), ``LayerNormalization``."""

    def read(values: Values) -> Params:
        params: Params = {"axis": _last_axis(values), "epsilon": values.number("epsilon", defaults["epsilon"])}
        params["center"] = values.flag("center", True)
        params["scale"] = values.flag("scale", True)
        return params

    return Kind(read, _same, lambda params, shapes: _channel_weights(params, shapes, extra), Order.AXIS)


def _learned_normalization(values: Values) -> Params:
    """``Normalization``: what it has learned is among its weights, or was given to it and stands in its settings."""
    params: Params = {"axis": _last_axis(values), "invert": values.flag("invert", False)}
    if "mean" in values and "variance" in values:
        params["mean"], params["variance"] = (_flat(values, key) for key in ("mean", "variance"))
    return params


def _flat(values: Values, key: str) -> float | tuple[float, ...]:
    """Numbers, however deeply their list is nested; files write ``[[[[0.1]], [[0.2]]]]``."""
    value = values.raw(key)
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list):
        value = [item[0] if isinstance(item, list) and len(item) == 1 else item for item in value]
    return Values(key, {key: value}).numbers(key, 0.0)


def _group_normalization(values: Values) -> Params:
    return {
        "groups": values.whole("groups", -1, MOST_FILTERS, default=32),
        "axis": _last_axis(values),
        "epsilon": values.number("epsilon", 1e-3),
        "center": values.flag("center", True),
        "scale": values.flag("scale", True),
    }


def _prelu(values: Values) -> Params:
    axes = values.raw("shared_axes")
    shared = None if not axes else [values._whole("shared_axes", axis, 1, 5) for axis in axes]
    return {"shared_axes": shared}


def _prelu_weights(params: Params, shapes: Shapes) -> WeightShapes:
    shared = params["shared_axes"] or ()
    return (
        tuple(1 if axis in shared else known(side, "input size") for axis, side in enumerate(shapes[0][1:], start=1)),
    )


def _relu(values: Values) -> Params:
    limit = values.raw("max_value")
    return {
        "max_value": None if limit is None else values.number("max_value", 0.0),
        "negative_slope": values.number("negative_slope", 0.0),
        "threshold": values.number("threshold", values.number("theta", 0.0)),
    }


# Reshaping ----------------------------------------------------------------------------------------------------------


def _flattened(_: Params, shapes: Shapes) -> Shape:
    sides = shapes[0][1:]
    return (None, None if None in sides else prod(side for side in sides if side is not None))


def _reshape(values: Values) -> Params:
    target = values.raw("target_shape")
    if not isinstance(target, list) or len(target) > 6:
        raise values.refuse("target_shape")
    sides = [-1 if side is None else values._whole("target_shape", side, -1, 2**31) for side in target]
    if sides.count(-1) > 1 or 0 in sides:
        raise values.refuse("target_shape")
    return {"target_shape": tuple(sides)}


def _reshaped(params: Params, shapes: Shapes) -> Shape:
    sides, target = shapes[0][1:], params["target_shape"]
    if None in sides:
        return (None, *(None if side == -1 else side for side in target))
    size, fixed = prod(side for side in sides if side is not None), prod(side for side in target if side != -1)
    if (size % fixed if -1 in target else size != fixed) or not fixed:
        message = f"{size} values cannot be brought into the shape {list(target)}"
        raise ShapeError(message)
    return (None, *(size // fixed if side == -1 else side for side in target))


def _permute(values: Values) -> Params:
    dims = values.raw("dims")
    if not isinstance(dims, list) or any(type(dim) is not int for dim in dims):
        raise values.refuse("dims")
    if not 1 <= len(dims) <= 8 or sorted(dims) != list(range(1, len(dims) + 1)):
        raise values.refuse("dims")
    return {"dims": tuple(dims)}


def _permuted(params: Params, shapes: Shapes) -> Shape:
    if len(params["dims"]) != len(shapes[0]) - 1:
        message = "it permutes another number of axes than there are"
        raise ShapeError(message)
    return (None, *(shapes[0][axis] for axis in params["dims"]))


def _concatenated(params: Params, shapes: Shapes) -> Shape:
    axis, rank = params["axis"], len(shapes[0])
    if any(len(shape) != rank for shape in shapes) or not -rank < axis < rank or axis % rank == 0:
        message = "its inputs cannot be joined"
        raise ShapeError(message)
    axis %= rank
    sides = [shape[axis] for shape in shapes]
    rest = merged([(*shape[:axis], 1, *shape[axis + 1 :]) for shape in shapes])
    total = None if None in sides else sum(side for side in sides if side is not None)
    return (*rest[:axis], total, *rest[axis + 1 :])


# Dense and sequences ------------------------------------------------------------------------------------------------


def _dense(values: Values) -> Params:
    return {
        "units": values.whole("units", 1, MOST_UNITS),
        "activation": values.activation(),
        "use_bias": values.flag("use_bias", True),
    }


def _dense_weights(params: Params, shapes: Shapes) -> WeightShapes:
    return ((known(shapes[0][-1], "input size"), params["units"]), *_bias(params, params["units"]))


def _embedding(values: Values) -> Params:
    return {
        "input_dim": values.whole("input_dim", 1, 10**7),
        "output_dim": values.whole("output_dim", 1, MOST_FILTERS),
    }


def _recurrent(gates: int) -> Kind:
    """``SimpleRNN``, ``GRU``, ``LSTM``."""

    def read(values: Values) -> Params:
        params = {
            "units": values.whole("units", 1, MOST_FILTERS),
            "activation": values.activation(default="tanh"),
            "use_bias": values.flag("use_bias", True),
            "return_sequences": values.flag("return_sequences", False),
            "go_backwards": values.flag("go_backwards", False),
        }
        if values.flag("return_state", False) or values.flag("stateful", False):
            message = "it keeps or returns its state."
            raise Unsupported(message)
        if gates > 1:
            params["recurrent_activation"] = values.activation("recurrent_activation", "sigmoid")
        if gates == 3:
            params["reset_after"] = values.flag("reset_after", False)
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        return (None, *((shapes[0][1],) if params["return_sequences"] else ()), params["units"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        wide = gates * params["units"]
        bias = ((2, wide),) if params.get("reset_after") else ((wide,),)
        kernel = (known(shapes[0][-1], "input size"), wide)
        return (kernel, (params["units"], wide), *(bias if params["use_bias"] else ()))

    return Kind(read, shape, weights, Order.AS_WRITTEN, 3)


def _both_directions(values: Values) -> Params:
    cell = values.choice("cell", ("SimpleRNN", "GRU", "LSTM"))
    params = {"cell": cell, **KINDS[cell].read(values)}
    if params["go_backwards"]:
        message = "it begins at the end."
        raise Unsupported(message)
    if values.raw("merge_mode") not in ("concat", "sum", "mul", "ave"):
        message = "it gives its two directions apart."
        raise Unsupported(message)
    return {**params, "merge_mode": values.raw("merge_mode")}


def _both_directions_shape(params: Params, shapes: Shapes) -> Shape:
    *rest, units = KINDS[params["cell"]].shape(params, shapes)
    return (*rest, 2 * params["units"] if params["merge_mode"] == "concat" else units)


def _convolutional_lstm(values: Values) -> Params:
    return {
        "filters": values.whole("filters", 1, MOST_FILTERS),
        **_convolving(values, 2),
        "activation": values.activation(default="tanh"),
        "recurrent_activation": values.activation("recurrent_activation", "hard_sigmoid"),
        "return_sequences": values.flag("return_sequences", False),
        "go_backwards": values.flag("go_backwards", False),
    }


def _convolutional_lstm_shape(params: Params, shapes: Shapes) -> Shape:
    places = _places(params, shapes[0][1:])
    return (None, *((shapes[0][1],) if params["return_sequences"] else ()), *places, params["filters"])


def _convolutional_lstm_weights(params: Params, shapes: Shapes) -> WeightShapes:
    wide = 4 * params["filters"]
    channels = known(shapes[0][-1], "number of channels")
    return (
        (*params["kernel_size"], channels, wide),
        (*params["kernel_size"], params["filters"], wide),
        *_bias(params, wide),
    )


def _depth_to_space(params: Params, shapes: Shapes) -> Shape:
    block, (height, width, channels) = params["block_size"], shapes[0][1:]
    if known(channels, "number of channels") % block**2:
        message = f"its {channels} channels cannot be spread over blocks of {block}"
        raise ShapeError(message)
    sides = (None if side is None else side * block for side in (height, width))
    return (None, *sides, known(channels, "number of channels") // block**2)


def _reduced(params: Params, shapes: Shapes) -> Shape:
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


def _sliced(params: Params, shapes: Shapes) -> Shape:
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
        sides.append(None if side is None else len(range(*part.indices(side))))
    return tuple(sides)


def _nothing(_: Values) -> Params:
    return {}


def _merge() -> Kind:
    return Kind(_nothing, lambda params, shapes: merged(shapes))


IDENTITY = "Identity"
"""The kind of every layer that does nothing once a network is trained."""

KINDS: Mapping[str, Kind] = {
    "Conv1D": convolution(1),
    "Conv2D": convolution(2),
    "Conv3D": convolution(3),
    "DepthwiseConv1D": depthwise(1),
    "DepthwiseConv2D": depthwise(2),
    "SeparableConv1D": separable(1),
    "SeparableConv2D": separable(2),
    "Conv1DTranspose": transposed_convolution(1),
    "Conv2DTranspose": transposed_convolution(2),
    "Conv3DTranspose": transposed_convolution(3),
    "MaxPooling1D": pooling(1),
    "MaxPooling2D": pooling(2),
    "MaxPooling3D": pooling(3),
    "AveragePooling1D": pooling(1),
    "AveragePooling2D": pooling(2),
    "AveragePooling3D": pooling(3),
    "GlobalMaxPooling1D": global_pooling(1),
    "GlobalMaxPooling2D": global_pooling(2),
    "GlobalMaxPooling3D": global_pooling(3),
    "GlobalAveragePooling1D": global_pooling(1),
    "GlobalAveragePooling2D": global_pooling(2),
    "GlobalAveragePooling3D": global_pooling(3),
    "ZeroPadding1D": zero_padding(1),
    "ZeroPadding2D": zero_padding(2),
    "ZeroPadding3D": zero_padding(3),
    "Cropping1D": cropping(1),
    "Cropping2D": cropping(2),
    "Cropping3D": cropping(3),
    "UpSampling1D": upsampling(1),
    "UpSampling2D": upsampling(2),
    "UpSampling3D": upsampling(3),
    "Resizing": resizing("Resizing"),
    "CenterCrop": resizing("CenterCrop"),
    "BatchNormalization": normalisation(2, epsilon=1e-3),
    "LayerNormalization": normalisation(0, epsilon=1e-3),
    "GroupNormalization": Kind(
        _group_normalization, _same, lambda params, shapes: _channel_weights(params, shapes, 0), Order.AXIS
    ),
    "Normalization": Kind(
        _learned_normalization,
        _same,
        lambda params, shapes: () if "mean" in params else (*_channel_weights({"axis": params["axis"]}, shapes, 0), ()),
        Order.AXIS,
    ),
    "LayerScale": Kind(
        lambda values: {"projection_dim": values.whole("projection_dim", 1, MOST_FILTERS)},
        _same,
        lambda params, shapes: ((params["projection_dim"],),),
    ),
    "Rescaling": Kind(
        lambda values: {"scale": values.numbers("scale", 1.0), "offset": values.numbers("offset", 0.0)}, _same
    ),
    "Activation": Kind(lambda values: {"activation": values.activation()}, _same),
    "ReLU": Kind(_relu, _same),
    "LeakyReLU": Kind(
        lambda values: {"negative_slope": values.number("negative_slope", values.number("alpha", 0.3))}, _same
    ),
    "ELU": Kind(lambda values: {"alpha": values.number("alpha", 1.0)}, _same),
    "PReLU": Kind(_prelu, _same, _prelu_weights, Order.AS_WRITTEN),
    "Softmax": Kind(lambda values: {"axis": values.whole("axis", -8, 8, -1)}, _same, order=Order.AXIS),
    "Flatten": Kind(_nothing, _flattened, order=Order.AS_WRITTEN, sizes_free=False),
    "Reshape": Kind(_reshape, _reshaped, order=Order.AS_WRITTEN, sizes_free=False),
    "Permute": Kind(_permute, _permuted, order=Order.AS_WRITTEN),
    "RepeatVector": Kind(
        lambda values: {"n": values.whole("n", 1, 65536)},
        lambda params, shapes: (None, params["n"], shapes[0][-1]),
        order=Order.AS_WRITTEN,
        rank=2,
    ),
    "Dense": Kind(_dense, lambda params, shapes: (*shapes[0][:-1], params["units"]), _dense_weights, Order.AS_WRITTEN),
    "Embedding": Kind(
        _embedding,
        lambda params, shapes: (*shapes[0], params["output_dim"]),
        lambda params, shapes: ((params["input_dim"], params["output_dim"]),),
        Order.AS_WRITTEN,
    ),
    "SimpleRNN": _recurrent(1),
    "GRU": _recurrent(3),
    "LSTM": _recurrent(4),
    "Bidirectional": Kind(
        _both_directions,
        _both_directions_shape,
        lambda params, shapes: 2 * KINDS[params["cell"]].weights(params, shapes),
        Order.AS_WRITTEN,
        3,
    ),
    "ConvLSTM2D": Kind(
        _convolutional_lstm, _convolutional_lstm_shape, _convolutional_lstm_weights, Order.AS_WRITTEN, 5
    ),
    "Add": _merge(),
    "Subtract": _merge(),
    "Multiply": _merge(),
    "Average": _merge(),
    "Maximum": _merge(),
    "Minimum": _merge(),
    "Concatenate": Kind(lambda values: {"axis": values.whole("axis", -8, 8, -1)}, _concatenated, order=Order.AXIS),
    "DepthToSpace": Kind(
        lambda values: {"block_size": values.whole("block_size", 2, LARGEST_UPSAMPLING)},
        _depth_to_space,
        order=Order.CHANNELS,
        rank=4,
    ),
    IDENTITY: Kind(_nothing, _same),
    # Operations on tensors; their parameters come from filterviz.reader.operations.
    "Divide": _merge(),
    "Elementwise": Kind(_nothing, _same),
    "Power": Kind(_nothing, _same),
    "Clip": Kind(_nothing, _same),
    "Reduce": Kind(_nothing, _reduced, order=Order.AS_WRITTEN),
    "Slice": Kind(_nothing, _sliced, order=Order.AS_WRITTEN),
}
"""Class name, as Keras 3 knows it -> kind."""

NOTHING_AT_INFERENCE = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise"),
        *("AlphaDropout", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation"),
        *("RandomContrast", "RandomBrightness", "RandomHeight", "RandomWidth", "RandomCrop", "RandomShear"),
        *("RandomHue", "RandomSaturation", "RandomColorJitter", "RandomGrayscale", "RandomSharpness", "Masking"),
        *("StochasticDepth", "Identity", "RandomErasing", "RandomGaussianBlur", "RandomPosterization"),
    }
)
"""Classes that pass on what they get once a network is trained."""

CODE = frozenset({"Lambda", "TorchModuleWrapper", "TFSMLayer", "FlaxLayer", "JaxLayer"})
"""Classes that carry program code, or a pointer to some."""
