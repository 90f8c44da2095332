"""The pixels a network was trained on, guessed from what its first batch normalisation kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.engine import fourier
from filterviz.engine.pixels import Units
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import PixelRange

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving

TRAINED = "the means and variances its first normalisation kept in training fit these"


@pytest.fixture(scope="module")
def photographs() -> NDArray[np.float32]:
    """Noise with the spectrum and the colours of photographs, 0-1."""
    pictures: NDArray[np.float32] = fourier.pictures(fourier.start_spectra(range(32), (32, 32), 3), (32, 32)).numpy()
    return pictures


def trained(layers: list[Any], photographs: NDArray[np.float32], pixel_range: PixelRange, path: Path) -> Path:
    """A network whose normalisation has seen pictures in a range, and nothing else has changed."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((32, 32, 3)), *layers, keras.layers.Conv2D(4, 3)])
    pictures = Units.of(pixel_range, 3).from_unit(keras.ops.convert_to_tensor(photographs))
    for _ in range(40):
        network(pictures, training=True)
    network.save(path)
    return path


@pytest.mark.parametrize("pixel_range", [PixelRange.UNIT, PixelRange.SIGNED, PixelRange.BYTE, PixelRange.CAFFE])
def test_a_convolution_and_its_normalisation(
    pixel_range: PixelRange, photographs: NDArray[np.float32], tmp_path: Path
) -> None:
    layers = [keras.layers.Conv2D(16, 3), keras.layers.BatchNormalization(momentum=0.8)]
    path = trained(layers, photographs, pixel_range, tmp_path / "model.keras")
    with open_model(path, Settings()) as model:
        assert (model.spec.pixel_range, model.spec.pixel_range_reason) == (pixel_range, TRAINED)


@pytest.mark.parametrize("pixel_range", [PixelRange.UNIT, PixelRange.SIGNED, PixelRange.BYTE])
def test_a_normalisation_of_the_pixels(
    pixel_range: PixelRange, photographs: NDArray[np.float32], tmp_path: Path
) -> None:
    path = trained([keras.layers.BatchNormalization(momentum=0.8)], photographs, pixel_range, tmp_path / "model.keras")
    with open_model(path, Settings()) as model:
        assert (model.spec.pixel_range, model.spec.pixel_range_reason) == (pixel_range, TRAINED)


def test_a_rectified_convolution_tells_large_pixels_only(photographs: NDArray[np.float32], tmp_path: Path) -> None:
    for pixel_range in (PixelRange.UNIT, PixelRange.BYTE):
        layers = [keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.BatchNormalization(momentum=0.8)]
        path = trained(layers, photographs, pixel_range, tmp_path / f"{pixel_range.value}.keras")
        with open_model(path, Settings()) as model:
            assert model.spec.pixel_range is pixel_range


def test_a_network_that_was_never_trained_says_nothing(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3), keras.layers.BatchNormalization()])
    network.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range is PixelRange.UNIT
        assert model.spec.pixel_range_reason != TRAINED
