"""For tests that hold a rebuilt network against Keras: weights that differ, outputs, and the largest difference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings

Network = Any
"""A model of Keras 3 or of tf_keras."""


def randomise(
    network: Network, low: float = 0.0, high: float = 0.2, keep: Sequence[str] = ("seed",)
) -> np.random.Generator:
    """Add noise to all weights, so that none is as it began: a fresh BatchNormalization does nothing to be missed.

    Args:
        network: The network, which is changed.
        low: The smallest number that is added.
        high: The largest number that is added.
        keep: Words in the paths of variables that stay as they are.

    Returns:
        The generator that made the noise, for further numbers.
    """
    random = np.random.default_rng(0)
    for variable in network.weights:
        if variable.shape and not any(word in str(getattr(variable, "path", variable.name)) for word in keep):
            variable.assign(variable.numpy() + random.uniform(low, high, variable.shape))
    return random


def outputs_of(network: Network, inputs: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
    """What Keras computes, one array for each output."""
    found = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(one, np.float32) for one in (found if isinstance(found, list | tuple) else [found])]


def largest_difference(network: Network, path: Path, inputs: Sequence[NDArray[np.float32]]) -> float:
    """The largest difference between what Keras and the rebuilt network compute, relative to the largest output.

    Args:
        network: The network as Keras has it.
        path: Where it was saved.
        inputs: Its inputs.
    """
    right = outputs_of(network, inputs)
    with open_model(path, Settings()) as model:
        assert len(model.spec.outputs) == len(right), [output.reason for output in model.spec.declared_outputs]
        computed = [one.numpy() for one in build_whole(model)(list(inputs))]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(computed, right, strict=True))
