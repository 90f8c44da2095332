"""The allow-list: every kind of layer that can be rebuilt, what it takes, what it makes of a shape, what it weighs.

The name of a class in a file is looked up in this table and nowhere else. Every setting of a layer is in one of three
lists: read here, each within its range; known to change nothing once a network is trained (:func:`has_no_effect`); or
unknown, and then the network is cut there and says so. Shapes have the batch axis first and channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

from filterviz.reader import operation_shapes as made
from filterviz.reader.legacy import modernise
from filterviz.reader.operation_shapes import slices as slices
from filterviz.reader.shape import ShapeError as ShapeError
from filterviz.reader.shape import Shapes, known, merged
from filterviz.reader.values import Activation, Unsupported, Values, unwrapped
from filterviz.spec import Shape

Params = dict[str, Any]
WeightShapes = tuple[tuple[int, ...], ...]

MOST_FILTERS, MOST_UNITS = 16_384, 262_144
LARGEST_KERNEL, LARGEST_STRIDE, LARGEST_PADDING, LARGEST_UPSAMPLING = 4096, 64, 4096, 64


class Order(Enum):
    """How a layer minds the order of the axes, which matters where a file keeps channels first."""

    CHANNELS = "has channels: the file says where"
    ANY = "works on each value alone, or on values in the same place"
    AXIS = "works along an axis that its settings name"
    AS_WRITTEN = "minds the order itself"


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
        several: whether it may be called on several inputs.
        no_effect: settings of this kind alone that change nothing once a network is trained.
    """

    read: Callable[[Values], Params]
    shape: Callable[[Params, Shapes], Shape]
    weights: Callable[[Params, Shapes], WeightShapes] = lambda params, shapes: ()
    order: Order = Order.ANY
    rank: int | None = None
    sizes_free: bool = True
    several: bool = False
    no_effect: frozenset[str] = frozenset()


# Settings without effect --------------------------------------------------------------------------------------------

FOR_TRAINING = ("_initializer", "_regularizer", "_constraint", "_init")
"""Endings of settings that say how weights begin and how they are held in bounds while they are trained."""

COMMON = frozenset(
    {
        *("name", "trainable", "weights", "init", "activity_regularizer", "synchronized"),
        *("batch_input_shape", "batch_shape", "input_shape", "batch_size", "input_dim", "input_length", "input_dtype"),
        # How it is computed, not what.
        *("autocast", "dynamic", "sparse", "ragged", "implementation", "consume_less", "unroll", "use_cudnn", "fused"),
        *("seed", "rng_type", "force_generator", "bounding_box_format"),
        # Read by the graph, which turns axes, and with the weights.
        *("data_format", "output_shape", "lora_rank", "lora_alpha", "quantization_config", "quantization_mode"),
    }
)
"""Settings of any layer that do not change what it computes once its weights are trained, or are minded elsewhere."""


def has_no_effect(kind: Kind, setting: str) -> bool:
    """Whether a setting changes nothing once a network is trained, or is minded elsewhere in the reader."""
    return setting in COMMON or setting in kind.no_effect or setting.endswith(FOR_TRAINING)


def nothing_is_ignored(kind: Kind, values: Values) -> None:
    """See to it that every setting of a layer has been read or is known to change nothing.

    Raises:
        Unsupported: there is another one, or the layer computes in whole numbers.
    """
    dtype = values.raw("dtype")
    if isinstance(dtype, Mapping):
        # A policy: for quantised layers it says how, which is minded with their weights.
        inner = dtype.get("config")
        dtype = inner.get("name") if isinstance(inner, Mapping) and "mode" not in inner else None
    if isinstance(dtype, str) and "float" not in dtype:
        raise values.decline("dtype")
    for setting in values.unread(()):
        if not has_no_effect(kind, setting):
            raise values.decline(setting)


# Shapes -------------------------------------------------------------------------------------------------------------


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
        "activation": activation(values),
        "use_bias": values.flag("use_bias", True),
    }


