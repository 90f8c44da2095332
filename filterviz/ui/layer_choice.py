"""Which layers of a network can be chosen, and which are before anybody chooses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from filterviz.analysis.layer_matching import convolutions
from filterviz.spec import ModelSpec

SENSIBLE = 5
"""How many layers are chosen before anybody chooses."""


def sensible_layers(spec: ModelSpec) -> tuple[int, ...]:
    """About five layers spread over the depth, the first and the last among them; convolutions where there are any.

    Returns:
        Indices into ``spec.layers``.
    """
    choices = layer_choices(spec)
    if len(choices) <= SENSIBLE:
        return tuple(choices)
    step = (len(choices) - 1) / (SENSIBLE - 1)
    return tuple(choices[math.floor(number * step + 0.5)] for number in range(SENSIBLE))


def layer_choices(spec: ModelSpec, *, every: bool = False) -> Sequence[int]:
    """Indices of the layers to choose from: the convolutions, or every layer that can be shown."""
    wanted = spec.visualisable if every else convolutions(spec) or spec.visualisable
    names = {layer.name for layer in wanted}
    return [index for index, layer in enumerate(spec.layers) if layer.name in names]
