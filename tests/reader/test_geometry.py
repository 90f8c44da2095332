"""Receptive fields as calculated, against those that the gradients of the same network show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.build import build
from filterviz.reader import open_model
from filterviz.reference.matching import relative_depth
from filterviz.settings import Settings

L = keras.layers
SIDE = 96
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving

NETWORKS: dict[str, Callable[[], Any]] = {}


def network(make: Callable[[], Any]) -> Callable[[], Any]:
    NETWORKS[make.__name__] = make
    return make


@network
def convolutions_and_strides() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(2, 3, strides=2)(start)
    x = L.Conv2D(2, (5, 1), padding="same")(x)
    return keras.Model(start, L.Conv2D(2, 3, strides=2)(L.DepthwiseConv2D(3)(x)))


@network
def dilation() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(2, 3, dilation_rate=2)(start)
    return keras.Model(start, L.SeparableConv2D(2, 3, dilation_rate=3)(L.AveragePooling2D(2)(x)))


@network
def pooling() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.MaxPooling2D(3, strides=2)(L.Conv2D(2, 3, padding="same")(start))
    return keras.Model(start, L.Conv2D(2, 3)(L.AveragePooling2D(2)(L.Conv2D(2, 3)(x))))


@network
def branches() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(2, 1)(start)
    one, two = L.Conv2D(2, 3, padding="same")(x), L.Conv2D(2, 7, padding="same")(x)
    x = L.Conv2D(2, 3)(L.Concatenate()([one, two]))
    return keras.Model(start, L.Add()([x, L.Cropping2D(1)(one)]))


@network
def nested() -> Any:
    inside = keras.Input((None, None, 2))
    inner = keras.Model(inside, L.Conv2D(2, 3)(L.Conv2D(2, 3, strides=2)(inside)))
    deep = keras.Sequential([keras.Input((None, None, 2)), inner, L.Conv2D(2, 3)])
    start = keras.Input((SIDE, SIDE, 1))
    return keras.Model(start, deep(L.Conv2D(2, 5)(start)))


@network
def up_again() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(2, 3, strides=4)(start)
    x = L.Conv2D(2, 3)(L.UpSampling2D(2)(x))
    return keras.Model(start, L.Conv2D(2, 3)(L.Conv2DTranspose(2, 4, strides=2)(x)))


@network
def on_its_side() -> Any:
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Permute((2, 1, 3))(L.Conv2D(2, (5, 2), strides=(2, 1))(start))
    x = L.Permute((3, 1, 2))(L.Conv2D(2, (3, 1))(x))
    return keras.Model(start, L.Conv2D(2, (1, 3))(L.Permute((2, 3, 1))(L.PReLU(shared_axes=[2, 3])(x))))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_field_is_what_the_gradient_reaches(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    original = NETWORKS[name]()
    for variable in original.weights:
        variable.assign(tf.abs(variable) + 0.1)
    original.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        layers = [layer for layer in model.spec.visualisable if min((layer.output_shape or ())[1:3]) > 4]
        fields = {layer.name: layer.receptive_field for layer in layers}
        assert {layer: reach(build(model, layer)) for layer in fields} == fields


def reach(network: Any) -> int:
    """The longest side of what one value in the middle depends on, over neighbouring values and several pictures."""
    random = np.random.default_rng(0)
    pictures = tf.constant(random.random((8, SIDE, SIDE, 1), np.float32))
    sides = []
    for row in range(4):
        for column in range(4):
            with tf.GradientTape() as tape:
                tape.watch(pictures)
                output = network(pictures)
                height, width = output.shape[1:3]
                value = tf.reduce_sum(output[:, height // 2 - 2 + row, width // 2 - 2 + column])
            touched = np.abs(tape.gradient(value, pictures).numpy()).sum(axis=(0, 3)) > 0
            for axis in (0, 1):
                places = np.flatnonzero(touched.any(axis=axis))
                sides.append(int(places[-1] - places[0] + 1))
    return max(sides)


def test_depth_counts_convolutions_in_order(tmp_path: Path) -> None:
    NETWORKS["nested"]().save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        depths = [relative_depth(layer, model.spec) for layer in model.spec.visualisable]
    assert depths == sorted(depths)
    assert depths[0] == pytest.approx(1 / 8)
    assert depths[-1] == pytest.approx(7 / 8)