def activation(values: Values, key: str = "activation", default: str = "linear") -> Activation:
    """An activation: its name, or ``{"kind", "params"}`` of the layer that stands in its place.

    Raises:
        Unsupported: it is not known, or a setting of it is not.
    """
    found = values.activation(key, default)
    if isinstance(found, str):
        return found
    kind, settings = modernise(found["class_name"], found["config"], keras_3=True)
    inner = Values(str(found["config"].get("name", kind))[:80], settings)
    params = KINDS[kind].read(inner)
    nothing_is_ignored(KINDS[kind], inner)
    if kind == "ReLU" and params == {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}:
        return "relu"
    return {"kind": kind, "params": params}


def mixes_channels(stated: Activation | None) -> bool:
    """Whether an activation works along an axis, so that all channels are needed for one of them."""
    if isinstance(stated, Mapping):
        return stated["kind"] in ("Softmax", "PReLU")
    return stated in ("softmax", "log_softmax", "glu")


def _activation_weights(params: Params, shape: Shape) -> WeightShapes:
    """The arrays of an activation that is a layer with weights of its own, which is called on this shape."""
    stated = params["activation"]
    if isinstance(stated, Mapping):
        return KINDS[stated["kind"]].weights(stated["params"], [shape])
    return ()


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
        return (kernel, *_bias(params, params["filters"]), *_activation_weights(params, shape(params, shapes)))

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def depthwise(rank: int) -> Kind:
    """``DepthwiseConv1D`` and ``DepthwiseConv2D``."""

    def read(values: Values) -> Params:
        values.only("filters", None)
        values.only("groups", 1)
        return {"depth_multiplier": values.whole("depth_multiplier", 1, 64, default=1), **_convolving(values, rank)}

    def shape(params: Params, shapes: Shapes) -> Shape:
        channels = known(shapes[0][-1], "number of channels")
        return (None, *_places(params, shapes[0]), channels * params["depth_multiplier"])

    def weights(params: Params, shapes: Shapes) -> WeightShapes:
        channels = known(shapes[0][-1], "number of channels")
        kernel = (*params["kernel_size"], channels, params["depth_multiplier"])
        bias = _bias(params, channels * params["depth_multiplier"])
        return (kernel, *bias, *_activation_weights(params, shape(params, shapes)))

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def separable(rank: int) -> Kind:
    """``SeparableConv1D`` and ``SeparableConv2D``; Keras 3 has no causal one."""

    def read(values: Values) -> Params:
        values.only("groups", 1)
        values.only("padding", "valid", "same")
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
            *_activation_weights(params, shape(params, shapes)),
        )

    return Kind(read, shape, weights, Order.CHANNELS, rank + 2)


def transposed_convolution(rank: int) -> Kind:
    """``Conv1DTranspose``, ``Conv2DTranspose``, ``Conv3DTranspose``."""

    def read(values: Values) -> Params:
        values.only("groups", 1)
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
        return (kernel, *_bias(params, params["filters"]), *_activation_weights(params, shape(params, shapes)))

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


INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
"""What ``tf.image.resize`` knows; Keras 3 knows fewer of them."""


def upsampling(rank: int) -> Kind:
    """``UpSampling1D`` to ``UpSampling3D``."""

    def read(values: Values) -> Params:
        size = values.wholes("size", rank, 1, LARGEST_UPSAMPLING, default=2)
        params: Params = {"size": size[0] if rank == 1 else size}
        if rank == 2:
            params["interpolation"] = values.words("interpolation", INTERPOLATIONS, "nearest")
        return params

    def shape(params: Params, shapes: Shapes) -> Shape:
        factors = (params["size"],) if rank == 1 else params["size"]
        sides = zip(shapes[0][1:-1], factors, strict=True)
        return (None, *(None if side is None else side * factor for side, factor in sides), shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2)


