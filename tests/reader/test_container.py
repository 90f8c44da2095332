"""The ways in which archives lay out their arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way of saving
@pytest.mark.parametrize("nested", [False, True])
def test_an_archive_saved_on_windows(nested: bool, tmp_path: Path) -> None:
    """Some versions joined the names of groups with backslashes there: ``layers\\conv2d`` is one name, of one group."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.Conv2D(5, 3),
            keras.layers.BatchNormalization(),
        ]
    )
    if nested:
        network = keras.Sequential([keras.Input((8, 8, 3)), network, keras.layers.Conv2D(2, 1)])
    network.save(tmp_path / "model.keras")
    on_windows = tmp_path / "windows.keras"
    with zipfile.ZipFile(tmp_path / "model.keras") as source, zipfile.ZipFile(on_windows, "w") as target:
        for name in ("config.json", "metadata.json"):
            target.writestr(name, source.read(name))
        target.writestr("model.weights.h5", joined(source.read("model.weights.h5"), tmp_path / "weights.h5"))
    picture = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    with open_model(on_windows, Settings()) as model:
        (output,) = build_whole(model)([picture])
    np.testing.assert_allclose(output, network(picture).numpy(), rtol=1e-5, atol=1e-6)


def joined(content: bytes, path: Path) -> bytes:
    """The same arrays, below groups whose names are whole paths."""
    (path.parent / "plain.h5").write_bytes(content)
    with h5py.File(path.parent / "plain.h5") as plain, h5py.File(path, "w") as windows:

        def copy(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                folder, _, number = name.rpartition("/vars/")
                windows[f"{folder.replace('/', chr(92))}/vars/{number}"] = item[()]

        plain.visititems(copy)
    return path.read_bytes()
