"""The learned kernels of layers that take the image itself, whose weights can be shown as images."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.subnetwork import Plan, plan
from filterviz.layers import KINDS, Trait, kind_of
from filterviz.layers.kind import Kernel
from filterviz.layers.passing import IMAGES
from filterviz.reader import OpenedModel
from filterviz.spec import KERNEL_NUMBERS, PixelRange, is_kernel

IMAGE_AXES: tuple[int, ...] = (0, 1, 2, 3)
"""The order of the axes of images: batch, height, width, channels."""


def kernels(model: OpenedModel, layer: str, pixel_range: PixelRange | None) -> Callable[[int], Kernel | None]:
    """Return what gives the kernels of a layer, one by one.

    Args:
        model: An open file.
        layer: Name of a visualisable layer.
        pixel_range: Decides whether the network takes blue first; the tile is shown with red first, and so is the
            kernel.

    Returns:
        A function of the channel's index that gives its kernel as it is applied, float32 ``[height, width, channels]``,
        with a zero wherever a channel is not used. It gives ``None`` where the layer is no convolution or takes
        something else than the image, where the weights are too many, and where they are not finite.

    Raises:
        Refused: The weights cannot be read.
    """
    part = plan(model.spec, layer)
    channels = part.image[-1] or 0
    kind = KINDS.get(part.target.rebuilt_as)
    take = None if kind is None else kind.kernel
    if take is None or not _sees_image(part):
        return lambda _: None
    if prod(part.target.params["kernel_size"]) * channels > KERNEL_NUMBERS:
        return lambda _: None
    weights = model.weights(part.target)
    units = PixelScaling.of(pixel_range, channels)

    def kernel(channel: int) -> Kernel | None:
        found = take(part.target.params, weights, channels, channel)
        found = np.ascontiguousarray(units.ordered(found), np.float32)
        return found if is_kernel(found) else None

    return kernel


def _sees_image(part: Plan) -> bool:
    """Return whether only layers that keep pixels and channels apart come before, and no axis ends up turned."""
    node, order = part.nodes[-1], IMAGE_AXES
    while node != part.source:
        kind = part.layer(node).rebuilt_as
        if node != part.nodes[-1] and kind not in IMAGES and not kind_of(kind, Trait.LEAVES_PIXELS):
            return False
        inputs = part.inputs(node)
        if len(inputs) != 1:
            return False
        node, turn = inputs[0]
        order = order if turn is None else tuple(turn[axis] for axis in order)
    return order == IMAGE_AXES