def _resizing(values: Values) -> Params:
    values.only("factor", None)
    params: Params = {
        "height": values.whole("height", 1, 8192),
        "width": values.whole("width", 1, 8192),
        "interpolation": values.words("interpolation", INTERPOLATIONS, "bilinear"),
        "crop_to_aspect_ratio": values.flag("crop_to_aspect_ratio", False),
        "pad_to_aspect_ratio": values.flag("pad_to_aspect_ratio", False),
        "antialias": values.flag("antialias", False),
    }
    values.only("fill_mode", "constant")
    params["fill_value"] = values.number("fill_value", 0.0)
    return params


def _center_crop(values: Values) -> Params:
    values.only("factor", None)
    return {"height": values.whole("height", 1, 8192), "width": values.whole("width", 1, 8192)}


def _fixed_size(params: Params, shapes: Shapes) -> Shape:
    return (None, params["height"], params["width"], shapes[0][-1])


def adaptive_pooling(rank: int) -> Kind:
    """``AdaptiveAveragePooling*`` and ``AdaptiveMaxPooling*``: as many windows as are wanted, of whatever size."""

    def read(values: Values) -> Params:
        return {"output_size": values.wholes("output_size", rank, 1, 8192)}

    def shape(params: Params, shapes: Shapes) -> Shape:
        for side, wanted in zip(shapes[0][1:-1], params["output_size"], strict=True):
            if known(side, "input size") < wanted:
                message = f"it makes {wanted} windows of a side of {side}"
                raise ShapeError(message)
        return (None, *params["output_size"], shapes[0][-1])

    return Kind(read, shape, order=Order.CHANNELS, rank=rank + 2, sizes_free=False)


def _reflection_padding(values: Values) -> Params:
    """``ReflectionPadding2D``, a layer that many projects carry (Keras's CycleGAN example); it has no official form.

    Some give the width first and some the height, so only the same padding on all sides is believed.
    """
    amounts = set(values.pairs("padding", 2, LARGEST_PADDING)) if "padding" in values else set()
    if len({side for pair in amounts for side in pair}) != 1:
        raise values.decline("padding")
    return {"padding": values.pairs("padding", 2, LARGEST_PADDING)}


def _reflected(params: Params, shapes: Shapes) -> Shape:
    sides: list[int | None] = []
    for side, (before, after) in zip(shapes[0][1:-1], params["padding"], strict=True):
        if side is not None and side <= max(before, after):
            message = f"it reflects more than a side of {side}"
            raise ShapeError(message)
        sides.append(None if side is None else side + before + after)
    return (None, *sides, shapes[0][-1])


# Normalisation, activations -----------------------------------------------------------------------------------------


def _axes(values: Values, default: int | None = -1) -> int | tuple[int, ...] | None:
    """One axis or several, as an integer, a list, or a tracked list as tf.keras of 2020 wrote it; ``None`` for none."""
    axis = values.raw("axis")
    if isinstance(axis, Mapping):
        axis = list(axis.values())
    if axis is None:
        return default
    if not isinstance(axis, list):
        return values.whole("axis", -8, 8)
    if len(axis) > 8:
        raise values.refuse("axis")
    found = tuple(values._whole("axis", item, -8, 8) for item in axis)
    return found[0] if len(found) == 1 else found


def _last_axis(values: Values, default: int = -1) -> int:
    axis = _axes(values, default)
    if not isinstance(axis, int):
        message = "it normalises over several axes at once."
        raise Unsupported(message)
    return axis


def _channel_weights(params: Params, shapes: Shapes, count: int) -> WeightShapes:
    size = (known(shapes[0][params["axis"]], "number of channels"),)
    return (size,) * (int(params.get("scale", True)) + int(params.get("center", True)) + count)


def _sides_of(axes: int | tuple[int, ...] | None, shape: Shape) -> tuple[int, ...]:
    """The sizes of some axes, in the order in which Keras keeps them."""
    wanted = () if axes is None else (axes,) if isinstance(axes, int) else axes
    return tuple(known(shape[axis], "input size") for axis in sorted(axis % len(shape) for axis in wanted))


