"""ReLUs that follow the pooling behind them, in networks that Keras itself wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.network import build
from filterviz.engine.subnetwork import plan
from filterviz.reader import open_model
from filterviz.settings import Settings

SIDE = 16
PICTURES = np.random.default_rng(0).normal(size=(2, SIDE, SIDE, 3)).astype(np.float32)

# Keras's own way of saving.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def straight() -> keras.Model:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            k.Conv2D(4, 3, activation="relu", name="conv"),
            k.MaxPooling2D(name="pool"),
            k.Conv2D(4, 3, name="bare"),
            k.BatchNormalization(name="normal"),
            k.Activation("relu", name="relu"),
            k.MaxPooling2D(3, 2, padding="same", name="overlapping"),
            k.Conv2D(3, 1, name="last"),
        ]
    )


def branched() -> keras.Model:
    """Of the first ReLU the unpooled values are needed as well; the others are none, or not followed by a maximum."""
    k = keras.layers
    start = keras.Input((SIDE, SIDE, 3))
    first = k.Conv2D(4, 3, padding="same", activation="relu", name="conv")(start)
    one = k.MaxPooling2D(1, 1, name="pool")(first)
    two = k.MaxPooling2D(name="second")(k.Conv2D(4, 1, activation="elu")(k.Concatenate()([first, one])))
    three = k.MaxPooling2D(name="third")(k.ReLU(6.0)(k.Conv2D(4, 1)(two)))
    four = k.AveragePooling2D(2, name="fourth")(k.Conv2D(4, 1, activation="relu")(three))
    return keras.Model(start, k.Conv2D(3, 1, name="last")(four))


def shared() -> keras.Model:
    """One convolution called twice, and only one of its ReLUs is pooled."""
    k = keras.layers
    start = keras.Input((SIDE, SIDE, 3))
    conv = k.Conv2D(3, 3, padding="same", activation="relu", name="conv")
    pooled = k.MaxPooling2D(name="pool")(conv(conv(start)))
    return keras.Model(start, k.Conv2D(3, 1, name="last")(pooled))


@pytest.mark.parametrize(
    ("make", "layer", "late"),
    [
        (straight, "last", {"pool": "conv", "overlapping": "relu"}),
        (straight, "pool", {"pool": "conv"}),
        (straight, "bare", {"pool": "conv"}),
        (straight, "conv", {}),
        (branched, "last", {}),
        (branched, "pool", {"pool": "conv"}),
        (shared, "last", {"pool": "conv"}),
    ],
)
def test_a_relu_that_only_a_maximum_pooling_sees_comes_after_it(
    make: Callable[[], keras.Model], layer: str, late: dict[str, str], tmp_path: Path
) -> None:
    written = make()
    for weight in written.weights:
        weight.assign(weight + 0.1 * np.random.default_rng(1).normal(size=weight.shape))
    written.save(tmp_path / "model.keras")
    known = keras.Model(written.inputs, written.get_layer(layer).output) if make is not shared else written
    with open_model(tmp_path / "model.keras", Settings()) as model:
        part = plan(model.spec, layer)
        assert {part.layer(pool).name: part.layer(node).name for pool, node in part.rectified_late.items()} == late
        network = build(model, layer)
        values = tf.constant(PICTURES)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(values)
            ours, theirs = network(values), known(values, training=False)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        np.testing.assert_allclose(tape.gradient(ours, values), tape.gradient(theirs, values), atol=1e-4)


def test_a_silent_filter_keeps_its_gradient_through_the_pooling_that_is_looked_at(tmp_path: Path) -> None:
    written = straight()
    written.get_layer("conv").bias.assign([-100.0] * 4)
    written.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        network = build(model, "pool", pre_activation=True)
        values = tf.constant(PICTURES)
        with tf.GradientTape() as tape:
            tape.watch(values)
            output = network(values)
    assert output.numpy().max() < 0
    assert np.abs(tape.gradient(output, values).numpy()).max() > 0
