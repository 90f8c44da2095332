"""Real model files, and one pool for all tests that only ask."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from filterviz.settings import Settings
from filterviz.workers.parent.pool import Pool

SETTINGS = Settings(workers=1, tile_seconds=60.0, reader_seconds=60.0)


def write_model(path: Path, *, channels: int = 8, depth: int = 2, seed: int = 0, called: str = "conv") -> Path:
    """A small convolutional network as Keras 2.10 wrote it: ``conv_0`` ... ``conv_<depth - 1>``, 32 x 32 x 3."""
    random = np.random.default_rng(seed)
    layers: list[dict[str, Any]] = []
    with h5py.File(path, "w") as file:
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [f"{called}_{number}".encode() for number in range(depth)]
        weights.attrs["backend"] = b"tensorflow"
        weights.attrs["keras_version"] = b"2.10.0"
        before = 3
        for number in range(depth):
            name = f"{called}_{number}"
            config: dict[str, Any] = {
                "name": name,
                "trainable": True,
                "dtype": "float32",
                "filters": channels,
                "kernel_size": [3, 3],
                "strides": [1, 1],
                "padding": "same",
                "data_format": "channels_last",
                "dilation_rate": [1, 1],
                "groups": 1,
                "activation": "relu",
                "use_bias": True,
            }
            if number == 0:
                config["batch_input_shape"] = [None, 32, 32, 3]
            layers.append({"class_name": "Conv2D", "config": config})
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            kernel = random.normal(0, (2 / (9 * before)) ** 0.5, (3, 3, before, channels)).astype(np.float32)
            group.create_dataset(f"{name}/kernel:0", data=kernel)
            group.create_dataset(f"{name}/bias:0", data=np.zeros(channels, np.float32))
            before = channels
        architecture = {"class_name": "Sequential", "config": {"name": "small", "layers": layers}}
        file.attrs["model_config"] = json.dumps(architecture).encode()
        file.attrs["keras_version"] = b"2.10.0"
        file.attrs["backend"] = b"tensorflow"
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of eight filters: answers at once."""
    return write_model(tmp_path_factory.mktemp("models") / "small.h5")


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six layers of 64 filters: a request for many steps takes as long as it is let."""
    return write_model(tmp_path_factory.mktemp("models") / "slow.h5", channels=64, depth=6)


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """A warm pool that no test damages."""
    with Pool(replace(SETTINGS, workers=1)) as shared:
        shared.warm()
        yield shared