def _scaled(values: Values) -> Params:
    """What batch, layer and group normalisation say of how they scale and move what they have normalised."""
    return {
        "epsilon": values.number("epsilon", 1e-3),
        "center": values.flag("center", True),
        "scale": values.flag("scale", True),
    }


def _batch_normalization(values: Values) -> Params:
    # Keras 1: mode 1 normalised each sample, mode 2 with the batch's own moments, after training too.
    values.only("mode", 0)
    values.only("renorm", False)
    values.only("virtual_batch_size", None)
    values.only("adjustment", None)
    return {
        "axis": _last_axis(values),
        **_scaled(values),
    }


def _layer_normalization(values: Values) -> Params:
    values.only("rms_scaling", False)
    return {
        "axis": _axes(values),
        **_scaled(values),
    }


def _layer_weights(params: Params, shapes: Shapes) -> WeightShapes:
    sides = _sides_of(params["axis"], shapes[0])
    return (sides,) * (int(params.get("scale", True)) + int(params.get("center", False)))


def _learned_normalization(values: Values) -> Params:
    """``Normalization``: what it has learned is among its weights, or was given to it and stands in its settings."""
    params: Params = {"axis": _axes(values, None) if values.has("axis") else -1, "invert": values.flag("invert", False)}
    given = [_along(values, key, params["axis"]) for key in ("mean", "variance") if key in values]
    if len(given) == 2:
        params["mean"], params["variance"] = given
    return params


def _along(values: Values, key: str, axis: Any) -> float | tuple[float, ...]:
    """Numbers along the axes that are kept, however deeply they are nested; files write ``[[[[0.1]], [[0.2]]]]``."""
    value = unwrapped(values.raw(key))
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list) and isinstance(axis, tuple):
        return tuple(values.flattened(key, value))
    while (
        isinstance(value, list)
        and isinstance(axis, int)
        and all(isinstance(one, list) and len(one) == 1 for one in value)
    ):
        value = [one[0] for one in value]
    if isinstance(value, list) and not isinstance(axis, int):
        raise values.decline(key)
    return Values(key, {key: value}).numbers(key, 0.0)


def _learned_weights(params: Params, shapes: Shapes) -> WeightShapes:
    sides = _sides_of(params["axis"], shapes[0])
    if "mean" in params:
        for given in (params["mean"], params["variance"]):
            if isinstance(given, tuple) and len(given) not in (1, prod(sides)):
                message = f"it is given {len(given)} numbers for {prod(sides)} places"
                raise ShapeError(message)
        return ()
    return (sides, sides, ())


def _group_normalization(values: Values) -> Params:
    return {
        "groups": values.whole("groups", -1, MOST_FILTERS, default=32),
        "axis": _last_axis(values),
        **_scaled(values),
    }


def _instance_normalization(values: Values) -> Params:
    """``InstanceNormalization`` of tensorflow-addons, a GroupNormalization with a group for each channel.

    keras-contrib has another layer of this name, with other arithmetic; it has no groups. How many there are is of no
    account: once built, it writes down as many as there are channels.
    """
    if "groups" not in values:
        raise values.decline("axis")
    return {**_group_normalization(values), "groups": -1}


def _prelu(values: Values) -> Params:
    axes = values.raw("shared_axes")
    shared = None if not axes else [values._whole("shared_axes", axis, -5, 5) for axis in axes]
    return {"shared_axes": shared}


def _prelu_weights(params: Params, shapes: Shapes) -> WeightShapes:
    sides = list(shapes[0][1:])
    for axis in params["shared_axes"] or ():
        sides[axis - 1] = 1  # as Keras counts: from 1, and a negative axis one further to the front
    return (tuple(known(side, "input size") for side in sides),)


def _relu(values: Values) -> Params:
    return {
        "max_value": values.number("max_value", 0.0) if "max_value" in values else None,
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
        "activation": activation(values),
        "use_bias": values.flag("use_bias", True),
    }


