"""Five real networks, from the file to their patterns, as a child computes them: on every Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import Flag, Recipe, Request

FILES = [
    "phvu__CarND-behavioral-cloning__model.h5",
    "mpechoto__FacialRecognition__weights100.best.hdf5",
    "Prithviraj007__DenseNet--CIFAR10__best_model.hdf5",
    "MertEfeSevim__ML-DL-Studies__cifar10_model.keras",
    "adi17-05__Pixel_Locator__heatmap_model.keras",
]
"""Keras 1.2, 2.0 with channels first, 2.3, 2.13 and 3.10; two archives; a plain stack, dense blocks, a decoder."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(Settings(cache_dir=tmp_path_factory.mktemp("cache"), workers=1)) as workspace:
        yield workspace


@pytest.mark.parametrize("recipe", [Recipe("natural", size=48, steps=6), Recipe("classic", size=48, steps=6)], ids=str)
@pytest.mark.parametrize("name", FILES)
def test_a_real_network_shows_its_patterns(workspace: Workspace, corpus: Path, name: str, recipe: Recipe) -> None:
    model = workspace.open(corpus / "files" / name)
    layer = model.spec.visualisable[0]
    assert layer.channels
    filters = tuple(range(min(4, layer.channels)))
    state = workspace.start(model, [Request(layer.name, filters, recipe)]).wait(200)
    patterns = state.layers[0].patterns
    assert sorted(patterns) == list(filters), state
    for pattern in patterns.values():
        assert pattern.tile.dtype == np.uint8
        assert np.isfinite(pattern.curve).all()
        assert Flag.NOT_FINITE not in pattern.flags
    # Not every filter of a real network can be made to answer, but not all of them are dead.
    assert any(pattern.response_end > pattern.response_start for pattern in patterns.values())
