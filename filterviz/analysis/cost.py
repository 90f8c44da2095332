"""How much work a layer's pictures are, beside another's: for an honest guess of how long everything will take."""

from __future__ import annotations

import math

from filterviz.spec import LayerSpec, ModelSpec

_SHRINKING = ("strides", "pool_size")
_GROWING = {"UpSampling2D": "size"}


def effort(model: ModelSpec, layer: LayerSpec) -> float:
    """Multiplications that a layer costs for one pixel of the picture, with all that it depends on.

    A guess from the shapes of the weights and from how often the picture is made smaller on the way; what a layer
    without weights costs is left out.

    Args:
        model: the network.
        layer: one of its layers.

    Example:
        >>> from filterviz.spec import NodeSpec
        >>> conv = LayerSpec("c", "Conv2D", params={"strides": [2, 2]}, weight_shapes=((3, 3, 3, 8),))
        >>> nodes = (NodeSpec(0), NodeSpec(1, (0,)))
        >>> effort(ModelSpec("m", (LayerSpec("i", "InputLayer"), conv), nodes, (0,), (1,)), conv)
        54.0
    """
    calls = [at for at, node in enumerate(model.nodes) if model.layers[node.layer].name == layer.name]
    if not calls:
        return 0.0
    needed = {calls[0]}
    for at in range(calls[0], -1, -1):
        if at in needed:
            needed.update(model.nodes[at].inputs)
    scale: dict[int, float] = {}
    total = 0.0
    for at in sorted(needed):
        node = model.nodes[at]
        kind = model.layers[node.layer]
        before = min((scale[source] for source in node.inputs), default=1.0)
        scale[at] = before * _change(kind)
        for shape in kind.weight_shapes:
            if len(shape) == 4:
                # A transposed convolution works at the size of what comes in.
                total += math.prod(shape) * (before if kind.kind == "Conv2DTranspose" else scale[at])
    return total


def _change(layer: LayerSpec) -> float:
    """What a layer does to the number of places: a quarter where it halves both sides."""
    if layer.kind in _GROWING:
        return _area(layer.params.get(_GROWING[layer.kind]))
    if layer.kind == "Conv2DTranspose":
        return _area(layer.params.get("strides"))
    if layer.kind.startswith("Global"):
        return 0.0
    # Keras's own default: pooling moves on by its own size.
    steps = next((given for name in _SHRINKING if (given := layer.params.get(name)) is not None), None)
    return 1.0 / _area(steps)


def _area(sides: object) -> float:
    if (
        isinstance(sides, list | tuple)
        and len(sides) == 2
        and all(isinstance(side, int) and side > 0 for side in sides)
    ):
        return float(sides[0] * sides[1])
    return float(sides * sides) if isinstance(sides, int) and sides > 0 else 1.0
