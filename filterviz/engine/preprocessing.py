"""The units pictures come in: from 0-255 pixel values to what a network was trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.spec import PixelRange

Channels = TypeVar("Channels")

IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
"""What ``keras.applications`` subtracts for VGG16 and ResNet50 (``imagenet_utils``, mode ``caffe``)."""


@dataclass(frozen=True, slots=True)
class PixelScaling:
    """An affine map from pixel values to network values: ``network = scale * pixel + offset``, channel by channel.

    Attributes:
        scale: of the whole picture.
        offset: one number, or one for each channel in the network's order.
        reverse: whether the network takes blue first.
    """

    scale: float = 1.0
    offset: tuple[float, ...] = (0.0,)
    reverse: bool = False

    @classmethod
    def of(cls, pixel_range: PixelRange | None, channels: int) -> PixelScaling:
        """The map for a pixel range; ``None`` is the identity, 0-255 as it is.

        ``caffe`` on a network that has not three channels has no mean to subtract and is 0-255.
        """
        if pixel_range is PixelRange.UNIT:
            return cls(1 / 255)
        if pixel_range is PixelRange.SIGNED:
            return cls(1 / 127.5, (-1.0,))
        if pixel_range is PixelRange.CAFFE and channels == 3:
            return cls(1.0, tuple(-mean for mean in IMAGENET_MEAN_BGR), reverse=True)
        return cls()

    def from_unit(self, pictures: tf.Tensor) -> tf.Tensor:
        """Pictures ``[..., channels]`` in 0-1 in the network's units and channel order, as part of a computation."""
        return self.scaled(self.ordered(pictures))

    def ordered(self, values: Channels) -> Channels:
        """Anything ``[..., channels]``, turned from red first into the network's channel order, or back."""
        turned: Channels = values[..., ::-1] if self.reverse else values  # type: ignore[index]
        return turned

    def scaled(self, pictures: tf.Tensor) -> tf.Tensor:
        """As :meth:`from_unit`, of pictures whose channels are in the network's order already."""
        return pictures * (255 * self.scale) + tf.constant(self.offset, pictures.dtype)

    def to_network(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixel values ``[..., channels]`` (0-255) in the network's units and channel order."""
        values: NDArray[np.float64] = np.asarray(self.ordered(pixels), np.float64) * self.scale + np.asarray(
            self.offset
        )
        return values

    def to_pixels(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of :meth:`to_network`."""
        pixels: NDArray[np.float64] = (np.asarray(values, np.float64) - np.asarray(self.offset)) / self.scale
        return self.ordered(pixels)
