"""A network as it was before any training: fresh weights in place of the file's.

What training taught a network can be told apart from what its architecture brings along only beside the same network
without training. The weights are drawn as Keras would draw them: by the initialisers that the file names where they
are Keras's own, and by Keras's defaults elsewhere. The formulas are those of ``keras.initializers``: Glorot and
Bengio 2010 (AISTATS), He et al. 2015 (arXiv:1502.01852), Saxe et al. 2014 (arXiv:1312.6120) for orthogonal kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers import KINDS
from filterviz.reader.records import Record

Array = NDArray[np.float32]
Shape = tuple[int, ...]

TRUNCATED = 0.87962566103423978
"""Standard deviation of a normal distribution of deviation 1 that is cut off at two deviations."""

GLOROT = "glorot_uniform"
"""The initialiser of kernels where the file names none."""

DEFAULTS: Mapping[str, str] = {
    "gamma": "ones",
    "beta": "zeros",
    "moving_mean": "zeros",
    "moving_variance": "ones",
    "alpha": "zeros",
    "bias": "zeros",
    "embeddings": "uniform",
    "recurrent": "orthogonal",
}
"""Role of an array -> the initialiser that Keras gives it by default; all others are kernels."""


def fresh(record: Record, seed: int, index: int) -> tuple[Array, ...]:
    """Return the weights of one layer as they may be before training.

    Args:
        record: The layer.
        seed: Seed of the whole network.
        index: Index of the layer in the network; layers draw independently of one another.

    Returns:
        float32 arrays of the layer's ``weight_shapes``.
    """
    if not record.weight_shapes:
        return ()
    random = np.random.default_rng([seed, index])
    return tuple(
        _drawn(random, record.initial, role, shape)
        for role, shape in zip(KINDS[record.kind].roles(record.params), record.weight_shapes, strict=True)
    )


def _drawn(random: np.random.Generator, named: Mapping[str, Any], role: str, shape: Shape) -> Array:
    given = named.get(f"{role}_initializer")
    if given is None and role in ("kernel", "depthwise", "pointwise"):
        given = named.get("init", named.get("kernel_initializer", GLOROT))
    if role == "scale":
        given = {"class_name": "Constant", "config": {"value": named.get("init_values", 1e-6)}}
    for name, settings in (_read(given), _read(DEFAULTS.get(role, GLOROT))):
        if name in INITIALISERS:
            return INITIALISERS[name](random, shape, settings).astype(np.float32)
    return np.zeros(shape, np.float32)


def _read(given: Any) -> tuple[str, Mapping[str, Any]]:
    """Return an initialiser's name without capitals and underscores, and its settings."""
    settings: Any = {}
    if isinstance(given, Mapping):
        given, settings = given.get("class_name"), given.get("config")
    name = given.replace("_", "").lower() if isinstance(given, str) else ""
    return name, settings if isinstance(settings, Mapping) else {}


def _number(settings: Mapping[str, Any], key: str, default: float) -> float:
    value = settings.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
    return float(value) if usable and value is not None else default


def _fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs one output has, and how many outputs one input, as ``keras.initializers`` counts them."""
    if len(shape) < 2:
        size = prod(shape)
        return size, size
    window = prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


def _truncated(random: np.random.Generator, shape: Shape, deviation: float, mean: float = 0.0) -> NDArray[np.float64]:
    """Draw from a normal distribution that is cut off at two deviations."""
    values = random.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = random.standard_normal(int(outside.sum()))
    return mean + deviation * values


def _scaled(
    random: np.random.Generator, shape: Shape, scale: float, mode: str, distribution: str
) -> NDArray[np.float64]:
    fan_in, fan_out = _fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out}.get(mode, (fan_in + fan_out) / 2)
    variance = max(scale, 0.0) / max(1.0, fan)
    if distribution == "uniform":
        limit = sqrt(3 * variance)
        return random.uniform(-limit, limit, shape)
    if distribution == "untruncated_normal":
        return sqrt(variance) * random.standard_normal(shape)
    return _truncated(random, shape, sqrt(variance) / TRUNCATED)


def _variance_scaling(scale: float, mode: str, distribution: str) -> Initialiser:
    return lambda random, shape, _: _scaled(random, shape, scale, mode, distribution)


def _given_scaling(random: np.random.Generator, shape: Shape, settings: Mapping[str, Any]) -> NDArray[np.float64]:
    mode, distribution = str(settings.get("mode", "fan_in")), str(settings.get("distribution", "truncated_normal"))
    return _scaled(random, shape, _number(settings, "scale", 1.0), mode, distribution)


def _orthogonal(random: np.random.Generator, shape: Shape, settings: Mapping[str, Any]) -> NDArray[np.float64]:
    if len(shape) < 2:
        return random.standard_normal(shape)
    rows, columns = prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(random.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return _number(settings, "gain", 1.0) * (q.T if rows < columns else q).reshape(shape)


def _uniform(random: np.random.Generator, shape: Shape, settings: Mapping[str, Any]) -> NDArray[np.float64]:
    low, high = _number(settings, "minval", -0.05), _number(settings, "maxval", 0.05)
    return random.uniform(min(low, high), max(low, high), shape)


def _normal(random: np.random.Generator, shape: Shape, settings: Mapping[str, Any]) -> NDArray[np.float64]:
    return _number(settings, "mean", 0.0) + _number(settings, "stddev", 0.05) * random.standard_normal(shape)


Initialiser = Callable[[np.random.Generator, Shape, Mapping[str, Any]], NDArray[np.float64]]

INITIALISERS: Mapping[str, Initialiser] = {
    **dict.fromkeys(("zeros", "zero"), lambda random, shape, settings: np.zeros(shape)),
    **dict.fromkeys(("ones", "one"), lambda random, shape, settings: np.ones(shape)),
    "constant": lambda random, shape, settings: np.full(shape, _number(settings, "value", 0.0)),
    "glorotuniform": _variance_scaling(1.0, "fan_avg", "uniform"),
    "glorotnormal": _variance_scaling(1.0, "fan_avg", "truncated_normal"),
    "heuniform": _variance_scaling(2.0, "fan_in", "uniform"),
    "henormal": _variance_scaling(2.0, "fan_in", "truncated_normal"),
    "lecununiform": _variance_scaling(1.0, "fan_in", "uniform"),
    "lecunnormal": _variance_scaling(1.0, "fan_in", "truncated_normal"),
    "variancescaling": _given_scaling,
    "orthogonal": _orthogonal,
    **dict.fromkeys(("uniform", "randomuniform"), _uniform),
    **dict.fromkeys(("normal", "randomnormal"), _normal),
    "truncatednormal": lambda random, shape, settings: _truncated(
        random, shape, _number(settings, "stddev", 0.05), _number(settings, "mean", 0.0)
    ),
}
"""Name without capitals and underscores -> an initialiser of Keras."""
