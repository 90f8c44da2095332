"""The learned kernels of layers that look straight at the picture: there the weights themselves can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.subnetwork import PICTURES, Plan, plan
from filterviz.reader import OpenedModel
from filterviz.reader.layers import IDENTITY
from filterviz.spec import KERNEL_NUMBERS, LayerSpec, PixelRange, is_kernel

Kernel = NDArray[np.float32]
Weights = Sequence[NDArray[np.float32]]

TRANSPARENT = (*PICTURES, IDENTITY, "Rescaling", "Normalization", "ZeroPadding2D", "Cropping2D")
"""Kinds that leave every pixel by its neighbours and every channel by itself: a layer behind them sees the picture."""

STRAIGHT: tuple[int, ...] = (0, 1, 2, 3)
"""The axes of pictures as they are: batch, height, width, channels."""


def kernels(model: OpenedModel, layer: str, pixel_range: PixelRange | None) -> Callable[[int], Kernel | None]:
    """The kernels of a layer, one by one.

    Args:
        model: an open file.
        layer: the name of a visualisable layer.
        pixel_range: decides whether the network takes blue first; the tile is shown with red first, and so is the
            kernel.

    Returns:
        A function of the filter's index that gives its kernel as it is applied, float32 ``[height, width, channels]``,
        with a zero wherever a channel is not looked at. It gives ``None`` where the layer is no convolution or sees
        something else than the picture, where the weights are too many, and where they are not finite.

    Raises:
        Refused: the weights cannot be read.
    """
    part = plan(model.spec, layer)
    channels = part.picture[-1] or 0
    apply = KINDS.get(part.target.rebuilt_as)
    if apply is None or not _sees_picture(part):
        return lambda _: None
    if prod(part.target.params["kernel_size"]) * channels > KERNEL_NUMBERS:
        return lambda _: None
    weights = model.weights(part.target)
    units = PixelScaling.of(pixel_range, channels)

    def kernel(channel: int) -> Kernel | None:
        found = apply(part.target, weights, channels, channel)
        found = np.ascontiguousarray(units.ordered(found), np.float32)
        return found if is_kernel(found) else None

    return kernel


def _sees_picture(part: Plan) -> bool:
    """Whether nothing but transparent layers lies between the picture and the layer, and no axis ends up turned."""
    node, order = part.nodes[-1], STRAIGHT
    while node != part.source:
        if node != part.nodes[-1] and part.layer(node).rebuilt_as not in TRANSPARENT:
            return False
        inputs = part.inputs(node)
        if len(inputs) != 1:
            return False
        node, turn = inputs[0]
        order = order if turn is None else tuple(turn[axis] for axis in order)
    return order == STRAIGHT


def _convolution(layer: LayerSpec, weights: Weights, channels: int, channel: int) -> Kernel:
    """Of a Conv2D, ``[height, width, channels / groups, filters]``: a filter looks at the channels of its group."""
    group = channel // (weights[0].shape[-1] // layer.params["groups"])
    return _among(channels, group * weights[0].shape[2], weights[0][..., channel])


def _depthwise(layer: LayerSpec, weights: Weights, channels: int, channel: int) -> Kernel:
    """Of a DepthwiseConv2D, ``[height, width, channels, multiplier]``: a filter looks at one channel."""
    source, number = divmod(channel, layer.params["depth_multiplier"])
    return _among(channels, source, weights[0][:, :, source, number, np.newaxis])


def _separable(layer: LayerSpec, weights: Weights, channels: int, channel: int) -> Kernel:
    """Of a SeparableConv2D: its depthwise kernels, mixed as the filter mixes them. Nothing happens between the two."""
    mixing = weights[1][0, 0, :, channel].reshape(channels, layer.params["depth_multiplier"])
    mixed: Kernel = (weights[0] * mixing).sum(axis=-1)
    return mixed


def _among(channels: int, first: int, kernel: Kernel) -> Kernel:
    """A kernel over some of the channels as one over all of them."""
    whole = np.zeros((*kernel.shape[:2], channels), np.float32)
    whole[..., first : first + kernel.shape[-1]] = kernel
    return whole


KINDS: dict[str, Callable[[LayerSpec, Weights, int, int], Kernel]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
}
