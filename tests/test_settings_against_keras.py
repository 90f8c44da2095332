"""Every setting of every layer, tried out: the rebuilt network computes what Keras does, or says why not.

For each layer of Keras 3 and tf.keras a small network is made with each of its arguments set to something else than the
default, saved, opened and compared. There is no third outcome: a difference that nothing says is a failure.
"""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tf_keras

from filterviz.engine.whole_network import build_whole
from filterviz.layers.passing import UNSUPPORTED
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from tests.networks import randomise

LAYERS_1D = ["Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose", "MaxPooling1D", "AveragePooling1D"]
LAYERS_2D = ["Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D"]
LAYERS_3D = ["Conv3D", "Conv3DTranspose", "MaxPooling3D", "AveragePooling3D"]

ACTIVATIONS: list[Any] = [
    *(
        "relu",
        "relu6",
        "elu",
        "selu",
        "gelu",
        "silu",
        "swish",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "softmax",
        "softplus",
    ),
    *(
        "softsign",
        "exponential",
        "linear",
        "mish",
        "leaky_relu",
        "log_softmax",
        "hard_silu",
        "celu",
        "glu",
        "squareplus",
    ),
    *(
        "hard_tanh",
        "tanh_shrink",
        "soft_shrink",
        "hard_shrink",
        "sparse_plus",
        "sparsemax",
        "threshold",
        "sparse_sigmoid",
    ),
    lambda k: k.layers.LeakyReLU(0.07),
    lambda k: k.layers.ReLU(max_value=0.4),
    lambda k: k.layers.ReLU(negative_slope=0.2, threshold=0.1),
    lambda k: k.layers.ELU(0.3),
    lambda k: k.layers.PReLU(alpha_initializer="random_uniform"),
    lambda k: k.layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform"),
    lambda k: k.layers.Softmax(),
    lambda k: k.layers.Activation("tanh"),
]

VALUES: dict[str, list[Any]] = {
    "activation": ACTIVATIONS,
    "padding": ["valid", "same", "causal"],
    "strides": [1, 2, 3],
    "dilation_rate": [2],
    "groups": [2],
    "depth_multiplier": [2],
    "use_bias": [False],
    "output_padding": [1],
    "pool_size": [2, 3],
    "keepdims": [True],
    "center": [False],
    "scale": [False],
    "epsilon": [0.1],
    "momentum": [0.5],
    "renorm": [True],
    "axis": [1, 2, -1, [1, 2], [1, 2, 3]],
    "max_value": [0.5],
    "negative_slope": [0.2],
    "threshold": [0.1],
    "alpha": [0.2],
    "shared_axes": [[1, 2], [1]],
    "interpolation": ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic"],
    "crop_to_aspect_ratio": [True],
    "pad_to_aspect_ratio": [True],
    "fill_value": [0.5],
    "fill_mode": ["constant"],
    "antialias": [True],
    "invert": [True],
    "size": [2, 3],
    "cropping": [1, 2],
    "output_size": [2, 3],
    "theta": [0.3],
    "lora_rank": [2],
    "synchronized": [True],
    "dtype": ["float16", "float64", "bfloat16"],
}
"""Settings that a layer may have, by argument."""

NEEDED: dict[str, dict[str, Any]] = {
    **{name: {"filters": 4, "kernel_size": 3} for name in (*LAYERS_1D, *LAYERS_2D, *LAYERS_3D) if "Pool" not in name},
    **{f"DepthwiseConv{rank}D": {"kernel_size": 3} for rank in (1, 2)},
    **{f"Adaptive{how}Pooling{rank}D": {"output_size": 4} for how in ("Average", "Max") for rank in (1, 2, 3)},
    **{f"{how}Pooling{rank}D": {"pool_size": 2} for how in ("Average", "Max") for rank in (1, 2, 3)},
    "Resizing": {"height": 6, "width": 9},
    "CenterCrop": {"height": 5, "width": 7},
    "RandomCrop": {"height": 5, "width": 7},
    "Rescaling": {"scale": 0.3},
    "Dense": {"units": 4},
    "Activation": {"activation": "relu"},
    "GroupNormalization": {"groups": 2},
    "PReLU": {"alpha_initializer": "random_uniform"},
}

