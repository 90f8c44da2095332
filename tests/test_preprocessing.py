"""Networks of ``keras.applications`` as people put them to use: prepared pixels, augmentation in front, a new head."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import PixelRange

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

Keras = Any
LIBRARIES: dict[str, Keras] = {"keras": keras, "tf_keras": tf_keras}
SIDE = 80  # InceptionV3 takes no images below 75

OUTSIDE = {"ResNet50": "resnet50", "InceptionV3": "inception_v3"}
"""Networks that do not prepare their pixels themselves, and where the function is that does."""

NETWORKS = ("EfficientNetB0", "MobileNetV3Small", "ResNet50", "ConvNeXtTiny", "InceptionV3")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # Keras's own saving


def in_use(k: Keras, name: str) -> Any:
    """Such a network, untrained, but with batch statistics that are not those it began with."""
    k.utils.set_random_seed(3)
    shape = (SIDE, SIDE, 3)
    base = getattr(k.applications, name)(weights=None, include_top=False, input_shape=shape)
    random = np.random.default_rng(0)
    for layer in base.layers:
        if type(layer).__name__ == "BatchNormalization":
            for variable, low, high in ((layer.moving_mean, -0.1, 0.1), (layer.moving_variance, 0.5, 1.5)):
                variable.assign(random.uniform(low, high, variable.shape))
    start = k.Input(shape)
    x = k.Sequential([k.layers.RandomFlip("horizontal"), k.layers.RandomRotation(0.1)], name="augmentation")(start)
    if name in OUTSIDE:
        x = getattr(k.applications, OUTSIDE[name]).preprocess_input(x)
    x = k.layers.GlobalAveragePooling2D()(base(x, training=False))
    return k.Model(start, k.layers.Dense(5, activation="softmax")(k.layers.Dropout(0.2)(x)))


@pytest.fixture(scope="module", params=[(library, name) for library in LIBRARIES for name in NETWORKS], ids="-".join)
def network(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, Any]]:
    library, name = request.param
    yield library, name, in_use(LIBRARIES[library], name)
    keras.backend.clear_session()


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_it_opens_whole_and_takes_0_to_255(network: tuple[str, str, Any], ending: str, tmp_path: Path) -> None:
    library, name, original = network
    if (library, name, ending) == ("tf_keras", "ResNet50", "keras"):
        pytest.skip("tf_keras cannot write it: an ellipsis has no config")
    path = tmp_path / f"model.{ending}"
    original.save(path)
    pictures = np.random.default_rng(1).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    with open_model(path, Settings()) as model:
        spec = model.spec
        assert (spec.notes, len(spec.outputs)) == ((), 1)
        assert spec.pixel_range is PixelRange.BYTE, spec.pixel_range_reason
        (computed,) = build_whole(model)([pictures])
    right = original(pictures, training=False).numpy()
    assert right.std() > 1e-3  # an answer, and not the same whatever is asked
    np.testing.assert_allclose(computed.numpy(), right, atol=1e-5)
    convolutions = [layer for layer in spec.visualisable if "Conv" in layer.kind]
    gates = [layer for layer in convolutions if layer.receptive_field is None]
    assert len(convolutions) > 20
    # What looks at the whole image is the gates alone; behind them each layer has its own field again.
    assert all(layer.output_shape is not None and layer.output_shape[1:3] == (1, 1) for layer in gates)
    gated = name in ("EfficientNetB0", "MobileNetV3Small")
    assert any(layer.gated for layer in convolutions) == gated
    assert bool(gates) == gated