def _dense_weights(params: Params, shapes: Shapes) -> WeightShapes:
    kernel = (known(shapes[0][-1], "input size"), params["units"])
    own = _activation_weights(params, (*shapes[0][:-1], params["units"]))
    return (kernel, *_bias(params, params["units"]), *own)


def _embedding(values: Values) -> Params:
    return {
        "input_dim": values.whole("input_dim", 1, 10**7),
        "output_dim": values.whole("output_dim", 1, MOST_FILTERS),
        "mask_zero": values.flag("mask_zero", False),
    }


NOT_AFTER_TRAINING = frozenset({"dropout", "recurrent_dropout", "unit_forget_bias", "dropout_W", "dropout_U"})
"""Settings of recurrent layers that matter in training alone."""


def _no_state(values: Values) -> None:
    """A recurrent layer that keeps or returns its state, or reads time along another axis, is not rebuilt."""
    if values.flag("return_state", False) or values.flag("stateful", False):
        message = "it keeps or returns its state."
        raise Unsupported(message)
    values.only("time_major", False)


def _name_of_activation(values: Values, key: str = "activation", default: str = "linear") -> str:
    found = activation(values, key, default)
    if not isinstance(found, str):
        raise values.decline(key)
    return found


def _recurrent(gates: int) -> Kind:
    """``SimpleRNN``, ``GRU``, ``LSTM``."""

    def read(values: Values) -> Params:
        params = {
            "units": values.whole("units", 1, MOST_FILTERS),
            "activation": _name_of_activation(values, default="tanh"),
            "use_bias": values.flag("use_bias", True),
            "return_sequences": values.flag("return_sequences", False),
            "go_backwards": values.flag("go_backwards", False),
        }
        _no_state(values)
        if values.flag("zero_output_for_mask", False):
            params["zero_output_for_mask"] = True
        if gates > 1:
            params["recurrent_activation"] = _name_of_activation(values, "recurrent_activation", "sigmoid")
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

    return Kind(read, shape, weights, Order.AS_WRITTEN, 3, no_effect=NOT_AFTER_TRAINING)


