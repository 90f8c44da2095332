"""The terms that the other modules of this package share: shapes, pixel ranges, number formats and flags."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

Json = Any
"""What :func:`json.loads` returns."""


Shape = tuple[int | None, ...]
"""A shape as in Keras: the batch axis first (``None``), channels last, ``None`` for a free size."""


class PixelRange(StrEnum):
    """The numbers that mean black and white to a network, from its training.

    ``CAFFE`` is what ``keras.applications`` does for VGG16 and ResNet50: 0-255, blue-green-red, minus the mean of
    ImageNet. ``AUTO`` leaves the choice to the recipe and the model.
    """

    AUTO = "auto"
    UNIT = "0-1"
    SIGNED = "-1-1"
    BYTE = "0-255"
    CAFFE = "caffe"


class Precision(StrEnum):
    """The number format of the computation. ``AUTO`` leaves the choice to the recipe and the machine."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Flag(StrEnum):
    """What must be shown along with a tile.

    ``SILENT``: The filter does not respond to the image, so the image says nothing about it. ``UNCONVERGED``: The
    response was still rising when the steps ended. ``NOT_FINITE``: NaN or infinity occurred in the computation, and the
    image is the last one before that.
    """

    SILENT = "silent"
    UNCONVERGED = "unconverged"
    NOT_FINITE = "not-finite"