NAMES = [
    *LAYERS_1D, *LAYERS_2D, *LAYERS_3D,
    *(f"Global{how}Pooling{rank}D" for how in ("Average", "Max") for rank in (1, 2, 3)),
    *(f"Adaptive{how}Pooling{rank}D" for how in ("Average", "Max") for rank in (1, 2)),
    *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D"),
    *("UpSampling1D", "UpSampling2D", "UpSampling3D", "Resizing", "CenterCrop", "RandomCrop", "Rescaling"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"),
    *("Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", "ThresholdedReLU", "Dense", "Flatten"),
]  # fmt: skip


SIDES = {1: (9, 4), 2: (9, 12, 4), 3: (6, 7, 8, 4)}
"""Shapes of the inputs by rank: sides that differ, so that none is taken for another."""


def branches(module: ModuleType, name: str, start: Any) -> dict[str, tuple[dict[str, Any], Any]]:
    """The layer with each of its settings tried in turn, by the name of the branch; what Keras refuses is left out."""
    of = getattr(module.layers, name)
    taken = {
        parameter
        for base in of.__mro__
        if "__init__" in vars(base)
        for parameter in inspect.signature(base.__init__).parameters
    }
    tried: list[dict[str, Any]] = [{}]
    tried += [{key: value} for key in VALUES if key in taken or key == "dtype" for value in VALUES[key]]
    if {"padding", "strides"} <= taken:
        tried.append({"padding": "same", "strides": 2})
    found = {}
    # What is no setting at all, and a jump at which half precision falls on the other side.
    tried = [one for one in tried if not (name == "Rescaling" and "scale" in one)]
    tried = [one for one in tried if not (name == "ThresholdedReLU" and "dtype" in one)]
    for number, setting in enumerate(tried):
        given = {key: value(module) if callable(value) else value for key, value in setting.items()}
        label = f"b{number}"
        # Whatever a Keras does not take, no file of it holds.
        with contextlib.suppress(Exception):
            layer = of(**{**NEEDED.get(name, {}), **given}, name=label)
            made = layer(start)
            layer(
                np.ones((1, *start.shape[1:]), np.float32)
            )  # some are refused only when there is something to compute
            found[label] = (given, made)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("module", "name"), [(module, name) for module in (keras, tf_keras) for name in NAMES])
def test_it_is_what_keras_computes_or_says_why_not(module: ModuleType, name: str, tmp_path: Path) -> None:
    if not hasattr(module.layers, name):
        pytest.skip(f"{module.__name__} has no {name}")
    module.utils.set_random_seed(0)
    shape = SIDES[next((rank for rank in SIDES if f"{rank}D" in name), 2)]
    start = module.Input(shape)
    made = branches(module, name, start)
    assert "b0" in made
    # A convolution beside it, so that there is something to show in each file.
    picture = module.Input((8, 8, 3), name="picture")
    shown = module.layers.Conv2D(2, 3, name="shown")(picture)
    network = module.Model([start, picture], [*(one for _, one in made.values()), shown])
    randomise(network, 0.1, 0.5)
    inputs = [np.random.default_rng(1).normal(size=(2, *sides)).astype(np.float32) for sides in (shape, (8, 8, 3))]
    expected = dict(zip(made, network(inputs, training=False), strict=False))
    for ending in (".h5", ".keras"):
        network.save(tmp_path / f"model{ending}")
        with open_model(tmp_path / f"model{ending}", Settings()) as model:
            computed = named_outputs(model, inputs)
            cut = {layer.name: layer.reason for layer in model.spec.layers if layer.rebuilt_as == UNSUPPORTED}
        assert computed.keys() | cut.keys() == {*made, "shown"}
        for label, (setting, _) in made.items():
            if label in cut:
                assert any(key in (cut[label] or "") for key in (*setting, "several axes")), (setting, cut[label])
                continue
            # In half precision Keras itself rounds to three or four digits.
            tolerance = 3e-2 if setting.get("dtype") in ("float16", "bfloat16") else 3e-5
            right = expected[label].numpy().astype(np.float32)
            assert computed[label].shape == right.shape, (ending, setting)
            limit = tolerance * max(1.0, float(np.abs(right).max()))
            np.testing.assert_allclose(computed[label], right, rtol=0, atol=limit, err_msg=f"{ending} {setting}")


def named_outputs(model: OpenedModel, inputs: list[Any]) -> dict[str, Any]:
    """What the rebuilt network computes, by the name of the layer that gives it."""
    spec = model.spec
    names = [spec.layers[spec.nodes[node].layer].name for node in spec.outputs]
    return dict(zip(names, (one.numpy() for one in build_whole(model)(inputs)), strict=True))
