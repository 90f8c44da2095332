"""A guess at the pixel values a network was trained on: from its own preparing layers, or from whose network it is."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.reader.graph import START, Graph
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


def guess(graph: Graph) -> tuple[PixelRange, str]:
    """The range, and what the guess rests on, as a short phrase."""
    if any(record.kind == START for record in graph.records):
        return PixelRange.SIGNED, "code that is not run prepares its pixels; -1 to 1 is the most usual outcome"
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
    return PixelRange.UNIT, "most networks are trained on 0-1"
