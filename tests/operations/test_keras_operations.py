"""Each operation of Keras 3 that is rebuilt, with its defaults and with each argument varied, against Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.operations.harness import CHANNELS, HEIGHT, WIDTH, array, check, groups, images, network, opened

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

ops = keras.ops
Calls = dict[str, Callable[[Any], Any]]


UNARY = [
    *("abs", "absolute", "fabs", "arcsinh", "arctan", "cbrt", "ceil", "cos", "cosh", "deg2rad", "erf", "erfc", "exp"),
    *("exp2", "expm1", "floor", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid"),
    *("negative", "ones_like", "rad2deg", "reciprocal", "relu", "relu6", "round", "selu", "sigmoid", "sign", "silu"),
    *("swish", "sin", "sinc", "sinh", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid"),
    *("square", "squareplus", "tan", "tanh", "tanh_shrink", "trunc", "zeros_like", "stop_gradient", "copy"),
    *("convert_to_tensor", "nan_to_num", "gelu", "elu", "celu", "leaky_relu", "softmax", "log_softmax", "sparsemax"),
    *("normalize", "rms_normalization", "log", "sqrt", "rsqrt", "log1p", "log2", "log10", "arccos", "arcsin"),
    *("arctanh", "arccosh"),
]

SAFE: Calls = {
    **{name: (lambda x, name=name: getattr(ops, name)(x)) for name in UNARY},
    "threshold": lambda x: ops.threshold(x, 0.1, -2.0),
    "hard_shrink 0.2": lambda x: ops.hard_shrink(x, 0.2),
    "soft_shrink 0.2": lambda x: ops.soft_shrink(x, threshold=0.2),
    "squareplus 2": lambda x: ops.squareplus(x, b=2),
    "gelu exact": lambda x: ops.gelu(x, approximate=False),
    "gelu of the activations": lambda x: keras.activations.gelu(x),
    "elu 0.3": lambda x: ops.elu(x, alpha=0.3),
    "celu 0.3": lambda x: ops.celu(x, alpha=0.3),
    "leaky_relu 0.01": lambda x: ops.leaky_relu(x, negative_slope=0.01),
    "softmax 1": lambda x: ops.softmax(x, axis=1),
    "log_softmax 2": lambda x: ops.log_softmax(x, axis=2),
    "sparsemax 1": lambda x: ops.sparsemax(x, axis=1),
    "round 1": lambda x: ops.round(x, decimals=1),
    "nan_to_num of infinities": lambda x: ops.nan_to_num(1 / ops.relu(x), posinf=3.0, nan=1.0, neginf=-1.0),
    "clip": lambda x: ops.clip(x, -0.3, 0.2),
    "clip above": lambda x: ops.clip(x, 0, np.inf),
    "cast": lambda x: ops.cast(x, "float64") * 2,
    "saturate_cast": lambda x: ops.saturate_cast(x, "float32"),
    "cumsum": lambda x: ops.cumsum(x, axis=1),
    "cumprod": lambda x: ops.cumprod(x, axis=-1),
    "normalize 1": lambda x: ops.normalize(x, axis=1),
    "normalize 1 2": lambda x: ops.normalize(x, axis=(1, 2)),
    "normalize order 1": lambda x: ops.normalize(x, order=1),
    "normalize order 3": lambda x: ops.normalize(x, order=3, axis=2),
    "normalize epsilon": lambda x: ops.normalize(x, epsilon=2.0),
    "rms axes": lambda x: ops.rms_normalization(x, axis=(1, -1), epsilon=0.1),
    # arithmetic
    **{
        f"{name} {what}": (lambda x, name=name, other=other: getattr(ops, name)(*other(x)))
        for name in [
            "add",
            "subtract",
            "multiply",
            "divide",
            "true_divide",
            "maximum",
            "minimum",
            "fmax",
            "fmin",
            "power",
            "mod",
            "floor_divide",
            "fmod",
            "arctan2",
            "hypot",
            "logaddexp",
            "logaddexp2",
            "heaviside",
            "divide_no_nan",
        ]
        for what, other in {
            "a number": lambda x: (x, 1.5),
            "a number first": lambda x: (1.5, x),
            "each channel": lambda x: (x, array(CHANNELS)),
            "each channel, nested": lambda x: (x, array(1, 1, 1, CHANNELS)),
            "each channel first": lambda x: (ops.convert_to_tensor(array(1, 1, CHANNELS)), x),
            "each column": lambda x: (x, array(WIDTH, 1)),
            "each row": lambda x: (x, array(HEIGHT, 1, 1)),
            "each value": lambda x: (x, array(1, HEIGHT, WIDTH, CHANNELS)),
            "a tensor": lambda x: (x, ops.tanh(x) + 1.5),
            "a column of it": lambda x: (x, x[:, :, :1] + 2),
        }.items()
        if not (name in ("mod", "fmod", "floor_divide") and what == "a tensor")
        and not (name in ("hypot", "heaviside") and "number" in what)
    },
    "keywords": lambda x: ops.subtract(x1=2.0, x2=x),
    "operators": lambda x: (2 - x) / 3 + x**2 - abs(-x) * (x // 2.0) + x % 2.0,
    "power of a number": lambda x: 2.0**x,
    "a constant makes it larger": lambda x: ops.mean(x, axis=(1, 2), keepdims=True) + array(HEIGHT, WIDTH, CHANNELS),
    "where": lambda x: ops.where(x > 0.1, x, 2 * x),
    "where numbers": lambda x: ops.where(ops.less_equal(x, 0.1), x, -1.0),
    "where arrays": lambda x: ops.where(ops.greater_equal(x, x[..., :1]), array(CHANNELS), 0.5),
    "where of both": lambda x: ops.where(ops.logical_and(x > 0, ops.logical_not(x > 1)), 1.0, x),
    "where either": lambda x: ops.where(
        ops.logical_xor(x > 0, x < 1), x, ops.cast(ops.logical_or(x < 0, x > 1), "float32")
    ),
    "where equal": lambda x: ops.where(
        ops.equal(ops.floor(x), 0), x, ops.cast(ops.not_equal(ops.round(x), 0), "float32")
    ),
    "isnan": lambda x: (
        ops.where(ops.isnan(ops.log(x)), 0.0, x)
        + ops.cast(ops.isfinite(ops.log(x)), "float32") * ops.cast(ops.isinf(x), "float32")
    ),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "matmul constant": lambda x: ops.matmul(x, array(CHANNELS, 3)),
    "rgb_to_grayscale": lambda x: ops.image.rgb_to_grayscale(x[..., :3], data_format="channels_last"),
    # reductions
    **{
        f"{name} {axis} {keepdims}": (
            lambda x, name=name, axis=axis, keepdims=keepdims: getattr(ops, name)(x, axis=axis, keepdims=keepdims)
        )
        for name in ("mean", "max", "amax", "min", "amin", "sum", "prod", "std", "var", "ptp", "logsumexp", "norm")
        for axis in (-1, (1, 2), 3, [1])
        for keepdims in (True, False)
        if not (name in ("ptp", "amax", "norm") and isinstance(axis, list))
    },
    "norm 1": lambda x: ops.norm(x, ord=1, axis=-1),
    "norm fro": lambda x: ops.norm(x, ord="fro", axis=(1, 2)),
    "average": lambda x: ops.average(x, axis=2),
    "moments": lambda x: ops.moments(x, axes=(1, 2), keepdims=True),
    "second of moments": lambda x: ops.moments(x, axes=(1, 2))[1],
    # shapes
    "reshape": lambda x: ops.reshape(x, (-1, HEIGHT * WIDTH, 2, 2)),
    "reshape of rows": lambda x: ops.reshape(x, (-1, HEIGHT, WIDTH * 2, 2)),
    "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)),
    "transpose negative": lambda x: ops.transpose(x, (0, -2, -1, 1)),
    "swapaxes": lambda x: ops.swapaxes(x, 1, -1),
    "moveaxis": lambda x: ops.moveaxis(x, -1, 1),
    "moveaxis of two": lambda x: ops.moveaxis(x, (3, 1), (1, 2)),
    "expand_dims": lambda x: ops.squeeze(ops.expand_dims(x, (1, -1)), axis=1),
    "squeeze": lambda x: ops.squeeze(ops.mean(x, axis=1, keepdims=True), 1),
    "stack": lambda x: ops.max(ops.stack([x, 2 * x, -x], axis=2), axis=2),
    "stack of channels": lambda x: ops.stack([x[..., 2], x[..., 0]], axis=-1),
    "concatenate": lambda x: ops.concatenate([x, x[:, 1:]], axis=1),
    "hstack": lambda x: ops.hstack([x, x]),
    "dstack": lambda x: ops.dstack([x, x]),
    "tile": lambda x: ops.tile(x, (1, 2, 1, 3)),
    "tile of the last": lambda x: ops.tile(x, (2, 1)),
    "repeat": lambda x: ops.repeat(x, 2, axis=1),
    "roll": lambda x: ops.roll(x, 2, axis=2),
    "roll of two": lambda x: ops.roll(x, (1, -1), axis=(1, 3)),
    "flip": lambda x: ops.flip(x, axis=(1, 3)),
    "fliplr": lambda x: ops.fliplr(x),
    **{f"rot90 {k}": (lambda x, k=k: ops.rot90(x, k=k, axes=(1, 2))) for k in (0, 1, 3, -1)},
    "rot90 other way": lambda x: ops.rot90(x, axes=(2, 1)),
    # parts
    "getitem": lambda x: x[:, 1:-1, ::2, ::-1],
    "getitem position": lambda x: x[:, 0] + x[:, -1, :, :],
    "getitem new axis": lambda x: x[:, None, ..., 1][:, 0, ..., None],
    "split": lambda x: ops.split(x, 2, axis=-1),
    "split at": lambda x: ops.split(x, [1, 3], axis=1)[1],
    "array_split": lambda x: ops.array_split(x, 3, axis=1),
    "hsplit": lambda x: ops.hsplit(x, 2),
    "dsplit": lambda x: ops.dsplit(x, [1, 4])[::-1],
    "unstack": lambda x: ops.unstack(x, axis=-1)[2] + ops.unstack(x, num=CHANNELS, axis=3)[0],
    "take": lambda x: ops.take(x, [2, 0, 0, 3], axis=-1),
    "take in order": lambda x: ops.take(x, [2, 1, 0], axis=3),
    "take one": lambda x: ops.take(x, -1, axis=1),
    # images
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
    "pad with": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 1], [1, 0]], constant_values=2.0),
    "pad reflect": lambda x: ops.pad(x, ((0, 0), (1, 2), (3, 1), (0, 0)), mode="reflect"),
    "pad symmetric": lambda x: ops.pad(x, ((0, 0), (1, 2), (3, 1), (1, 1)), mode="symmetric"),
    "depth_to_space": lambda x: ops.depth_to_space(x, 2),
    "space_to_depth": lambda x: ops.space_to_depth(x, 2),
    "max_pool": lambda x: ops.max_pool(x, 2),
    "max_pool 3 2 same": lambda x: ops.max_pool(x, (3, 2), strides=(2, 1), padding="same"),
    "average_pool": lambda x: ops.average_pool(x, (2, 3), strides=1, padding="same"),
    **{
        f"resize {way}": (lambda x, way=way: ops.image.resize(x, (5, 9), interpolation=way))
        for way in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
    },
    "resize antialias": lambda x: ops.image.resize(x, (3, 3), antialias=True),
    "resize crop": lambda x: ops.image.resize(x, (4, 4), crop_to_aspect_ratio=True),
    "pad_images": lambda x: ops.image.pad_images(x, 1, 2, target_height=HEIGHT + 4, right_padding=1),
    "crop_images": lambda x: ops.image.crop_images(x, 1, 2, target_height=HEIGHT - 4, right_cropping=1),
}


@pytest.mark.parametrize(("group", "ending"), groups(SAFE))
def test_what_is_rebuilt_computes_the_same(group: list[str], ending: str, tmp_path: Path) -> None:
    check(keras, {name: SAFE[name] for name in group}, tmp_path / f"model{ending}")


CUT: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mean of all": (lambda x: x - ops.mean(x), "images of a batch"),
    "softmax of all": (lambda x: ops.softmax(x, axis=(1, 2)), "axis = [1, 2]"),
    "max initial": (lambda x: ops.max(x, axis=1, initial=0.3), "initial = 0.3"),
    "cast to whole numbers": (lambda x: ops.cast(ops.cast(x, "int32"), "float32"), "dtype = 'int32'"),
    "average with weights": (lambda x: ops.average(x, axis=-1, weights=array(CHANNELS)), "weights"),
    "resize pad": (lambda x: ops.image.resize(x, (4, 4), pad_to_aspect_ratio=True), "pad_to_aspect_ratio = True"),
    "norm of a matrix": (lambda x: ops.norm(x, ord=2, axis=(1, 2)), "ord = 2"),
    "truth as a number": (lambda x: (x > 0) * x, "truth values"),
    "sort": (lambda x: ops.sort(x), "Sort"),
    "einsum": (lambda x: ops.einsum("bhwc,cd->bhwd", x, array(CHANNELS, 2)), "Einsum"),
    "conv": (lambda x: ops.conv(x, array(3, 3, CHANNELS, 2)), "Conv"),
    "glu": (lambda x: ops.glu(x), "Glu"),
    "rot90 2": (lambda x: ops.rot90(x, k=2, axes=(1, 2)), "not square"),
    "concatenate with a constant": (lambda x: ops.concatenate([x, array(1, HEIGHT, WIDTH, 1)], -1), "tensors"),
}


@pytest.mark.parametrize("name", CUT)
def test_what_is_not_rebuilt_is_cut_with_a_reason(name: str, tmp_path: Path) -> None:
    make, words = CUT[name]
    spec, computed = opened(network(keras, make), tmp_path / "model.keras", images(1))
    assert computed is None
    reasons = [layer.reason or "" for layer in spec.layers if layer.rebuilt_as == "Unsupported"]
    assert any(part in reason for reason in reasons for part in words.split("|")), reasons
    assert not any("code" in reason for reason in reasons)
    assert next(layer for layer in spec.layers if layer.name == "before").visualisable