def _both_directions(values: Values) -> Params:
    cell = values.words("cell", ("SimpleRNN", "GRU", "LSTM"), "")
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
    _no_state(values)
    values.only("groups", 1)
    values.only("zero_output_for_mask", False)
    return {
        "filters": values.whole("filters", 1, MOST_FILTERS),
        **_convolving(values, 2),
        "activation": _name_of_activation(values, default="tanh"),
        "recurrent_activation": _name_of_activation(values, "recurrent_activation", "hard_sigmoid"),
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


def _nothing(_: Values) -> Params:
    return {}


def _merge() -> Kind:
    return Kind(_nothing, lambda params, shapes: merged(shapes), several=True)


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
    "AdaptiveAveragePooling1D": adaptive_pooling(1),
    "AdaptiveAveragePooling2D": adaptive_pooling(2),
    "AdaptiveAveragePooling3D": adaptive_pooling(3),
    "AdaptiveMaxPooling1D": adaptive_pooling(1),
    "AdaptiveMaxPooling2D": adaptive_pooling(2),
    "AdaptiveMaxPooling3D": adaptive_pooling(3),
    "ReflectionPadding2D": Kind(_reflection_padding, _reflected, order=Order.CHANNELS, rank=4),
    "Resizing": Kind(_resizing, _fixed_size, order=Order.CHANNELS, rank=4),
    "CenterCrop": Kind(_center_crop, _fixed_size, order=Order.CHANNELS, rank=4),
    "BatchNormalization": Kind(
        _batch_normalization,
        _same,
        lambda params, shapes: _channel_weights(params, shapes, 2),
        Order.AXIS,
        no_effect=frozenset({"momentum", "renorm_clipping", "renorm_momentum"}),
    ),
    "LayerNormalization": Kind(_layer_normalization, _same, _layer_weights, Order.AXIS),
    "RMSNormalization": Kind(
        lambda values: {"axis": _axes(values), "epsilon": values.number("epsilon", 1e-6)},
        _same,
        _layer_weights,
        Order.AXIS,
    ),
    "UnitNormalization": Kind(lambda values: {"axis": _axes(values)}, _same, order=Order.AXIS),
    "InstanceNormalization": Kind(
        _instance_normalization, _same, lambda params, shapes: _channel_weights(params, shapes, 0), Order.AXIS
    ),
    "GroupNormalization": Kind(
        _group_normalization, _same, lambda params, shapes: _channel_weights(params, shapes, 0), Order.AXIS
    ),
    "Normalization": Kind(_learned_normalization, _same, _learned_weights, Order.AXIS),
    "LayerScale": Kind(
        lambda values: {"projection_dim": values.whole("projection_dim", 1, MOST_FILTERS)},
        _same,
        lambda params, shapes: ((params["projection_dim"],),),
        Order.AS_WRITTEN,
        no_effect=frozenset({"init_values"}),
    ),
    "Rescaling": Kind(
        lambda values: {"scale": values.numbers("scale", 1.0), "offset": values.numbers("offset", 0.0)}, _same
    ),
    "Activation": Kind(
        lambda values: {"activation": activation(values)},
        _same,
        lambda params, shapes: _activation_weights(params, shapes[0]),
    ),
    "ReLU": Kind(_relu, _same),
    "LeakyReLU": Kind(
        lambda values: {"negative_slope": values.number("negative_slope", values.number("alpha", 0.3))}, _same
    ),
    "ELU": Kind(lambda values: {"alpha": values.number("alpha", 1.0)}, _same),
    "PReLU": Kind(_prelu, _same, _prelu_weights, Order.AS_WRITTEN),
    "Masking": Kind(lambda values: {"mask_value": values.number("mask_value", 0.0)}, _same, order=Order.AS_WRITTEN),
    "Softmax": Kind(
        lambda values: {"axis": _axes(values)}, _same, order=Order.AXIS, no_effect=frozenset({"robust_masking"})
    ),
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
        no_effect=frozenset({"dropout"}),
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
        no_effect=NOT_AFTER_TRAINING,
    ),
    "ConvLSTM2D": Kind(
        _convolutional_lstm,
        _convolutional_lstm_shape,
        _convolutional_lstm_weights,
        Order.AS_WRITTEN,
        5,
        no_effect=NOT_AFTER_TRAINING,
    ),
    "Add": _merge(),
    "Subtract": _merge(),
    "Multiply": _merge(),
    "Average": _merge(),
    "Maximum": _merge(),
    "Minimum": _merge(),
    "Concatenate": Kind(
        lambda values: {"axis": values.whole("axis", -8, 8, -1)}, _concatenated, order=Order.AXIS, several=True
    ),
    IDENTITY: Kind(_nothing, _same),
    # What operations on tensors become; their parameters come from filterviz.reader.operations.
    "Divide": _merge(),
    "Elementwise": Kind(_nothing, _same),
    "Power": Kind(_nothing, _same),
    "Clip": Kind(_nothing, _same),
    "Along": Kind(_nothing, _same, order=Order.AXIS),
    "Normalize": Kind(_nothing, _same, order=Order.AS_WRITTEN),
    "RootMeanSquare": Kind(_nothing, _same, order=Order.AS_WRITTEN),
    "LocalResponse": Kind(_nothing, _same, order=Order.AS_WRITTEN, rank=4),
    "Binary": Kind(_nothing, made.binary, order=Order.AS_WRITTEN),
    "Where": Kind(_nothing, made.chosen, order=Order.AS_WRITTEN),
    "Reduce": Kind(_nothing, made.reduced, order=Order.AS_WRITTEN),
    "Slice": Kind(_nothing, made.sliced, order=Order.AS_WRITTEN),
    "Take": Kind(_nothing, made.taken, order=Order.AS_WRITTEN),
    "Stack": Kind(_nothing, made.stacked, order=Order.AS_WRITTEN),
    "ExpandDims": Kind(_nothing, made.expanded, order=Order.AS_WRITTEN),
    "Squeeze": Kind(_nothing, made.squeezed, order=Order.AS_WRITTEN),
    "Tile": Kind(_nothing, made.tiled, order=Order.AS_WRITTEN),
    "Repeat": Kind(_nothing, made.repeated, order=Order.AS_WRITTEN),
    "Roll": Kind(_nothing, _same, order=Order.AS_WRITTEN),
    "BroadcastTo": Kind(_nothing, made.broadcast_to, order=Order.AS_WRITTEN, sizes_free=False),
    "Pad": Kind(_nothing, made.padded, order=Order.AS_WRITTEN),
    "Resize": Kind(
        _nothing,
        lambda params, shapes: (None, params["height"], params["width"], shapes[0][-1]),
        order=Order.CHANNELS,
        rank=4,
    ),
    "DepthToSpace": Kind(_nothing, made.depth_to_space, order=Order.CHANNELS, rank=4),
    "SpaceToDepth": Kind(_nothing, made.space_to_depth, order=Order.CHANNELS, rank=4),
    "MatMul": Kind(_nothing, made.multiplied, order=Order.AS_WRITTEN),
}
"""Class name, as Keras 3 knows it -> kind."""

