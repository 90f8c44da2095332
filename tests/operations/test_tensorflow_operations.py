"""Each function of TensorFlow that is rebuilt, as tf.keras writes it, with its defaults and each argument varied."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.whole_network import build_whole
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.operations.harness import CHANNELS, HEIGHT, WIDTH, array, assert_same, check, groups, images, network, opened

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

K = tf_keras.backend


MATH = [
    *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1"),
    *("floor", "log", "log1p", "log_sigmoid", "negative", "reciprocal", "rsqrt", "sigmoid", "sign", "sin", "sinh"),
    *("softplus", "sqrt", "square", "tan", "tanh"),
]
NN = ("relu", "relu6", "elu", "selu", "gelu", "silu", "swish", "softsign", "leaky_relu", "softmax", "log_softmax")

SAFE: dict[str, Callable[[Any], Any]] = {
    **{f"math.{name}": (lambda x, name=name: getattr(tf.math, name)(x)) for name in MATH},
    **{f"nn.{name}": (lambda x, name=name: getattr(tf.nn, name)(x)) for name in (*NN, "local_response_normalization")},
    "round": lambda x: tf.round(3 * x),
    "identity": lambda x: tf.identity(tf.stop_gradient(x)),
    "likes": lambda x: tf.ones_like(x) * x + tf.zeros_like(x),
    "gelu approximate": lambda x: tf.nn.gelu(x, approximate=True),
    "leaky_relu 0.05": lambda x: tf.nn.leaky_relu(x, alpha=0.05),
    "softmax 1": lambda x: tf.nn.softmax(x, axis=1),
    "log_softmax 2": lambda x: tf.nn.log_softmax(x, axis=2),
    "lrn": lambda x: tf.nn.local_response_normalization(x, depth_radius=1, bias=2, alpha=0.5, beta=0.75),
    "clip_by_value": lambda x: tf.clip_by_value(x, -0.1, 0.4),
    "cast": lambda x: tf.cast(tf.cast(x, tf.float64), tf.float32),
    "cumsum": lambda x: tf.cumsum(x, axis=1),
    "cumprod": lambda x: tf.math.cumprod(x, axis=-1),
    "l2_normalize": lambda x: tf.math.l2_normalize(x, axis=-1),
    "l2_normalize epsilon": lambda x: tf.nn.l2_normalize(x, axis=[1, 2], epsilon=4.0),
    "activations": lambda x: tf_keras.activations.relu(x, alpha=0.1, max_value=0.3, threshold=0.01),
    "hard_sigmoid of the activations": lambda x: tf_keras.activations.hard_sigmoid(x),
    "gelu of the activations": lambda x: tf_keras.activations.gelu(x),
    "mish of the activations": lambda x: tf_keras.activations.mish(x),
    **{
        f"{name} {what}": (lambda x, name=name, other=other: getattr(tf.math, name)(*other(x)))
        for name in (
            "add",
            "subtract",
            "multiply",
            "divide",
            "truediv",
            "maximum",
            "minimum",
            "pow",
            "floormod",
            "floordiv",
            "atan2",
            "squared_difference",
            "divide_no_nan",
        )
        for what, other in {
            "a number": lambda x: (x, 1.5),
            "a number first": lambda x: (1.5, x),
            "each channel": lambda x: (x, array(CHANNELS)),
            "each channel first": lambda x: (array(1, 1, 1, CHANNELS), x),
            "each column": lambda x: (x, array(WIDTH, 1)),
            "each value": lambda x: (x, array(1, HEIGHT, WIDTH, CHANNELS)),
            "a tensor": lambda x: (x, tf.tanh(x) + 1.5),
        }.items()
        if not (name in ("floormod", "floordiv") and what == "a tensor")
    },
    "operators": lambda x: (2 - x) / 3 + x**2 - abs(-x) * (x // 2.0) + x % 2.0,
    "bias_add": lambda x: tf.nn.bias_add(x, array(CHANNELS)),
    "scalar_mul": lambda x: tf.math.scalar_mul(2.5, x),
    "add_n": lambda x: tf.add_n([x, 2 * x, tf.square(x)]),
    "where": lambda x: tf.where(x > 0.1, x, 2 * x),
    "where numbers": lambda x: tf.where(tf.less_equal(x, 0.1), x, -1.0),
    "cast of truth": lambda x: tf.cast(x > 0.1, tf.float32) * x,
    "where of both": lambda x: tf.where(tf.logical_and(x > 0, tf.logical_not(x > 1)), 1.0, x),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "matmul a": lambda x: tf.matmul(x, x, transpose_a=True),
    "matmul constant": lambda x: tf.linalg.matmul(x, array(CHANNELS, 3)),
    "rgb_to_grayscale": lambda x: tf.image.rgb_to_grayscale(x[..., :3]),
    **{
        f"{name} {axis} {keepdims}": (
            lambda x, name=name, axis=axis, keepdims=keepdims: getattr(tf.math, name)(x, axis=axis, keepdims=keepdims)
        )
        for name in (
            "reduce_mean",
            "reduce_max",
            "reduce_min",
            "reduce_sum",
            "reduce_prod",
            "reduce_std",
            "reduce_variance",
            "reduce_logsumexp",
            "reduce_euclidean_norm",
        )
        for axis in (-1, [1, 2])
        for keepdims in (True, False)
    },
    "reduce_mean by position": lambda x: tf.reduce_mean(x, [1, 2], True) * x,
    "norm": lambda x: tf.norm(x, axis=-1),
    "norm 1": lambda x: tf.linalg.norm(x, ord=1, axis=-1, keepdims=True),
    "moments": lambda x: tf.nn.moments(x, axes=[1, 2], keepdims=True)[1],
    "backend": lambda x: K.l2_normalize(K.expand_dims(K.mean(x, axis=-1)), axis=1) * K.sigmoid(x),
    "reshape by its size": lambda x: tf.reshape(x, (tf.shape(x)[0], HEIGHT, 12, 2)),
    "reshape by sizes": lambda x: tf.reshape(x, (tf.shape(x)[0], tf.shape(x)[2], tf.shape(x)[1], CHANNELS)),
    "resize to a size": lambda x: tf.image.resize(x[:, ::2, ::2], tf.shape(x)[1:3]),
    "reshape": lambda x: tf.reshape(x, (-1, HEIGHT * WIDTH, 2, 2)),
    "transpose": lambda x: tf.transpose(x, perm=[0, 2, 1, 3]),
    "permute_dimensions": lambda x: K.permute_dimensions(x, (0, 2, 3, 1)),
    "expand_dims and squeeze": lambda x: tf.squeeze(tf.expand_dims(x, 1), 1),
    "squeeze": lambda x: tf.squeeze(tf.reduce_max(x, axis=[1, 2], keepdims=True), axis=[1, 2]),
    "stack": lambda x: tf.reduce_max(tf.stack([x, 2 * x, -x], axis=2), axis=2),
    "stack of channels": lambda x: tf.stack([x[..., 2], x[..., 0]], axis=-1),
    "concat": lambda x: tf.concat([x, x[:, 1:]], axis=1),
    "tile": lambda x: tf.tile(x, [1, 2, 1, 3]),
    "repeat": lambda x: tf.repeat(x, 2, axis=1),
    "roll": lambda x: tf.roll(x, [1, -1], axis=[1, 3]),
    "reverse": lambda x: tf.reverse(x, axis=[-1, 1]),
    "flips": lambda x: tf.image.flip_left_right(tf.image.flip_up_down(x) * array(HEIGHT, 1, 1)),
    **{f"rot90 {k}": (lambda x, k=k: tf.image.rot90(x, k=k)) for k in (1, 2, 3)},
    "image.transpose": lambda x: tf.image.transpose(x),
    "getitem": lambda x: x[:, 1:-1, ::2, ::-1],
    "getitem position": lambda x: x[:, 0] + x[:, -1, :, :],
    "getitem new axis": lambda x: x[:, tf.newaxis, ..., 1][:, 0, ..., tf.newaxis],
    "split": lambda x: tf.split(x, 2, axis=-1),
    "split sizes": lambda x: tf.split(x, [1, -1, 2], axis=1)[1],
    "unstack": lambda x: tf.unstack(x, axis=-1)[2] + tf.unstack(x, num=CHANNELS, axis=3)[0],
    "gather": lambda x: tf.gather(x, [2, 0, 0, 3], axis=-1),
    "gather in order": lambda x: tf.gather(x, [2, 1, 0], axis=3),
    "slice": lambda x: tf.slice(x, [0, 1, 0, 0], [-1, 3, -1, 2]),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "pad with": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [1, 0]], constant_values=2.0),
    "pad reflect": lambda x: tf.pad(x, [[0, 0], [1, 2], [3, 1], [0, 0]], "REFLECT"),
    "pad symmetric": lambda x: tf.pad(x, [[0, 0], [1, 2], [3, 1], [1, 1]], mode="SYMMETRIC"),
    "depth_to_space": lambda x: tf.nn.depth_to_space(x, 2),
    "space_to_depth": lambda x: tf.nn.space_to_depth(x, 2),
    "max_pool2d": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    "max_pool": lambda x: tf.nn.max_pool(x, [1, 3, 2, 1], [1, 2, 1, 1], "VALID"),
    "avg_pool2d": lambda x: tf.nn.avg_pool2d(x, [3, 2], 1, "SAME"),
    **{
        f"resize {way}": (lambda x, way=way: tf.image.resize(x, [5, 9], method=way))
        for way in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
    },
    "resize antialias": lambda x: tf.image.resize(x, (3, 3), antialias=True),
    "resize_images": lambda x: K.resize_images(x, 2, 2, "channels_last", "bilinear"),
    "spatial_2d_padding": lambda x: K.spatial_2d_padding(x, ((1, 0), (0, 2))),
    "crop_to_bounding_box": lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 4, 3),
    "pad_to_bounding_box": lambda x: tf.image.pad_to_bounding_box(x, 1, 2, HEIGHT + 2, WIDTH + 5),
}


@pytest.mark.parametrize(("group", "ending"), groups(SAFE, endings=(".h5",)))
def test_what_is_rebuilt_computes_the_same(group: list[str], ending: str, tmp_path: Path) -> None:
    check(tf_keras, {name: SAFE[name] for name in group}, tmp_path / f"model{ending}")


def test_archives_of_keras_2_say_the_same(tmp_path: Path) -> None:
    """All but ``...``, which Keras 2 cannot write into them."""
    names = (
        "operators",
        "resize antialias",
        "concat",
        "split",
        "where",
        "pad with",
        "getitem",
        "add each channel first",
    )
    check(tf_keras, {name: SAFE[name] for name in names}, tmp_path / "model.keras")


CUT: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mean of all": (lambda x: x - tf.reduce_mean(x), "images of a batch"),
    "cast to whole numbers": (lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32), "dtype = 'int32'"),
    "silu beta": (lambda x: tf.nn.silu(x, beta=2.0), "beta = 2.0"),
    "resize keeping": (lambda x: tf.image.resize(x, (4, 4), preserve_aspect_ratio=True), "preserve_aspect_ratio"),
    "resize of TensorFlow 1": (lambda x: tf.compat.v1.image.resize_bilinear(x, (4, 4)), "half_pixel_centers"),
    "resize_images of TensorFlow 1": (lambda x: tf.compat.v1.image.resize_images(x, (4, 4)), "not known"),
    "exclusive": (lambda x: tf.cumsum(x, axis=1, exclusive=True), "exclusive = True"),
    "clip by arrays": (lambda x: tf.clip_by_value(x, array(CHANNELS), 3.0), "x_min"),
    "dropout": (lambda x: tf.nn.dropout(x, 0.1), "not known"),
    "conv2d": (lambda x: tf.nn.conv2d(x, array(3, 3, CHANNELS, 2), 1, "SAME"), "not known"),
    "top_k": (lambda x: tf.math.top_k(x, 2)[0], "not known"),
    "adjust": (lambda x: tf.image.adjust_contrast(x, 2.0), "not known"),
}


@pytest.mark.parametrize("name", CUT)
def test_what_is_not_rebuilt_is_cut_with_a_reason(name: str, tmp_path: Path) -> None:
    make, words = CUT[name]
    spec, computed = opened(network(tf_keras, make), tmp_path / "model.h5", images(1))
    assert computed is None
    reasons = [layer.reason or "" for layer in spec.layers if layer.rebuilt_as == "Unsupported"]
    assert any(words in reason for reason in reasons), reasons
    assert not any("code" in reason for reason in reasons)


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


NODES: dict[str, tuple[str, dict[str, Any], dict[str, Any], Callable[[Any], Any]]] = {
    "x - 2": ("Sub", {}, {"1": 2.0}, lambda x: x - 2),
    "2 - x": ("Sub", {}, {"0": 2.0}, lambda x: 2 - x),
    "x * channels": ("Mul", {}, {"1": [1.0, 2.0, 3.0, 4.0]}, lambda x: x * np.array([1.0, 2.0, 3.0, 4.0], np.float32)),
    "mean": ("Mean", {"keep_dims": {"b": True}}, {"1": [1, 2]}, lambda x: tf.reduce_mean(x, [1, 2], keepdims=True)),
    "slice": (
        "StridedSlice",
        {
            "begin_mask": {"i": "15"},
            "end_mask": {"i": "7"},
            "ellipsis_mask": {"i": "0"},
            "new_axis_mask": {"i": "0"},
            "shrink_axis_mask": {"i": "0"},
        },
        {"1": [0, 0, 0, 0], "2": [0, 0, 0, -1], "3": [1, 1, 2, 1]},
        lambda x: x[:, :, ::2, :-1],
    ),
    "leaky": ("LeakyRelu", {"alpha": {"f": 0.3}}, {}, lambda x: tf.nn.leaky_relu(x, 0.3)),
    "pad": (
        "MirrorPad",
        {"mode": text("REFLECT")},
        {"1": [[0, 0], [1, 1], [2, 2], [0, 0]]},
        lambda x: tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], "REFLECT"),
    ),
    "pool": (
        "MaxPool",
        {
            "ksize": {"list": {"i": ["1", "2", "2", "1"]}},
            "strides": {"list": {"i": ["1", "2", "2", "1"]}},
            "padding": text("SAME"),
            "data_format": text("NHWC"),
        },
        {},
        lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    ),
    "transpose": ("Transpose", {}, {"1": [0, 2, 1, 3]}, lambda x: tf.transpose(x, [0, 2, 1, 3])),
    "resize": (
        "ResizeBilinear",
        {"align_corners": {"b": False}, "half_pixel_centers": {"b": True}},
        {"1": [4, 4]},
        lambda x: tf.image.resize(x, (4, 4)),
    ),
}


@pytest.mark.parametrize("name", NODES)
def test_nodes_of_tensorflow_1(name: str, tmp_path: Path) -> None:
    """tf_keras no longer writes them; a layer of the file is rewritten as TensorFlow 2.0 wrote it."""
    op, attributes, constants, function = NODES[name]
    start = tf_keras.Input((HEIGHT, WIDTH, 3))
    before = tf_keras.layers.Conv2D(CHANNELS, 3, padding="same", name="before")(start)
    model = tf_keras.Model(start, tf_keras.layers.Activation("linear")(tf.identity(before)))
    path = tmp_path / "model.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layer = next(item for item in config["config"]["layers"] if item["class_name"] == "TFOpLambda")
        definition = {"name": "node", "op": op, "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}
        stated = {"name": layer["name"], "trainable": True, "dtype": "float32", "node_def": definition}
        layer.update({"class_name": "TensorFlowOpLayer", "config": {**stated, "constants": constants}})
        file.attrs["model_config"] = json.dumps(config).encode()
    values = images()
    wanted = function(tf_keras.Model(model.input, model.get_layer("before").output)(values))
    with open_model(path, Settings()) as rebuilt:
        assert not [layer.reason for layer in rebuilt.spec.layers if layer.rebuilt_as == "Unsupported"]
        computed = build_whole(rebuilt)([values])
    assert_same([computed[0].numpy()], [wanted.numpy()])
