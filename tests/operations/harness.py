"""Small networks around one operation: saved by Keras, opened here, and compared with what Keras computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.reader.operations.sizes import ASKED
from filterviz.settings import Settings
from filterviz.spec import ModelSpec

Library = Any
Tensor = Any
HEIGHT, WIDTH, CHANNELS = 8, 6, 4
RELATIVE = 1e-5


def network(library: Library, *operations: Callable[[Tensor], Any]) -> Any:
    """Return a convolution, the operations on its output, and another convolution after each that gives an image."""
    library.utils.set_random_seed(1)
    start = library.Input((HEIGHT, WIDTH, 3))
    x = library.layers.Conv2D(CHANNELS, 3, padding="same", bias_initializer="random_normal", name="before")(start)
    ends: list[Any] = []
    for operation in operations:
        made = operation(x)
        for part in made if isinstance(made, list | tuple) else [made]:
            end = library.layers.Activation("linear")(part)
            if len(part.shape) == 4 and None not in part.shape[1:]:
                end = library.layers.Conv2D(2, 1, kernel_initializer="ones", name=f"after_{len(ends)}")(part)
            ends.append(end)
    return library.Model(start, ends)


def array(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).uniform(0.5, 2, shape).astype(np.float32)


def groups(cases: Iterable[str], size: int = 24, endings: Sequence[str] = (".keras", ".h5")) -> list[Any]:
    """Return the cases in groups, each with the ending of the file they are saved to."""
    names = list(cases)
    parts = [names[start : start + size] for start in range(0, len(names), size)]
    return [
        pytest.param(part, endings[number % len(endings)], id=f"{part[0]} to {part[-1]}")
        for number, part in enumerate(parts)
    ]


def check(library: Library, cases: dict[str, Callable[[Tensor], Any]], path: Path) -> None:
    """Make sure that each case computes what the library computes; all are in one file."""
    model, values = network(library, *cases.values()), images()
    spec, computed = opened(model, path, values)
    reasons = {layer.name: layer.reason for layer in spec.layers if layer.rebuilt_as == "Unsupported"}
    cut = {name: reason for name, reason in reasons.items() if reason != ASKED}
    assert not cut
    assert computed is not None
    wrong = []
    for position, (one, right) in enumerate(zip(computed, expected(model, values), strict=True)):
        try:
            assert_same([one], [right])
        except AssertionError as error:
            wrong.append((position, str(error).strip().splitlines()[:12]))
    assert not wrong, [*cases]


def opened(model: Any, path: Path, values: NDArray[np.float32]) -> tuple[ModelSpec, list[NDArray[Any]] | None]:
    """Return the network as it is opened, and what it computes; ``None`` where it is cut before an output."""
    model.save(path)
    with open_model(path, Settings()) as rebuilt:
        if len(rebuilt.spec.outputs) < len(model.outputs):
            return rebuilt.spec, None
        return rebuilt.spec, [output.numpy() for output in build_whole(rebuilt)([values])]


def images(count: int = 2) -> NDArray[np.float32]:
    random = np.random.default_rng(3)
    return random.normal(0.2, 1, (count, HEIGHT, WIDTH, 3)).astype(np.float32)


def expected(model: Any, values: NDArray[np.float32]) -> list[NDArray[Any]]:
    outputs = model(values, training=False)
    return [np.asarray(one, np.float32) for one in (outputs if isinstance(outputs, Sequence) else [outputs])]


def assert_same(computed: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]) -> None:
    assert len(computed) == len(wanted)
    for one, right in zip(computed, wanted, strict=True):
        assert one.shape == right.shape
        np.testing.assert_array_equal(np.isnan(one), np.isnan(right))
        largest = np.abs(right[np.isfinite(right)]).max(initial=1e-3)
        np.testing.assert_allclose(one, right, rtol=0, atol=RELATIVE * largest)
