"""Which layer of one network belongs beside which of another: the one whose neurons see as much of the picture.

Names say nothing across networks, and depth alone misleads: the third convolution of a network that halves its picture
after each one sees as much as the sixth of one that does not.
"""

from __future__ import annotations

import math

from filterviz.layers import KINDS, Trait, kind_of
from filterviz.spec import LayerSpec, ModelSpec

CONVOLUTIONS = frozenset(name for name in KINDS if kind_of(name, Trait.IMAGE_CONVOLUTION))


def match(layer: LayerSpec, reference: ModelSpec, *, model: ModelSpec | None = None) -> LayerSpec:
    """The convolution of the reference that belongs beside a layer.

    The nearest receptive field wins, measured as a ratio (10 px and 20 px are as far apart as 100 px and 200 px). The
    depth decides between equals, and alone where the layer sees the whole picture, as Dense layers do.

    Args:
        layer: whose counterpart is wanted.
        reference: where it is looked for.
        model: the network that ``layer`` belongs to; without it the depth counts nothing.

    Raises:
        ValueError: the reference has no convolution that can be shown.

    Example:
        >>> conv = [LayerSpec(f"block{i}", "Conv2D", receptive_field=3 * 2**i, visualisable=True) for i in range(4)]
        >>> vgg = ModelSpec("vgg", tuple(conv), (), (), ())
        >>> match(LayerSpec("mine", "Conv2D", receptive_field=11), vgg).name
        'block2'
    """
    candidates = convolutions(reference)
    if not candidates:
        message = f"The network {reference.name!r} has no convolution to compare with."
        raise ValueError(message)
    depth = 1.0 if model is None else relative_depth(layer, model)
    places = range(len(candidates))
    best = min(places, key=lambda place: (_ratio(layer, candidates[place]), abs(_share(place, candidates) - depth)))
    return candidates[best]


def relative_depth(layer: LayerSpec, model: ModelSpec) -> float:
    """Where in a network a layer lies, counted in convolutions: 0 at the picture, 1 after the last.

    A convolution lies in the middle of its share, so the only one of a network is at 0.5.
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


def _share(place: int, layers: list[LayerSpec]) -> float:
    return (place + 0.5) / len(layers)


def _ratio(layer: LayerSpec, other: LayerSpec) -> float:
    """How far apart two receptive fields are, as the logarithm of their ratio; 0 where one is unknown."""
    if not layer.receptive_field or not other.receptive_field:
        return 0.0
    # Rounded, so that what differs by less than a hundredth counts as equal and the depth decides.
    return round(abs(math.log(layer.receptive_field / other.receptive_field)), 2)
