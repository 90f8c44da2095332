"""A guess at the pixel values a network was trained on.

From its own preparing layers, from whose network it is, or from its first batch normalisation: that has kept the mean
and the variance of what it was given in training, which can only be what it is if the pixels were what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import Refused
from filterviz.reader.graph import START, Graph, Record
from filterviz.spec import PixelRange

KNOWN: Sequence[tuple[frozenset[str], PixelRange, str]] = (
    (frozenset({"block1_conv1", "block5_conv1"}), PixelRange.CAFFE, "its layers are named as VGG's are"),
    (frozenset({"conv1_conv", "conv2_block1_preact_bn"}), PixelRange.SIGNED, "its layers are named as ResNetV2's are"),
    (
        frozenset({"conv1_conv", "conv2_block1_1_conv", "conv2_block1_add"}),
        PixelRange.CAFFE,
        "its layers are named as ResNet's are",
    ),
    (frozenset({"conv_dw_1", "conv_pw_1"}), PixelRange.SIGNED, "its layers are named as MobileNet's are"),
    (
        frozenset({"expanded_conv_depthwise", "block_1_expand"}),
        PixelRange.SIGNED,
        "its layers are named as MobileNetV2's are",
    ),
    (frozenset({"mixed0", "mixed10"}), PixelRange.SIGNED, "its layers are named as InceptionV3's are"),
    (frozenset({"block14_sepconv2"}), PixelRange.SIGNED, "its layers are named as Xception's are"),
    (frozenset({"normal_concat_1"}), PixelRange.SIGNED, "its layers are named as NASNet's are"),
)


CONTRAST = 0.25
"""Standard deviation of the pixels of photographs, as a share of their range."""

NEIGHBOURS, COLOURS = 12.0, 0.9
"""How alike pixels of photographs are: correlation falls to 1/e over so many of them, and between colours to this."""

EXPLAINED = 0.3
"""Share of the means that the pixels' own mean must explain to be believed."""

Reading = Callable[[int], Sequence[NDArray[np.float32]]]


def guess(graph: Graph, arrays: Reading) -> tuple[PixelRange, str]:
    """The range, and what the guess rests on, as a short phrase.

    Args:
        graph: of the network.
        arrays: reads the weights of a record, by its index.
    """
    for record in graph.records:
        if record.kind == "Rescaling":
            scale = record.params["scale"]
            if isinstance(scale, float) and 0 < scale < 0.02:
                return PixelRange.BYTE, "it scales its pixels itself"
            break
        if record.weight_shapes and record.kind != "Normalization":
            break
    names = {record.name.rsplit("/", 1)[-1] for record in graph.records}
    for known, pixel_range, reason in KNOWN:
        if known <= names:
            return pixel_range, reason
    try:
        expected = _expected(graph, arrays)
    except Refused:  # what cannot be read is said where it is needed
        expected = None
    if expected is not None:
        return expected, "the means and variances its first normalisation kept in training fit these"
    if any(record.kind == START for record in graph.records):
        return PixelRange.SIGNED, "code that is not run prepares its pixels; -1 to 1 is the most usual outcome"
    return PixelRange.UNIT, "most networks are trained on 0-1"


def _expected(graph: Graph, arrays: Reading) -> PixelRange | None:
    """What the first batch normalisation expects, if it comes first or after the first convolution."""
    learned = [position for position, node in enumerate(graph.nodes) if graph.records[node.spec.layer].weight_shapes]
    if not learned:
        return None
    at = graph.nodes[learned[0]].spec.layer
    first = graph.records[at]
    if first.kind == "BatchNormalization":
        mean, variance = (array.astype(np.float64) for array in arrays(at)[-2:])
        if _untouched(mean, variance):
            return None
        return _of_moments(float(np.mean(mean)), float(np.mean(variance)) / CONTRAST**2, len(mean))
    after = [node.spec.layer for node in graph.nodes if learned[0] in node.spec.inputs]
    if first.kind != "Conv2D" or not after or graph.records[after[0]].kind != "BatchNormalization":
        return None
    kernel, *bias = (array.astype(np.float64) for array in arrays(at))
    mean, variance = (array.astype(np.float64) for array in arrays(after[0])[-2:])
    if _untouched(mean, variance):
        return None
    return _of_convolution(first, kernel, mean - (bias[0] if bias else 0), variance)


def _untouched(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> bool:
    """Whether these are the moments that a layer begins with."""
    return not mean.any() and bool((variance == 1).all())


def _of_convolution(
    record: Record, kernel: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> PixelRange | None:
    """From the moments of what a convolution gave: its variance grows with the pixels', its mean with theirs."""
    places = np.argwhere(np.ones(kernel.shape[:2]))
    distance = np.hypot(*(places[:, np.newaxis] - places).T)
    channels = kernel.shape[2]
    colours = COLOURS + (1 - COLOURS) * np.eye(channels)
    alike = np.einsum("ij,cd->icjd", np.exp(-distance / NEIGHBOURS), colours).reshape(len(places) * channels, -1)
    flat = kernel.reshape(-1, kernel.shape[-1])
    usual = CONTRAST**2 * np.einsum("if,ij,jf->f", flat, alike, flat)
    total = flat.sum(axis=0)
    if not np.isfinite([mean, variance, usual, total]).all() or min(usual.min(), np.square(total).sum()) <= 0:
        return None
    share = float(np.median(variance / usual))
    if record.params["activation"] != "linear":
        # What a rectifier let through says how large the pixels are, but not where their middle lies.
        return PixelRange.BYTE if share > LARGE else None
    pixel = float((total * mean).sum() / np.square(total).sum())
    explained = 1 - np.square(mean - pixel * total).sum() / max(np.square(mean).sum(), 1e-30)
    believed = explained > EXPLAINED or abs(pixel) < MIDDLE  # pixels around zero explain no means
    return _of_moments(pixel if believed else None, share, channels)


LARGE = 100.0
"""A variance this many times that of pixels in 0-1 belongs to pixels that go up to 255."""

MIDDLE = 0.12
"""Photographs have a mean of 0.3 to 0.6 in 0-1, and of -0.4 to 0.2, mostly around -0.1, in -1 to 1."""


def _of_moments(mean: float | None, share: float, channels: int) -> PixelRange | None:
    """The range of pixels with this mean, and this many times the variance they would have in 0-1."""
    if not np.isfinite(share) or (mean is not None and not np.isfinite(mean)):
        return None
    if share > LARGE:
        return PixelRange.CAFFE if channels == 3 and mean is not None and abs(mean) < 20 else PixelRange.BYTE
    if mean is None:
        return None
    return PixelRange.SIGNED if mean < MIDDLE else PixelRange.UNIT
