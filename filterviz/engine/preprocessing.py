"""Preprocessing: from pixel values of 0-255 to the values that a network was trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.spec import PixelRange

Array = TypeVar("Array")
"""A NumPy array or a TensorFlow tensor."""

IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
"""What ``keras.applications`` subtracts for VGG16 and ResNet50 (``imagenet_utils``, mode ``caffe``)."""


@dataclass(frozen=True, slots=True)
class PixelScaling:
    """An affine map from pixel values to network values, for each channel: ``network = scale * pixel + offset``.

    Attributes:
        scale: Factor for all channels.
        offset: One number for all channels, or one for each channel in the network's order.
        reverse: Whether the network takes its channels in reverse order, blue first.
    """

    scale: float = 1.0
    offset: tuple[float, ...] = (0.0,)
    reverse: bool = False

    @classmethod
    def of(cls, pixel_range: PixelRange | None, channels: int) -> PixelScaling:
        """The map for a pixel range; ``None`` is the identity.

        ``CAFFE`` is defined for three channels only. For any other number it is the identity too, as is ``BYTE``.
        """
        if pixel_range is PixelRange.UNIT:
            return cls(1 / 255)
        if pixel_range is PixelRange.SIGNED:
            return cls(1 / 127.5, (-1.0,))
        if pixel_range is PixelRange.CAFFE and channels == 3:
            return cls(1.0, tuple(-mean for mean in IMAGENET_MEAN_BGR), reverse=True)
        return cls()

    def from_unit(self, images: tf.Tensor) -> tf.Tensor:
        """Images ``[..., channels]`` in 0-1, red first, as network values in the network's channel order."""
        return self.scaled(self.ordered(images))

    def ordered(self, values: Array) -> Array:
        """Values ``[..., channels]`` with the channels in the network's order; applied again, it restores them."""
        ordered: Array = values[..., ::-1] if self.reverse else values  # type: ignore[index]
        return ordered

    def scaled(self, images: tf.Tensor) -> tf.Tensor:
        """Images in 0-1 whose channels are in the network's order already, as network values."""
        return images * (255 * self.scale) + tf.constant(self.offset, images.dtype)

    def to_network(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixel values ``[..., channels]`` of 0-255, red first, as network values in the network's channel order."""
        ordered = np.asarray(self.ordered(pixels), np.float64)
        values: NDArray[np.float64] = ordered * self.scale + np.asarray(self.offset)
        return values

    def to_pixels(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of :meth:`to_network`."""
        pixels: NDArray[np.float64] = (np.asarray(values, np.float64) - np.asarray(self.offset)) / self.scale
        return self.ordered(pixels)
