from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz.layers import KINDS, LayerKind
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees, read

CONVOLUTIONS = [kind for kind in KINDS.values() if "Conv" in kind.name and "LSTM" not in kind.name]


@pytest.mark.parametrize("kind", CONVOLUTIONS, ids=lambda kind: kind.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_shapes_and_arrays_are_those_of_keras(kind: LayerKind, data: st.DataObject) -> None:
    name, rank = kind.name, (kind.rank or 0) - 2
    strides = data.draw(st.integers(1, 3))
    options: dict[str, Any] = {
        "kernel_size": data.draw(st.integers(1, 4)),
        "strides": strides,
        "dilation_rate": 1 if strides > 1 else data.draw(st.integers(1, 2)),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "use_bias": data.draw(st.booleans()),
    }
    if not name.startswith("Depthwise"):
        options["filters"] = 6
    if "Depthwise" in name or "Separable" in name:
        options["depth_multiplier"] = data.draw(st.integers(1, 3))
    if name.startswith("Conv") and "Transpose" not in name:
        options["groups"] = data.draw(st.sampled_from([1, 2, 3]))
    if "Transpose" in name and options["strides"] > 1 and rank == 2:
        options["output_padding"] = data.draw(st.sampled_from([None, 0, 1]))
    if rank == 3:
        options["dilation_rate"] = 1
    agrees(getattr(keras.layers, name)(**options), (None, *(13,) * rank, 6))


def test_a_layer_as_activation_adds_its_array_and_its_role() -> None:
    layer = keras.layers.Conv2D(4, 3, activation=keras.layers.PReLU(shared_axes=[1, 2]))
    kind, params = read(layer)
    assert kind.weights(params, [(None, 8, 8, 3)]) == ((3, 3, 3, 4), (4,), (1, 1, 4))
    assert kind.roles(params) == ("kernel", "bias", "alpha")


@pytest.mark.parametrize("groups", [2, 4])
def test_channels_that_cannot_be_divided_into_groups(groups: int) -> None:
    kind, params = read(keras.layers.Conv2D(4, 3, groups=groups))
    with pytest.raises(ShapeError, match="cannot be divided"):
        kind.weights(params, [(None, 8, 8, 3)])


def test_a_window_larger_than_the_image() -> None:
    kind, params = read(keras.layers.Conv2D(4, 9))
    with pytest.raises(ShapeError, match="does not fit into a side of 8"):
        kind.shape(params, [(None, 8, 8, 3)])


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(6, 3, groups=3),
        keras.layers.DepthwiseConv2D(3, depth_multiplier=2),
        keras.layers.SeparableConv2D(4, 3, depth_multiplier=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_kernel_is_what_the_channel_answers_to_single_pixels(layer: keras.layers.Layer) -> None:
    """A convolution at one position is the sum of image times kernel; the kernel is read off from unit images."""
    channels = 6
    layer.build((None, 3, 3, channels))
    kind, params = read(layer)
    assert kind.kernel is not None
    pixels = np.eye(3 * 3 * channels, dtype=np.float32).reshape(-1, 3, 3, channels)
    answers = np.asarray(layer(pixels))[:, 0, 0, :]
    weights = [np.asarray(one) for one in layer.weights]
    for channel in range(answers.shape[1]):
        kernel = kind.kernel(params, weights, channels, channel)
        np.testing.assert_allclose(kernel, answers[:, channel].reshape(3, 3, channels), atol=1e-6)
