"""Convolutions over one, two and three axes: plain, depthwise, separable and transposed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from filterviz.layers import receptive_field as fields
from filterviz.layers.activations import activation, activation_roles, activation_weights, is_relu
from filterviz.layers.config_values import LARGEST_STRIDE, MOST_FILTERS, ConfigValues
from filterviz.layers.kind import AxisOrder, Kernel, LayerKind, Params, Trait, Weights, WeightShapes
from filterviz.layers.shapes import ShapeError, Shapes, channels_of, transposed, windowed
from filterviz.spec import Shape


def positions(params: Mapping[str, Any], shape: Shape, key: str = "kernel_size") -> tuple[int | None, ...]:
    """Return how many positions a sliding window has along each side of a shape.

    Raises:
        ShapeError: The window is larger than a side.
    """
    dilation = params.get("dilation_rate", (1,) * len(params[key]))
    return tuple(
        windowed(side, size, stride, params["padding"], step)
        for side, size, stride, step in zip(shape[1:-1], params[key], params["strides"], dilation, strict=True)
    )


def convolving(values: ConfigValues, rank: int) -> Params:
    """Read the settings that all convolutions have."""
    return {
        **values.window(rank),
        "dilation_rate": values.wholes("dilation_rate", rank, 1, LARGEST_STRIDE, default=1),
        "activation": activation(values),
        "use_bias": values.flag("use_bias", True),
    }


def bias(params: Mapping[str, Any], size: int) -> WeightShapes:
    """Return the shape of the bias, if there is one."""
    return ((size,),) if params["use_bias"] else ()


def bias_role(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the role of the bias, if there is one."""
    return ("bias",) if params["use_bias"] else ()


def shrinking(params: Mapping[str, Any]) -> float:
    """Return by which factor the strides of a sliding window change the number of positions."""
    return 1.0 / float(prod(params["strides"]))


def _read_convolution(values: ConfigValues, rank: int) -> Params:
    return {
        "filters": values.whole("filters", 1, MOST_FILTERS),
        **convolving(values, rank),
        "groups": values.whole("groups", 1, MOST_FILTERS, default=1),
    }


def _read_depthwise(values: ConfigValues, rank: int) -> Params:
    values.only("filters", None)
    values.only("groups", 1)
    return {"depth_multiplier": values.whole("depth_multiplier", 1, 64, default=1), **convolving(values, rank)}


def _read_separable(values: ConfigValues, rank: int) -> Params:
    values.only("groups", 1)
    values.only("padding", "valid", "same")  # Keras 3 has no causal one
    return {
        "filters": values.whole("filters", 1, MOST_FILTERS),
        "depth_multiplier": values.whole("depth_multiplier", 1, 64, default=1),
        **convolving(values, rank),
    }


def _read_transposed(values: ConfigValues, rank: int) -> Params:
    values.only("groups", 1)
    params = {"filters": values.whole("filters", 1, MOST_FILTERS), **convolving(values, rank)}
    if "output_padding" in values:
        params["output_padding"] = values.wholes("output_padding", rank, 0, LARGEST_STRIDE)
    return params


def _shape(params: Params, shapes: Shapes) -> Shape:
    return (None, *positions(params, shapes[0]), params["filters"])


def _depthwise_shape(params: Params, shapes: Shapes) -> Shape:
    return (None, *positions(params, shapes[0]), channels_of(shapes[0]) * params["depth_multiplier"])


def _transposed_shape(params: Params, shapes: Shapes) -> Shape:
    extra = params.get("output_padding", (None,) * len(params["strides"]))
    sides = zip(shapes[0][1:-1], params["kernel_size"], params["strides"], extra, params["dilation_rate"], strict=True)
    return (
        None,
        *(transposed(side, size, stride, params["padding"], more, step) for side, size, stride, more, step in sides),
        params["filters"],
    )


def _with_activation(params: Params, arrays: WeightShapes, shape: Shape) -> WeightShapes:
    return (*arrays, *activation_weights(params, shape))


