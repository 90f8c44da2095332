"""Processors for which TensorFlow does not use oneDNN: there, not every operation has a dilated form."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from filterviz.service.job_state import Status
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import Recipe, Request
from tests.networks import randomise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

KINDS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Keras's own saving
def test_dilated_layers_have_patterns_and_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    start: Any = tf_keras.Input((24, 24, 3))
    layers = [
        getattr(tf_keras.layers, kind)(
            **({} if kind == "DepthwiseConv2D" else {"filters": 3}), kernel_size=3, dilation_rate=2, name=kind.lower()
        )
        for kind in KINDS
    ]
    network = tf_keras.Model(start, [layer(start) for layer in layers])
    randomise(network, 0.1, 0.5)
    network.save(tmp_path / "dilated.h5")
    pictures = np.random.default_rng(0).normal(size=(2, 24, 24, 3)).astype(np.float32)
    with Workspace(Settings(cache_dir=tmp_path / "cache", workers=1)) as workspace:
        model = workspace.open(tmp_path / "dilated.h5")
        requests = [Request(kind.lower(), (0, 1), Recipe(size=32, steps=3)) for kind in KINDS]
        state = workspace.start(model, requests).wait(120)
        assert (state.status, state.done) == (Status.DONE, 8), state.error
        for layer in state.layers:
            assert all(len(set(pattern.curve)) > 1 for pattern in layer.patterns.values())
        for computed, right in zip(model.outputs(pictures), network(pictures), strict=True):
            assert computed is not None
            np.testing.assert_allclose(computed, right, rtol=1e-4, atol=1e-5)
