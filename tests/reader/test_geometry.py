"""Receptive fields as calculated, against those that the gradients of the same network show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.analysis.layer_matching import relative_depth
from filterviz.engine.network import build
from filterviz.reader import open_model
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
        layers = [
            layer for layer in model.spec.visualisable if min(side or 0 for side in (layer.output_shape or ())[1:3]) > 4
        ]
        fields = {layer.name: layer.receptive_field for layer in layers}
        assert {layer: reach(build(model, layer)) for layer in fields} == fields


def reach(network: Any) -> int:
    """The longest side of what one value in the middle depends on, over neighbouring values and several images."""
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


# Gates over the whole image ----------------------------------------------------------------------------------------

GATED: dict[str, Callable[[Callable[[Any], Any]], Any]] = {}


def gated(make: Callable[[Callable[[Any], Any]], Any]) -> Callable[[Callable[[Any], Any]], Any]:
    GATED[make.__name__] = make
    return make


def after_gate(gate: Callable[[Any, int], Any], join: Any = None) -> Any:
    """Convolutions, a gate upon them, and convolutions again."""
    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(4, 3, strides=2, name="before")(start)
    x = (join or L.Multiply())([x, gate(x, 4)])
    x = L.Conv2D(3, 3, name="after")(x)
    return keras.Model(start, L.Conv2D(3, 3, strides=2, name="last")(L.MaxPooling2D(name="pooled")(x)))


@gated
def squeeze_and_excitation(still: Callable[[Any], Any]) -> Any:
    """As in EfficientNet and MobileNetV3."""

    def gate(x: Any, channels: int) -> Any:
        x = L.Reshape((1, 1, channels))(L.GlobalAveragePooling2D()(x))
        return still(L.Conv2D(channels, 1, activation="sigmoid")(L.Conv2D(2, 1, activation="relu")(x)))

    return after_gate(gate)


@gated
def dense_gate(still: Callable[[Any], Any]) -> Any:
    """As in SE-ResNet."""

    def gate(x: Any, channels: int) -> Any:
        x = L.Dense(channels, activation="sigmoid")(L.Dense(2, activation="relu")(L.GlobalAveragePooling2D()(x)))
        return still(L.Reshape((1, 1, channels))(x))

    return after_gate(gate)


@gated
def gate_of_a_mean(still: Callable[[Any], Any]) -> Any:
    return after_gate(lambda x, channels: still(L.Conv2D(channels, 1)(keras.ops.mean(x, axis=[1, 2], keepdims=True))))


@gated
def gate_of_one_large_pool(still: Callable[[Any], Any]) -> Any:
    """As those have it who know the size of their images."""
    return after_gate(lambda x, channels: still(L.Conv2D(channels, 1)(L.AveragePooling2D(int(x.shape[1]))(x))))


@gated
def gate_of_two_pools(still: Callable[[Any], Any]) -> Any:
    """As in CBAM: mean and maximum through the same layers; then a map of places, which is local."""

    def gate(x: Any, channels: int) -> Any:
        shared = L.Conv2D(channels, 1)
        pools = [L.GlobalAveragePooling2D(keepdims=True)(x), L.GlobalMaxPooling2D(keepdims=True)(x)]
        return still(L.Activation("sigmoid")(L.Add()([shared(pool) for pool in pools])))

    start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(4, 3, name="before")(start)
    x = L.Multiply()([gate(x, 4), x])
    places = L.Conv2D(1, 5, padding="same", activation="sigmoid", name="places")(keras.ops.max(x, -1, keepdims=True))
    return keras.Model(start, L.Conv2D(2, 3, name="last")(L.Multiply()([x, places])))


@gated
def context_that_is_added(still: Callable[[Any], Any]) -> Any:
    return after_gate(
        lambda x, channels: still(L.Conv2D(channels, 1)(L.GlobalAveragePooling2D(keepdims=True)(x))), L.Add()
    )


@gated
def gates_in_blocks_with_skips(still: Callable[[Any], Any]) -> Any:
    x = start = keras.Input((SIDE, SIDE, 1))
    x = L.Conv2D(4, 3, strides=2, padding="same", name="before")(x)
    for number in range(2):
        inner = L.DepthwiseConv2D(3, padding="same")(x)
        gate = L.Conv2D(4, 1, activation="hard_sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(inner))
        x = L.Add()([x, L.Conv2D(4, 1, name=f"block_{number}")(L.Multiply()([inner, still(gate)]))])
    return keras.Model(start, L.Conv2D(2, 3, name="last")(x))


@pytest.mark.parametrize("name", GATED)
def test_behind_a_gate_the_field_is_that_of_the_gradient_with_the_gates_held_still(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    original, held = GATED[name](lambda gate: gate), GATED[name](keras.ops.stop_gradient)
    original.save(tmp_path / "model.keras")
    for variable, other in zip(original.weights, held.weights, strict=True):
        other.assign(tf.abs(variable) + 0.1)
    with open_model(tmp_path / "model.keras", Settings()) as model:
        fields = {layer.name: layer.receptive_field for layer in model.spec.visualisable}
        behind = {layer.name for layer in model.spec.visualisable if layer.gated}
    named = [layer.name for layer in held.layers if layer.name in fields and fields[layer.name] is not None]
    assert {"before", "last"} <= set(named)
    assert {layer: reach(keras.Model(held.input, held.get_layer(layer).output)) for layer in named} == {
        layer: fields[layer] for layer in named
    }
    assert "before" not in behind
    assert "last" in behind


def test_a_picture_of_a_single_place_still_has_its_own_way(tmp_path: Path) -> None:
    """Small images shrink to one place on the way, where what is spread and what it is spread over look alike."""
    x = start = keras.Input((8, 8, 3))
    for number in range(3):
        x = L.Conv2D(4, 3, strides=2, padding="same", name=f"conv_{number}")(x)
        x = L.Multiply()([x, L.Conv2D(4, 1, name=f"gate_{number}")(L.GlobalAveragePooling2D(keepdims=True)(x))])
    keras.Model(start, L.Conv2D(2, 1, name="last")(x)).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        layers = {layer.name: (layer.receptive_field, layer.gated) for layer in model.spec.visualisable}
    assert layers["last"] == (15, True)
    assert layers["conv_0"] == (3, False)
    assert layers["gate_2"] == (None, False)


def test_what_no_picture_leads_to_is_no_gate_over_the_picture(tmp_path: Path) -> None:
    """As where a label chooses how channels are weighed: the image is seen no further for it."""
    start, label = keras.Input((16, 16, 3)), keras.Input((5,))
    x = L.Multiply()([L.Conv2D(4, 3)(start), L.Reshape((1, 1, 4))(L.Dense(4)(label))])
    keras.Model([start, label], L.Conv2D(2, 3, name="last")(x)).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        last = model.spec.layer("last")
    assert (last.receptive_field, last.gated) == (5, False)


def test_the_whole_picture_spread_over_places_is_seen_whole(tmp_path: Path) -> None:
    """A pool over all places that is made large again and laid beside the image is no gate (DeepLab has it)."""
    start = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, padding="same")(start)
    pooled = L.UpSampling2D(16)(L.GlobalAveragePooling2D(keepdims=True)(x))
    keras.Model(start, L.Conv2D(2, 3, name="last")(L.Concatenate()([x, pooled]))).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        last = model.spec.layer("last")
    assert (last.receptive_field, last.gated) == (None, False)


def test_depth_counts_convolutions_in_order(tmp_path: Path) -> None:
    NETWORKS["nested"]().save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        depths = [relative_depth(layer, model.spec) for layer in model.spec.visualisable]
    assert depths == sorted(depths)
    assert depths[0] == pytest.approx(1 / 8)
    assert depths[-1] == pytest.approx(7 / 8)
