"""Which layer of one network corresponds to which layer of another: the one with the nearest receptive field.

Names mean nothing across networks, and depth alone is misleading: the third convolution of a network that halves the
image after each one has the receptive field of the sixth of a network that does not.
"""

from __future__ import annotations

import math

from filterviz.layers import Trait, kind_of
from filterviz.spec import LayerSpec, ModelSpec


def match(layer: LayerSpec, reference: ModelSpec, *, model: ModelSpec | None = None) -> LayerSpec:
    """The convolution of the reference that corresponds to a layer.

    The nearest receptive field wins, measured as a ratio (10 and 20 pixels are as far apart as 100 and 200). The depth
    decides between equals, and decides alone if the layer depends on the whole image, as Dense layers do.

    Args:
        layer: The layer.
        reference: The network in which its counterpart is looked for.
        model: The network that ``layer`` belongs to. Without it the depth does not count.

    Raises:
        ValueError: The reference has no convolution that can be shown.

    Example:
        >>> conv = [LayerSpec(f"block{i}", "Conv2D", receptive_field=3 * 2**i, visualisable=True) for i in range(4)]
        >>> vgg = ModelSpec("vgg", tuple(conv), (), (), ())
        >>> match(LayerSpec("mine", "Conv2D", receptive_field=11), vgg).name
        'block2'
    """
    candidates = convolutions(reference)
    if not candidates:
        raise ValueError(f"The network {reference.name!r} has no convolution to compare with.")
    depth = 1.0 if model is None else relative_depth(layer, model)
    best = min(
        range(len(candidates)),
        key=lambda index: (_ratio(layer, candidates[index]), abs(_depth_at(index, candidates) - depth)),
    )
    return candidates[best]


def relative_depth(layer: LayerSpec, model: ModelSpec) -> float:
    """The depth of a layer, counted in convolutions: 0 at the input, 1 after the last convolution.

    A convolution lies in the middle of its share, so the only convolution of a network is at 0.5.
    """
    names = {item.name for item in convolutions(model)}
    before = 0.0
    for item in model.layers:
        if item.name == layer.name:
            before += 0.5 * (item.name in names)
            break
        before += item.name in names
    return before / max(1, len(names))


def convolutions(model: ModelSpec) -> list[LayerSpec]:
    """Return the layers of a network whose filters were learned from images and can be shown.

    The layers after them see as much of the image, and only rework what these found.
    """
    return [layer for layer in model.visualisable if kind_of(layer.kind, Trait.IMAGE_CONVOLUTION)]


def _depth_at(index: int, layers: list[LayerSpec]) -> float:
    return (index + 0.5) / len(layers)


def _ratio(layer: LayerSpec, other: LayerSpec) -> float:
    """The logarithm of the ratio of two receptive fields, without its sign; 0 if one of them is unknown."""
    if not layer.receptive_field or not other.receptive_field:
        return 0.0
    # Rounded, so that receptive fields that differ by less than one per cent count as equal and the depth decides.
    return round(abs(math.log(layer.receptive_field / other.receptive_field)), 2)
