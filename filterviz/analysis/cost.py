"""How much work the patterns of a layer are, compared with those of another: for an honest guess of the time left."""

from __future__ import annotations

import math

from filterviz.layers import KINDS, Trait
from filterviz.spec import LayerSpec, ModelSpec, ancestors


def cost(model: ModelSpec, layer: LayerSpec) -> float:
    """Return how many multiplications a layer costs per pixel of the image, with all layers that it depends on.

    It is a guess from the shapes of the weights and from how often the image is made smaller on the way. Layers without
    weights count as free.

    Args:
        model: The network.
        layer: One of its layers.

    Example:
        >>> from filterviz.spec import NodeSpec
        >>> conv = LayerSpec("c", "Conv2D", params={"strides": [2, 2]}, weight_shapes=((3, 3, 3, 8),))
        >>> nodes = (NodeSpec(0), NodeSpec(1, (0,)))
        >>> cost(ModelSpec("m", (LayerSpec("i", "InputLayer"), conv), nodes, (0,), (1,)), conv)
        54.0
    """
    calls = [at for at, node in enumerate(model.nodes) if model.layers[node.layer].name == layer.name]
    if not calls:
        return 0.0
    positions: dict[int, float] = {}  # of each output, per pixel of the image
    total = 0.0
    for at in ancestors(model.nodes, calls[:1]):
        node = model.nodes[at]
        called = model.layers[node.layer]
        before = min((positions[source] for source in node.inputs), default=1.0)
        # A layer that is not rebuilt has no parameters, and counts as if it changed no sizes.
        kind = KINDS.get(called.rebuilt_as or called.kind)
        positions[at] = before * (1.0 if kind is None else kind.growth(called.params))
        at_input = kind is not None and kind.has(Trait.TRANSPOSED)
        kernels = sum(math.prod(shape) for shape in called.weight_shapes if len(shape) == 4)
        total += kernels * (before if at_input else positions[at])
    return total
