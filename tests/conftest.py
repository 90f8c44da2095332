"""What several tests share: the folder of real files beside the checkout, and small files made on the spot."""

from __future__ import annotations

import gc
import os
from pathlib import Path

# A process that is just being started holds the files its parent was writing, for an instant, and their locks with
# them: hostile files are written by two threads that start processes.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import pytest

from tests import keras_files

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files that lies beside the checkout; it is no part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"there are no real files at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """Real model files from public repositories, with ``manifest.json``."""
    folder = shared / "models" / "corpus"
    if not (folder / "manifest.json").is_file():
        pytest.skip(f"there are no real model files at {folder}")
    return folder


@pytest.fixture(scope="session")
def vgg16_weights(shared: Path) -> Path:
    """VGG16's ImageNet weights without the top."""
    path = shared / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    if not path.is_file():
        pytest.skip(f"VGG16's weights are not at {path}")
    return path


@pytest.fixture(scope="session")
def family_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small network as ten generations of Keras would have saved it, by file name."""
    folder = tmp_path_factory.mktemp("families")
    return {path.name: path for path in keras_files.write_all(folder)}


def pytest_collection_finish() -> None:
    """Leave what the imports made to the end of the process: TensorFlow's and Keras's million objects never go, and
    each collection of garbage, of which Keras asks for some itself, would look at all of them again."""
    gc.collect()
    gc.freeze()
