"""Layers that cannot be rebuilt are named, with what to do; the file is not blamed for what is not known here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from tests import keras_files
from tests.keras_files import COLOURS, FIRST, SIDE, layer

Json = Any
CONVOLUTION = {"filters": 4, "kernel_size": [3, 3], "padding": "same"}


def opened(path: Path) -> ModelSpec:
    with open_model(path, Settings()) as model:
        return model.spec


def behind(path: Path, first: Json, channels: int = COLOURS, module: str | None = None) -> Path:
    """Write the good network behind another layer, whose output is images of some channels."""
    layers = keras_files.keras_2_layers()
    first["config"]["batch_input_shape"] = layers[0]["config"].pop("batch_input_shape")
    if module is not None:
        first["module"] = module
    weights = dict(keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1")))
    (name, kernel), bias = weights["conv2d_1"]
    weights["conv2d_1"] = [(name, np.resize(kernel, (3, 3, channels, FIRST))), bias]
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [first, *layers]}}
    return keras_files.write_h5(path, config, weights)


NAMED = [
    ("KerasLayer", "TensorFlow Hub, which is not in the file", "keras.applications"),
    ("QuantizeLayer", "tensorflow-model-optimization", "before quantize_model"),
    ("QActivation", "QKeras", "Keras's own layers"),
    ("qkeras>QConv2D", "QKeras", "Keras's own layers"),
    ("hgq>HQuantize", "HGQ", "Keras's own layers"),
    ("Larq>QuantConv2D", "Larq", "Keras's own layers"),
    ("Addons>CorrelationCost", "tensorflow-addons", "Keras's own"),
    ("keras_hub>ResNetBackbone", "a class of its own", "keras.Sequential"),
]


@pytest.mark.parametrize(("class_name", "what", "hint"), NAMED, ids=[row[0] for row in NAMED])
def test_a_layer_of_a_known_package_is_named_with_what_to_do(
    class_name: str, what: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        opened(behind(tmp_path / "a.h5", layer(class_name, "odd")))
    assert refused.value.code is RefusalCode.UNSUPPORTED_LAYER
    assert refused.value.where == "odd"
    assert what in refused.value.what
    assert hint in refused.value.hint


WRAPPED = [
    ("QuantizeWrapperV2", "before quantize_model"),
    ("QuantizeAnnotate", "before quantize_model"),
    ("ClusterWeights", "strip_clustering"),
    ("PruneLowMagnitude", "strip_pruning"),  # without its settings, it is a class of somebody else
]


@pytest.mark.parametrize(("class_name", "hint"), WRAPPED, ids=[row[0] for row in WRAPPED])
def test_a_network_of_wrapped_convolutions_is_not_said_to_have_none(class_name: str, hint: str, tmp_path: Path) -> None:
    inner = layer("Conv2D", "inner", **CONVOLUTION)
    wrapper = layer(class_name, "outer", layer=inner, batch_input_shape=[None, SIDE, SIDE, COLOURS])
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [wrapper]}}
    with pytest.raises(Refused) as refused:
        opened(keras_files.write_h5(tmp_path / "a.h5", config, {"outer": []}))
    assert (refused.value.code, refused.value.where) == (RefusalCode.UNSUPPORTED_LAYER, "outer")
    assert hint in refused.value.hint


def test_a_note_says_what_to_do_about_a_layer_that_comes_later(tmp_path: Path) -> None:
    layers = keras_files.keras_2_layers()
    layers.insert(2, layer("QActivation", "odd"))
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    weights = keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    spec = opened(keras_files.write_h5(tmp_path / "a.h5", config, weights))
    assert [one.visualisable for one in spec.layers if one.kind == "Conv2D"] == [True, False]
    assert "'odd' cannot be rebuilt. It is a layer of QKeras" in spec.notes[0]


def test_an_unknown_first_layer_is_entered_behind_where_that_fits(tmp_path: Path) -> None:
    spec = opened(behind(tmp_path / "a.h5", layer("Own>Contrast", "odd")))
    assert "'Own>Contrast' are not known here, and a file's own code is never run" in spec.notes[0]
    assert "program code" not in " ".join([*spec.notes, *(one.reason or "" for one in spec.layers)])


@pytest.mark.parametrize("channels", [1, 3])
def test_it_may_make_grey_or_colours(channels: int, tmp_path: Path) -> None:
    path = behind(tmp_path / "a.h5", layer("Own>ToGrey", "odd"), channels)
    if channels == 1:
        # A fully connected layer at the end would tell the size; here nothing does.
        with h5py.File(path, "r+") as file:
            assert file["model_weights/conv2d_1/conv2d_1/kernel:0"].shape[2] == 1
    spec = opened(path)
    assert next(one for one in spec.layers if one.name == "conv2d_1").weight_shapes[0] == (3, 3, channels, FIRST)


def test_a_code_layer_still_says_that_it_carries_code(tmp_path: Path) -> None:
    spec = opened(behind(tmp_path / "a.h5", layer("Lambda", "scale", function=["4wE=", None, None])))
    assert "carries program code, which is never run" in spec.notes[0]


@pytest.mark.parametrize("channels", [5, 8])
def test_one_that_makes_no_images_is_named_and_the_file_is_not_blamed(channels: int, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        opened(behind(tmp_path / "a.h5", layer("Own>CoordConv2D", "coord"), channels))
    assert (refused.value.code, refused.value.where) == (RefusalCode.CODE_IN_FILE, "coord")
    assert "'Own>CoordConv2D' are not known here, and a file's own code is never run" in refused.value.what
    assert "does not fit together" not in str(refused.value)


@pytest.mark.parametrize("registered", ["Own>Conv2D", "Conv2D"])
def test_a_class_that_only_shares_a_name_with_keras_is_not_taken_for_it(registered: str, tmp_path: Path) -> None:
    layers = keras_files.keras_3_layers()
    foreign = next(item for item in layers if item["config"]["name"] == "conv2d_1")
    foreign.update(module="my_package.layers", registered_name=registered)
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    spec = opened(keras_files.write_keras(tmp_path / "a.keras", config, keras_files.stored_by_index("layers")))
    assert [one.visualisable for one in spec.layers if one.name.startswith("conv2d")] == [True, False]
    assert "Conv2D' are not known here" in next(one.reason or "" for one in spec.layers if one.name == "conv2d_1")


@pytest.mark.parametrize("policy", ["mixed_float16", {"class_name": "DTypePolicy", "config": {"name": "bfloat16"}}])
def test_half_precision_is_noted(policy: Json, tmp_path: Path) -> None:
    layers = keras_files.keras_2_layers()
    layers[0]["config"]["dtype"] = policy
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    weights = keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    spec = opened(keras_files.write_h5(tmp_path / "a.h5", config, weights))
    assert any("float16; it is rebuilt in float32" in note for note in spec.notes)
