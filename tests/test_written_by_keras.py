"""Networks of many shapes, written by Keras 3 and by tf_keras (Keras 2.21): rebuilt, they compute the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.networks import outputs_of, randomise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

SIDE = 16
Keras = Any
Network = Any
NETWORKS: dict[str, Callable[[Keras], Network]] = {}

# Keras's own way of saving, and of reading its own configs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def network(make: Callable[[Keras], Network]) -> Callable[[Keras], Network]:
    NETWORKS[make.__name__] = make
    return make


@network
def separable_and_depthwise(k: Keras) -> Network:
    x = start = k.Input((SIDE, SIDE, 3))
    x = k.layers.SeparableConv2D(6, 3, depth_multiplier=2, padding="same", activation="elu")(x)
    x = k.layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, activation="tanh")(x)
    x = k.layers.Conv2D(6, 3, groups=3, dilation_rate=2, padding="same", activation="gelu")(x)
    return k.Model(start, x)


@network
def a_shared_layer(k: Keras) -> Network:
    """One convolution called on two inputs and on its own output."""
    one, two = k.Input((SIDE, SIDE, 4)), k.Input((SIDE, SIDE, 4))
    shared = k.layers.Conv2D(4, 3, padding="same", activation="relu")
    x = k.layers.Concatenate()([shared(one), shared(two), shared(shared(two))])
    return k.Model([one, two], k.layers.Conv2D(3, 1)(x))


@network
def a_shared_model(k: Keras) -> Network:
    """A siamese network: one model called twice; versions before Keras 3 count its own making as its first call."""
    inner = k.Sequential([k.layers.Input((SIDE, SIDE, 3)), k.layers.Conv2D(5, 3), k.layers.ReLU()])
    one, two = k.Input((SIDE, SIDE, 3)), k.Input((SIDE, SIDE, 3))
    x = k.layers.Subtract()([inner(one), inner(two)])
    return k.Model([one, two], k.layers.GlobalAveragePooling2D()(x))


@network
def nested_three_deep(k: Keras) -> Network:
    deepest = k.Sequential([k.layers.Input((None, None, 4)), k.layers.Conv2D(4, 3), k.layers.BatchNormalization()])
    start = k.Input((None, None, 4))
    middle = k.Model(start, k.layers.ReLU(6.0)(deepest(k.layers.Conv2D(4, 1)(start))))
    return k.Sequential([k.Input((SIDE, SIDE, 4)), middle, k.layers.MaxPooling2D(), k.layers.Conv2D(2, 3)])


@network
def several_outputs(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 3))
    x = k.layers.Conv2D(4, 3, padding="same", name="trunk")(start)
    one = k.layers.Conv2D(2, 1, activation="sigmoid", name="mask")(x)
    two = k.layers.Dense(3, activation="softmax", name="label")(k.layers.GlobalMaxPooling2D()(x))
    return k.Model(start, [two, one])


@network
def an_output_of_an_inner_model(k: Keras) -> Network:
    """An inner model of two outputs, of which the second is used first."""
    inside = k.Input((SIDE, SIDE, 3))
    x = k.layers.Conv2D(3, 3, padding="same")(inside)
    inner = k.Model(inside, [k.layers.ReLU()(x), k.layers.Conv2D(3, 1)(x)])
    start = k.Input((SIDE, SIDE, 3))
    one, two = inner(start)
    return k.Model(start, k.layers.Multiply()([two, k.layers.Activation("sigmoid")(one)]))


@network
def squeeze_and_excite(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 3))
    x = k.layers.Conv2D(8, 3, padding="same", use_bias=False)(start)
    gate = k.layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = k.layers.Dense(8, activation="hard_sigmoid")(k.layers.Dense(2, activation="swish")(gate))
    x = k.layers.Multiply()([x, gate])
    gate = k.layers.Reshape((1, 1, 8))(k.layers.GlobalMaxPooling2D()(x))
    return k.Model(start, k.layers.Multiply()([x, gate]))


@network
def up_and_down(k: Keras) -> Network:
    """A U-Net with every way of growing and cutting."""
    start = k.Input((SIDE, SIDE, 1))
    one = k.layers.Conv2D(4, 3, padding="same", activation="relu")(start)
    two = k.layers.Conv2D(6, 3, padding="same")(k.layers.AveragePooling2D(2)(one))
    three = k.layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(two)
    four = k.layers.UpSampling2D(interpolation="bilinear")(two)
    x = k.layers.Concatenate(axis=-1)([one, three, four])
    x = k.layers.Cropping2D(((1, 2), (3, 0)))(k.layers.ZeroPadding2D(((1, 2), (0, 3)))(x))
    return k.Model(start, k.layers.Conv2D(1, 1, activation="sigmoid")(x))


@network
def normalised(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 4))
    x = k.layers.Rescaling(1 / 127.5, offset=-1)(start)
    x = k.layers.Conv2D(4, 3)(x)
    x = k.layers.LayerNormalization(epsilon=1e-4)(x)
    x = k.layers.GroupNormalization(groups=2)(x)
    x = k.layers.BatchNormalization(scale=False, epsilon=1e-2)(x)
    x = k.layers.PReLU(shared_axes=[1, 2])(x)
    return k.Model(start, k.layers.LeakyReLU(0.3)(x))


@network
def training_only(k: Keras) -> Network:
    """What does nothing when the network is used."""
    return k.Sequential(
        [
            k.Input((SIDE, SIDE, 3)),
            *(k.layers.RandomFlip(), k.layers.RandomRotation(0.1), k.layers.RandomContrast(0.1)),
            *(k.layers.Conv2D(4, 3), k.layers.SpatialDropout2D(0.2), k.layers.GaussianNoise(0.1)),
            *(k.layers.ActivityRegularization(), k.layers.AlphaDropout(0.1), k.layers.Flatten(), k.layers.Dropout(0.5)),
            k.layers.Dense(2, activation="softmax"),
        ]
    )  # fmt: skip


@network
def operators(k: Keras) -> Network:
    """Arithmetic on tensors, which Keras saves as layers of its own."""
    start = k.Input((SIDE, SIDE, 3))
    x = start / 255.0
    x = 2.0 * x - 1.0
    x = k.layers.Conv2D(4, 3, padding="same")(x)
    y = k.layers.Conv2D(4, 3, padding="same")(1.0 - x)
    return k.Model(start, k.layers.Conv2D(2, 1)(x * y + x - y))


@network
def functions(k: Keras) -> Network:
    """Functions called on tensors: TFOpLambda in Keras 2, operations in Keras 3."""
    relu, relu6, sigmoid = (
        (tf.nn.relu, tf.nn.relu6, tf.sigmoid) if k is tf_keras else (keras.ops.relu, keras.ops.relu6, keras.ops.sigmoid)
    )
    start = k.Input((SIDE, SIDE, 3))
    x = relu(k.layers.Conv2D(4, 3)(start))
    x = relu6(k.layers.Conv2D(4, 3)(x))
    return k.Model(start, k.layers.Conv2D(2, 1)(sigmoid(x)))


@network
def more_functions(k: Keras) -> Network:
    """The spatial attention of CBAM, a preparation of pixels as ``preprocess_input`` does it, and a patch merger."""
    start = k.Input((SIDE, SIDE, 3))
    x = (start[:, :, :, ::-1] if k is tf_keras else start[..., ::-1]) - np.array([0.2, 0.1, 0.3], np.float32)
    x = k.layers.Conv2D(4, 3, padding="same")(x)
    if k is tf_keras:
        gate = tf.concat([tf.reduce_mean(x, axis=-1, keepdims=True), tf.reduce_max(x, axis=3, keepdims=True)], axis=3)
        x = tf.clip_by_value(tf.nn.leaky_relu(x, 0.1) * k.layers.Conv2D(1, 7, padding="same")(gate), -0.5, 6)
        x = tf.pad(tf.maximum(x, 0.0) / (tf.abs(tf.square(x)) + 1), [[0, 0], [1, 1], [0, 1], [0, 0]])
        x = tf.concat([x[:, ::2, 1::2, :], x[:, 1::2, :-1:2]], -1)
        y = tf.reshape(tf.image.resize(x, (4, 4)), (-1, 16, 8))
        y = tf.reduce_sum(y, axis=1)
    else:
        ops = keras.ops
        gate = ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=3, keepdims=True)], axis=3)
        x = ops.clip(ops.leaky_relu(x, 0.1) * k.layers.Conv2D(1, 7, padding="same")(gate), -0.5, 6)
        x = ops.pad(ops.maximum(x, 0.0) / (ops.abs(ops.square(x)) + 1), [[0, 0], [1, 1], [0, 1], [0, 0]])
        x = ops.concatenate([x[:, ::2, 1::2, :], x[:, 1::2, :-1:2]], -1)
        y = ops.reshape(ops.image.resize(x, (4, 4)), (-1, 16, 8))
        y = ops.sum(y, axis=1)
    return k.Model(start, [k.layers.Conv2D(2, 1)(x), k.layers.Dense(2)(y**2)])


@network
def frames(k: Keras) -> Network:
    """A network over each image of a film, then a recurrent layer."""
    each = k.Sequential([k.layers.Input((SIDE, SIDE, 3)), k.layers.Conv2D(4, 3), k.layers.GlobalMaxPooling2D()])
    start = k.Input((3, SIDE, SIDE, 3))
    x = k.layers.TimeDistributed(k.layers.Conv2D(3, 3, padding="same", activation="relu"))(start)
    x = k.layers.TimeDistributed(each)(x)
    return k.Model(start, k.layers.Dense(2)(k.layers.LSTM(4)(x)))


@network
def both_ways(k: Keras) -> Network:
    """A network that reads text: columns of an image, forwards and backwards."""
    start = k.Input((SIDE, SIDE, 1))
    x = k.layers.MaxPooling2D((2, 1))(k.layers.Conv2D(3, 3, padding="same")(start))
    x = k.layers.Reshape((SIDE, SIDE // 2 * 3))(k.layers.Permute((2, 1, 3))(x))
    x = k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True))(x)
    x = k.layers.Bidirectional(k.layers.GRU(2), merge_mode="sum")(x)
    return k.Model(start, k.layers.Dense(4, activation="softmax")(x))


@network
def mixed_precision(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 3))
    x = k.layers.Conv2D(4, 3, activation="relu", dtype=k.mixed_precision.Policy("mixed_float16"))(start)
    return k.Model(start, k.layers.Conv2D(2, 1, dtype="float32")(x))


@network
def two_kinds_of_input(k: Keras) -> Network:
    """An image and a few numbers."""
    picture, numbers = k.Input((SIDE, SIDE, 3), name="z_picture"), k.Input((5,), name="a_numbers")
    x = k.layers.Flatten()(k.layers.Conv2D(2, 3, strides=3)(picture))
    x = k.layers.Concatenate()([x, k.layers.Dense(3)(numbers)])
    return k.Model([numbers, picture], k.layers.Dense(2)(x))


@network
def a_model_by_name(k: Keras) -> Network:
    """A nested model that takes and gives tensors by name; their order is that of the names."""
    one, two = k.Input((SIDE, SIDE, 3)), k.Input((SIDE, SIDE, 3))
    x, y = k.layers.Conv2D(3, 3, name="x")(one), k.layers.Conv2D(3, 3, name="y")(two)
    inner = k.Model({"z": one, "a": two}, {"q": x, "p": y})
    start, other = k.Input((SIDE, SIDE, 3)), k.Input((SIDE, SIDE, 3))
    made = inner({"z": start, "a": other})
    return k.Model([start, other], [k.layers.ReLU()(made["q"]), k.layers.Conv2D(2, 1)(made["p"])])


@network
def merged(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 3))
    parts = [k.layers.Conv2D(4, size, padding="same")(start) for size in (1, 2, 3)]
    merges = (k.layers.Add(), k.layers.Average(), k.layers.Maximum(), k.layers.Minimum(), k.layers.Concatenate(axis=1))
    return k.Model(start, k.layers.Concatenate()([merge(parts) for merge in merges[:4]] + [parts[0]]))


@network
def one_dimension_and_three(k: Keras) -> Network:
    start = k.Input((SIDE, SIDE, 4))
    x = k.layers.Conv3D(2, 3, padding="same")(k.layers.Reshape((SIDE, SIDE, 4, 1))(start))
    y = k.layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(k.layers.Reshape((SIDE * SIDE, 4))(start))
    x, y = k.layers.GlobalAveragePooling3D()(x), k.layers.GlobalMaxPooling1D()(y)
    return k.Model(start, k.layers.Concatenate()([x, y]))


CASES = [
    pytest.param(make, module, ending, id=f"{name}-{module.__name__}{ending}")
    for name, make in NETWORKS.items()
    for module in (keras, tf_keras)
    for ending in (".h5", ".keras")
]


@pytest.mark.parametrize(("make", "module", "ending"), CASES)
def test_the_rebuilt_network_computes_the_same(
    make: Callable[[Keras], Network], module: Keras, ending: str, tmp_path: Path
) -> None:
    module.utils.set_random_seed(0)
    original = make(module)
    random = randomise(original, high=0.1)
    inputs = [random.random((1, *tensor.shape[1:])).astype(np.float32) for tensor in original.inputs]
    expected = outputs_of(original, inputs)
    path = tmp_path / f"model{ending}"
    original.save(path)
    with open_model(path, Settings()) as model:
        assert not [layer.name for layer in model.spec.layers if layer.rebuilt_as in ("Unsupported", "Start")]
        outputs = build_whole(model)(inputs)
    assert len(outputs) == len(expected)
    tolerance = 1e-2 if make is mixed_precision else 1e-4
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=tolerance, atol=tolerance / 10)