OPERATION_KINDS = frozenset(
    {
        *("Divide", "Elementwise", "Power", "Clip", "Along", "Normalize", "RootMeanSquare", "LocalResponse", "Binary"),
        *("Where", "Reduce", "Slice", "Take", "Stack", "ExpandDims", "Squeeze", "Tile", "Repeat", "Roll", "Pad"),
        *("BroadcastTo", "Resize", "DepthToSpace", "SpaceToDepth", "MatMul"),
    }
)
"""Kinds that operations alone become. Keras has no layers of these names, and a file's are not taken for them."""

LAYERS = frozenset(KINDS) - OPERATION_KINDS
"""The classes of layers that are known."""

NOTHING_AT_INFERENCE = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise"),
        *("AlphaDropout", "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom"),
        *("RandomTranslation", "RandomContrast", "RandomBrightness", "RandomHeight", "RandomWidth", "RandomCrop"),
        *("RandomShear", "RandomHue", "RandomSaturation", "RandomColorJitter", "RandomColorDegeneration"),
        *("RandomGrayscale", "RandomSharpness", "RandomErasing", "RandomGaussianBlur", "RandomPosterization"),
        *("RandomInvert", "RandomPerspective", "RandomElasticTransform", "RandAugment", "AugMix", "CutMix", "MixUp"),
        *("Equalization", "Solarization", "MaxNumBoundingBoxes"),
        # Not of Keras's layers, but of its networks and of the EfficientNets of the package "efficientnet".
        *("StochasticDepth", "FixedDropout"),
    }
)
"""Classes that pass on what they get once a network is trained, whatever their settings."""

UNSUPPORTED_LAYERS = frozenset(
    {
        *("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention", "EinsumDense", "Dot"),
        *("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Pipeline"),
        *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup"),
        *("TextVectorization", "MelSpectrogram", "STFTSpectrogram", "ReversibleEmbedding", "DenseFeatures"),
        *("ConvLSTM1D", "ConvLSTM3D", "LocallyConnected1D", "LocallyConnected2D"),
        *("RNN", "AbstractRNNCell", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"),
        # No layers of their own: what a network begins with, and what others are made from.
        *("InputLayer", "Layer", "Wrapper", "TimeDistributed"),
    }
)
"""Layers of Keras that are not rebuilt, or not as layers: the network is cut there. None is left out by mistake."""

CODE = frozenset({"Lambda", "TorchModuleWrapper", "TFSMLayer", "FlaxLayer", "JaxLayer"})
"""Classes that carry program code, or a pointer to some."""
