"""The words that the other modules of this package share: shapes, pixel ranges, precisions and flags."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

Json = Any
"""What :func:`json.loads` returns."""


Shape = tuple[int | None, ...]
"""As in Keras: the batch axis first (``None``), channels last, ``None`` for a free size."""


class PixelRange(StrEnum):
    """The numbers a network was trained on to mean black and white.

    ``CAFFE`` is what ``keras.applications`` does for VGG16 and ResNet50: 0-255, blue-green-red, minus ImageNet's mean.
    """

    AUTO = "auto"
    UNIT = "0-1"
    SIGNED = "-1-1"
    BYTE = "0-255"
    CAFFE = "caffe"


class Precision(StrEnum):
    """The number format of the computation. ``AUTO`` is resolved by the engine on the machine it runs on."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Flag(StrEnum):
    """What a tile must not keep quiet about.

    ``SILENT``: the filter does not respond to the picture, which shows nothing of it then. ``UNCONVERGED``: it was
    still rising when the steps ended. ``NOT_FINITE``: NaN or infinity met on the way; the picture is that of the last
    finite step.
    """

    SILENT = "silent"
    UNCONVERGED = "unconverged"
    NOT_FINITE = "not-finite"