def _weights(params: Params, shapes: Shapes) -> WeightShapes:
    channels = channels_of(shapes[0])
    if channels % params["groups"] or params["filters"] % params["groups"]:
        raise ShapeError(f"its {channels} channels cannot be divided into {params['groups']} groups")
    kernel = (*params["kernel_size"], channels // params["groups"], params["filters"])
    return _with_activation(params, (kernel, *bias(params, params["filters"])), _shape(params, shapes))


def _depthwise_weights(params: Params, shapes: Shapes) -> WeightShapes:
    channels = channels_of(shapes[0])
    kernel = (*params["kernel_size"], channels, params["depth_multiplier"])
    arrays = (kernel, *bias(params, channels * params["depth_multiplier"]))
    return _with_activation(params, arrays, _depthwise_shape(params, shapes))


def _separable_weights(params: Params, shapes: Shapes) -> WeightShapes:
    channels, multiplier = channels_of(shapes[0]), params["depth_multiplier"]
    arrays = (
        (*params["kernel_size"], channels, multiplier),
        (*(1,) * len(params["kernel_size"]), channels * multiplier, params["filters"]),
        *bias(params, params["filters"]),
    )
    return _with_activation(params, arrays, _shape(params, shapes))


def _transposed_weights(params: Params, shapes: Shapes) -> WeightShapes:
    kernel = (*params["kernel_size"], params["filters"], channels_of(shapes[0]))
    return _with_activation(params, (kernel, *bias(params, params["filters"])), _transposed_shape(params, shapes))


def _kernel(params: Mapping[str, Any], weights: Weights, channels: int, channel: int) -> Kernel:
    """Return the kernel of one channel; it looks at the input channels of its group alone."""
    group = channel // (weights[0].shape[-1] // params["groups"])
    return _among(channels, group * weights[0].shape[2], weights[0][..., channel])


def _depthwise_kernel(params: Mapping[str, Any], weights: Weights, channels: int, channel: int) -> Kernel:
    """Return the kernel of one channel; it looks at a single input channel."""
    source, number = divmod(channel, params["depth_multiplier"])
    return _among(channels, source, weights[0][:, :, source, number, np.newaxis])


def _separable_kernel(params: Mapping[str, Any], weights: Weights, channels: int, channel: int) -> Kernel:
    """Return the depthwise kernels, mixed as the channel mixes them; nothing happens between the two."""
    mixing = weights[1][0, 0, :, channel].reshape(channels, params["depth_multiplier"])
    mixed: Kernel = (weights[0] * mixing).sum(axis=-1)
    return mixed


def _among(channels: int, first: int, kernel: Kernel) -> Kernel:
    """Return a kernel over some of the input channels as one over all of them."""
    whole = np.zeros((*kernel.shape[:2], channels), np.float32)
    whole[..., first : first + kernel.shape[-1]] = kernel
    return whole


_WINDOW = fields.moving(fields.window("kernel_size"))


def _reading(read: Callable[[ConfigValues, int], Params], rank: int) -> Callable[[ConfigValues], Params]:
    return lambda values: read(values, rank)


def _over(
    ranks: Sequence[int],
    name: str,
    read: Callable[[ConfigValues, int], Params],
    shape: Callable[[Params, Shapes], Shape],
    weights: Callable[[Params, Shapes], WeightShapes],
    kernels: tuple[str, ...],
    aliases: Sequence[str] = (),
    traits: Collection[Trait] = (),
    field: fields.FieldRule = _WINDOW,
    **more: Any,
) -> Iterator[LayerKind]:
    """Return a kind of convolution over each of some numbers of axes.

    Args:
        ranks: Numbers of axes.
        name: Name of the class, with a place for the number of axes.
        read: Reads its parameters.
        shape: Gives the shape of its output.
        weights: Gives the shapes of its arrays.
        kernels: Roles of its arrays before the bias.
        aliases: Older names, each with its number of axes.
        traits: What else holds for it.
        field: What it makes of receptive fields.
        more: Further fields of :class:`LayerKind`.
    """
    for rank in ranks:
        yield LayerKind(
            name.format(rank),
            _reading(read, rank),
            shape,
            weights,
            roles=lambda params: (*kernels, *bias_role(params), *activation_roles(params)),
            aliases=tuple(alias for alias in aliases if str(rank) in alias),
            axis_order=AxisOrder.CHANNELS,
            rank=rank + 2,
            receptive_field=field,
            traits=frozenset({Trait.CONVOLVES, *({Trait.IMAGE_CONVOLUTION} if rank == 2 else ()), *traits}),
            **more,
        )


KINDS = (
    *_over(
        (1, 2, 3),
        "Conv{}D",
        _read_convolution,
        _shape,
        _weights,
        ("kernel",),
        (
            *("Convolution1D", "Convolution2D", "Convolution3D"),
            *("AtrousConvolution1D", "AtrousConvolution2D", "AtrousConv1D", "AtrousConv2D"),
        ),
        {Trait.WEIGHTED_SUM},
        growth=shrinking,
        kernel=_kernel,
        rectifies=is_relu,
    ),
    *_over(
        (1, 2),
        "DepthwiseConv{}D",
        _read_depthwise,
        _depthwise_shape,
        _depthwise_weights,
        ("depthwise",),
        growth=shrinking,
        kernel=_depthwise_kernel,
        rectifies=is_relu,
    ),
    *_over(
        (1, 2),
        "SeparableConv{}D",
        _read_separable,
        _shape,
        _separable_weights,
        ("depthwise", "pointwise"),
        ("SeparableConvolution1D", "SeparableConvolution2D"),
        growth=shrinking,
        kernel=_separable_kernel,
    ),
    *_over(
        (1, 2, 3),
        "Conv{}DTranspose",
        _read_transposed,
        _transposed_shape,
        _transposed_weights,
        ("kernel",),
        (*("Deconvolution2D", "Deconvolution3D", "Deconv2D"), *("Convolution2DTranspose", "Convolution3DTranspose")),
        {Trait.TRANSPOSED},
        fields.moving(fields.transposed_window),
        growth=lambda params: float(prod(params["strides"])),
    ),
)

NOT_REBUILT = frozenset({"LocallyConnected1D", "LocallyConnected2D"})
