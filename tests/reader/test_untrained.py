"""Fresh weights are drawn as Keras draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.reader.records import Record
from filterviz.reader.untrained import INITIALISERS, fresh
from filterviz.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving

SHAPE = (3, 3, 24, 40)

KERAS = {
    "glorotuniform": keras.initializers.GlorotUniform(0),
    "glorotnormal": keras.initializers.GlorotNormal(0),
    "heuniform": keras.initializers.HeUniform(0),
    "henormal": keras.initializers.HeNormal(0),
    "lecununiform": keras.initializers.LecunUniform(0),
    "lecunnormal": keras.initializers.LecunNormal(0),
    "variancescaling": keras.initializers.VarianceScaling(seed=0),
    "orthogonal": keras.initializers.Orthogonal(seed=0),
    "randomuniform": keras.initializers.RandomUniform(seed=0),
    "randomnormal": keras.initializers.RandomNormal(seed=0),
    "truncatednormal": keras.initializers.TruncatedNormal(seed=0),
    "zeros": keras.initializers.Zeros(),
    "ones": keras.initializers.Ones(),
}


@pytest.mark.parametrize("name", KERAS)
def test_an_initialiser_draws_from_the_distribution_of_keras(name: str) -> None:
    ours = INITIALISERS[name](np.random.default_rng(0), SHAPE, {})
    theirs = KERAS[name](SHAPE).numpy()
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05, abs=1e-9)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.05 * max(float(theirs.std()), 1e-9))
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.25, abs=1e-9)


def test_orthogonal_is_orthogonal() -> None:
    kernel = INITIALISERS["orthogonal"](np.random.default_rng(0), (3, 3, 2, 5), {"gain": 2.0}).reshape(-1, 5)
    np.testing.assert_allclose(kernel.T @ kernel, 4 * np.eye(5), atol=1e-9)


def test_what_the_file_names_is_used_in_every_generations_words() -> None:
    shapes = ((3, 3, 8, 4000), (4000,))
    for named in (
        {"kernel_initializer": {"class_name": "HeNormal", "config": {"seed": None}}, "bias_initializer": "ones"},
        {"kernel_initializer": "he_normal", "bias_initializer": {"class_name": "Ones"}},
        {"init": "he_normal", "bias_initializer": {"class_name": "Constant", "config": {"value": 1.0}}},
        {
            "kernel_initializer": {
                "class_name": "VarianceScaling",
                "config": {"scale": 2.0, "mode": "fan_in", "distribution": "normal"},
            },
            "bias_initializer": "ones",
        },
    ):
        kernel, bias = fresh(Record("conv", "Conv2D", "Conv2D", {"use_bias": True}, shapes, initial=named), 0, 0)
        assert kernel.std() == pytest.approx(np.sqrt(2 / 72), rel=0.02)
        assert (bias == 1).all()


@pytest.mark.parametrize("given", [None, "of_my_own", 7, {"class_name": ["x"]}, {"config": 3}, {"class_name": "Mine"}])
def test_what_is_not_keras_own_is_keras_default(given: Any) -> None:
    (kernel,) = fresh(
        Record("c", "Conv2D", "Conv2D", {"use_bias": False}, (SHAPE,), initial={"kernel_initializer": given}), 0, 0
    )
    assert np.abs(kernel).max() == pytest.approx(np.sqrt(6 / (9 * (24 + 40))), rel=0.01)


def test_the_untrained_twin_of_a_file(tmp_path: Path) -> None:
    """The layers are the same and the weights others; they depend on the seed alone; statistics of the data stay."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]),
            keras.layers.SeparableConv2D(6, 3),
            keras.layers.BatchNormalization(scale=False),
            keras.layers.PReLU(),
            keras.layers.Reshape((36, 6)),
            keras.layers.Bidirectional(keras.layers.LSTM(3)),
            keras.layers.Dense(2),
        ]
    )
    for weight in network.trainable_weights:
        weight.assign(weight.numpy() + 5)
    network.save(tmp_path / "model.keras")
    image = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    outputs: dict[int | None, list[Any]] = {}
    for seed in (None, 0, 0, 1):
        with open_model(tmp_path / "model.keras", Settings(), untrained=seed) as model:
            outputs.setdefault(seed, []).append(build_whole(model)([image])[0].numpy())
            arrays = {layer.kind: model.weights(layer) for layer in model.spec.layers}
    assert np.array_equal(*outputs[0])
    assert not np.allclose(outputs[0][0], outputs[1][0])
    assert np.abs(outputs[0][0]).max() < 2 < np.abs(outputs[None][0]).max()
    assert [array.shape for array in arrays["SeparableConv2D"]] == [(3, 3, 3, 1), (1, 1, 3, 6), (6,)]
    assert [float(array[0]) for array in arrays["BatchNormalization"]] == [0, 0, 1]
    assert len(arrays["Bidirectional"]) == 6
