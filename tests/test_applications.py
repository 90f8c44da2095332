"""Networks of ``keras.applications`` with random weights, written by Keras 3: rebuilt, they compute the same."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.networks import randomise

SIDE = 32


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way of saving
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0", "ConvNeXtTiny", "ResNet50V2"])
def test_the_rebuilt_network_computes_the_same(name: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    network = getattr(keras.applications, name)(weights=None, input_shape=(SIDE, SIDE, 3), classes=5)
    random = randomise(network, high=0.05)
    picture = random.random((1, SIDE, SIDE, 3), np.float32) * 255
    expected = network(picture, training=False).numpy()
    for ending in ("h5", "keras"):
        path = tmp_path / f"{name}.{ending}"
        network.save(path)
        with open_model(path, Settings()) as model:
            (output,) = build_whole(model)([picture])
            assert len(model.spec.visualisable) > 50
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
        path.unlink()
