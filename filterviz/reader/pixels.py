"""A guess at the range of pixel values that a network was trained on.

It rests on the layers that prepare pixels inside the network, on the architecture (by the names of its layers), or on
the first batch normalisation, which has kept the mean and the variance of what it was given in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import Refused
from filterviz.layers import Trait, kind_of
from filterviz.layers.affine import Moments, Preparation
from filterviz.layers.passing import START
from filterviz.reader.graph import Graph
from filterviz.reader.preparation import Reading, first_learned
from filterviz.reader.records import Record
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
"""Standard deviation of the pixels of photographs, as a fraction of their range."""

NEIGHBOURS, COLOURS = 12.0, 0.9
"""Correlation of pixels in photographs: the distance in pixels over which it falls to 1/e, and that of two colours."""

EXPLAINED = 0.3
"""Fraction of the kept means that the mean of the pixels must explain to be believed."""


@np.errstate(all="ignore")  # a file may hold any numbers; whether the results are finite is checked
def guess(graph: Graph, arrays: Reading) -> tuple[PixelRange, str]:
    """The range of pixel values that the network takes, and the reason for the guess in a short phrase.

    Args:
        graph: Graph of the network.
        arrays: Reads the weights of a record, by its index.
    """
    first = first_learned(graph, arrays)
    prepared = None if first is None else first[1]
    if prepared is not None:
        if prepared.measured is not None and (found := _holding(prepared.measured, prepared.matrix.shape[1])):
            return found, "the mean and the variance that its Normalization holds fit these"
        if not prepared.only_turns and (found := _made_usual(prepared)):
            return found, _done(prepared)
    names = {record.name.rsplit("/", 1)[-1] for record in graph.records}
    for known, pixel_range, reason in KNOWN:
        if known <= names:
            if pixel_range is PixelRange.CAFFE and prepared is not None and prepared.turned:
                return PixelRange.BYTE, f"{reason}, and it puts blue first itself"
            return pixel_range, reason
    try:
        expected = None if first is None or first[0] is None else _expected(graph, arrays, first[0], first[1])
    except Refused:  # arrays that cannot be read are reported where they are needed
        expected = None
    if expected is not None:
        return expected, "the means and variances its first normalisation kept in training fit these"
    if any(record.kind == START for record in graph.records):
        return PixelRange.SIGNED, "code that is not run prepares its pixels; -1 to 1 is the most usual outcome"
    return PixelRange.UNIT, "most networks are trained on 0-1"


# What a network does to its pixels itself ---------------------------------------------------------------------------

RED_GREEN_BLUE = np.array([123.68, 116.78, 103.94])
"""Mean colour of photographs (those of ImageNet), in 0-255."""

RANGES: Mapping[PixelRange, tuple[float, float]] = {
    PixelRange.UNIT: (1 / 255, 0.0),
    PixelRange.SIGNED: (1 / 127.5, -1.0),
    PixelRange.BYTE: (1.0, 0.0),
}
"""Scale and offset that bring pixel values of 0-255 into a range; the first range that fits is preferred."""

USUAL = ((0.45, 0.25), (-0.1, 0.5), (0.0, 1.0), (0.0, 255 * CONTRAST), (115.0, 255 * CONTRAST))
"""Mean and standard deviation of what networks are usually trained on: 0-1, -1-1, standardised, 0-255 minus its mean,
and 0-255."""

MOST_VARIANCE = 1.05 * 127.5**2
"""The largest variance of values in 0-255, with half of them at each end, and 5 % more for rounding."""

NOTHING_DONE, DOES_NOTHING = 0.1, 2.0
"""A preparation that moves the pixels of a range by less than the first number counts against it, by the second."""


def _holding(moments: Moments, channels: int) -> PixelRange | None:
    """The smallest range that can hold values with this mean and variance.

    Values from ``low`` to ``high`` with the mean ``m`` have a variance of ``(m - low) * (high - m)`` at most, where all
    of them lie at the ends (R. Bhatia and C. Davis, "A Better Bound on the Variance", 2000).
    """
    mean, variance = moments.mean, moments.variance
    for pixel_range, (scale, offset) in RANGES.items():
        low, high = offset, 255 * scale + offset
        if low <= mean <= high and variance <= 1.05 * (mean - low) * (high - mean):
            return pixel_range
    if variance > MOST_VARIANCE:
        return None  # no pixels vary this much: the number was chosen as a divisor, not measured
    return _of_moments(mean, variance / CONTRAST**2, channels)


def _made_usual(prepared: Preparation) -> PixelRange | None:
    """The range whose photographs, once prepared, are most like what networks are usually trained on.

    ``caffe`` is not among them: where the network prepares the pixels, nobody has prepared them before.
    """
    channels = prepared.matrix.shape[1]
    alike = COLOURS + (1 - COLOURS) * np.eye(channels)
    spread = np.sqrt(np.einsum("ij,jk,ik->i", prepared.matrix, alike, prepared.matrix))
    if not np.isfinite(spread).all() or not spread.all():
        return None
    found: dict[PixelRange, float] = {}
    colours = RED_GREEN_BLUE if channels == 3 else np.full(channels, RED_GREEN_BLUE.mean())
    for pixel_range, (scale, offset) in RANGES.items():
        before, deviation = scale * colours + offset, 255 * CONTRAST * scale
        mean, deviations = prepared.matrix @ before + prepared.offset, deviation * spread
        found[pixel_range] = min(_apart(mean, deviations, *usual) for usual in USUAL)
        if len(mean) == channels and _apart(mean, deviations, before, deviation) < NOTHING_DONE:
            found[pixel_range] += DOES_NOTHING
    return min(found, key=lambda pixel_range: found[pixel_range])


def _apart(
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    usual_mean: NDArray[np.float64] | float,
    usual_deviation: float,
) -> float:
    """Distance from usual moments: of the means in standard deviations, of the deviations as a logarithm."""
    means = np.abs(mean - usual_mean) / usual_deviation
    return float((means + np.abs(np.log(deviation / usual_deviation))).mean())


def _done(prepared: Preparation) -> str:
    """What a network does to its pixels, in a short phrase."""
    scaled = not np.allclose(np.abs(prepared.matrix).sum(axis=1), 1)
    done = ["blue first"] * prepared.turned + ["a mean subtracted"] * bool(prepared.offset.any()) + ["scaled"] * scaled
    if scaled and not prepared.turned:
        return "it scales its pixels itself"
    return f"it prepares its pixels itself ({', '.join(done)})"


# What the first batch normalisation kept ----------------------------------------------------------------------------


def _expected(graph: Graph, arrays: Reading, position: int, prepared: Preparation) -> PixelRange | None:
    """The range that the first batch normalisation was given, if it comes first or after the first convolution."""
    at = graph.nodes[position].spec.layer
    first = graph.records[at]
    if kind_of(first.kind, Trait.MOMENTS):
        if not _by_channel(graph, position):
            return None
        mean, variance = (array.astype(np.float64) for array in arrays(at)[-2:])
        if _untouched(mean, variance):
            return None
        kept = prepared.undone(mean, variance)
        return None if kept is None else _of_moments(kept.mean, kept.variance / CONTRAST**2, len(mean))
    next_one = next((at for at, node in enumerate(graph.nodes) if position in node.spec.inputs), None)
    if not kind_of(first.kind, Trait.WEIGHTED_SUM) or next_one is None:
        return None
    after = graph.nodes[next_one].spec.layer
    if not kind_of(graph.records[after].kind, Trait.MOMENTS) or not _by_channel(graph, next_one):
        return None
    if not prepared.only_turns:
        return None
    kernel, *bias = (array.astype(np.float64) for array in arrays(at))
    mean, variance = (array.astype(np.float64) for array in arrays(after)[-2:])
    if _untouched(mean, variance):
        return None
    return _of_convolution(first, kernel, mean - (bias[0] if bias else 0), variance)


def _by_channel(graph: Graph, position: int) -> bool:
    """Whether a batch normalisation keeps its moments per channel, and not per row or column."""
    node = graph.nodes[position].spec
    rank = len(node.output_shape or ())
    return rank == 0 or graph.records[node.layer].params["axis"] % rank == rank - 1


def _untouched(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> bool:
    """Whether these are the moments with which a layer begins."""
    return not mean.any() and bool((variance == 1).all())


def _of_convolution(
    record: Record, kernel: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> PixelRange | None:
    """The range, from the moments of a convolution's output: its mean and variance grow with those of the pixels."""
    positions = np.argwhere(np.ones(kernel.shape[:2]))
    distance = np.hypot(*(positions[:, np.newaxis] - positions).T)
    channels = kernel.shape[2]
    colours = COLOURS + (1 - COLOURS) * np.eye(channels)
    alike = np.einsum("ij,cd->icjd", np.exp(-distance / NEIGHBOURS), colours).reshape(len(positions) * channels, -1)
    flat = kernel.reshape(-1, kernel.shape[-1])
    usual = CONTRAST**2 * np.einsum("if,ij,jf->f", flat, alike, flat)
    total = flat.sum(axis=0)
    if not np.isfinite([mean, variance, usual, total]).all() or min(usual.min(), np.square(total).sum()) <= 0:
        return None
    share = float(np.median(variance / usual))
    if record.params["activation"] != "linear":
        # After an activation the moments tell how large the pixels are, but not where their mean lies.
        return PixelRange.BYTE if share > LARGE else None
    pixel = float((total * mean).sum() / np.square(total).sum())
    explained = 1 - np.square(mean - pixel * total).sum() / max(np.square(mean).sum(), 1e-30)
    believed = explained > EXPLAINED or abs(pixel) < MIDDLE  # a mean near zero explains nothing
    return _of_moments(pixel if believed else None, share, channels)


LARGE = 100.0
"""A variance that is this many times that of pixels in 0-1 means that pixels go up to 255."""

MIDDLE = 0.12
"""Photographs have a mean of 0.3 to 0.6 in 0-1, and of -0.4 to 0.2, mostly around -0.1, in -1 to 1."""


def _of_moments(mean: float | None, share: float, channels: int) -> PixelRange | None:
    """The range of pixels, from their mean and the ratio of their variance to that of pixels in 0-1."""
    if not np.isfinite(share) or (mean is not None and not np.isfinite(mean)):
        return None
    if share > LARGE:
        return PixelRange.CAFFE if channels == 3 and mean is not None and abs(mean) < 20 else PixelRange.BYTE
    if mean is None:
        return None
    return PixelRange.SIGNED if mean < MIDDLE else PixelRange.UNIT
