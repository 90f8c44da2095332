"""One small network, written by hand the way ten generations of Keras would have saved it.

An image of 16 x 16, two convolutions with a pooling between, flattened, two classes. The files need neither Keras nor
TensorFlow to be made, so they cost nothing, and each field is where that version of Keras puts it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Json = Any
Weights = Mapping[str, Sequence[tuple[str, NDArray[Any]]]]
"""For each layer its arrays, with the names they have in the file."""

SIDE, COLOURS, FIRST, SECOND, CLASSES = 16, 3, 4, 6, 2
FLAT = (SIDE // 2) ** 2 * SECOND


def random_arrays() -> dict[str, NDArray[np.float32]]:
    """The network's weights, channels last: the same in every file."""
    random = np.random.default_rng(7)

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 0.2, shape).astype(np.float32)

    return {
        "first/kernel": normal(3, 3, COLOURS, FIRST),
        "first/bias": normal(FIRST),
        "second/kernel": normal(3, 3, FIRST, SECOND),
        "second/bias": normal(SECOND),
        "classes/kernel": normal(FLAT, CLASSES),
        "classes/bias": normal(CLASSES),
    }


def weights_of(names: tuple[str, str, str], style: str = "{layer}/{kind}:0", kernel: str = "kernel") -> Weights:
    """The arrays of the three layers that have any, under a version's names."""
    arrays = random_arrays()
    kinds = {"kernel": kernel, "bias": "bias" if kernel == "kernel" else "b"}
    return {
        name: [(style.format(layer=name, kind=kinds[kind]), arrays[f"{role}/{kind}"]) for kind in ("kernel", "bias")]
        for role, name in zip(("first", "second", "classes"), names, strict=True)
    }


def with_nan(path: Path, layer: str, channel: int) -> Path:
    """A whole-model HDF5 file in which one weight of one filter of a convolution is no number."""
    weights = dict(weights_of(("conv2d_1", "conv2d_2", "dense_1")))
    (name, kernel), bias = weights[layer]
    kernel = kernel.copy()
    kernel[0, 0, 0, channel] = np.nan
    weights[layer] = [(name, kernel), bias]
    return write_h5(path, {"class_name": "Sequential", "config": keras_2_layers()}, weights)


def write_h5(
    path: Path,
    config: Json,
    weights: Weights,
    *,
    version: str = "2.10.0",
    backend: str = "tensorflow",
    layer_names: Sequence[str] | None = None,
    **storage: Any,
) -> Path:
    """A whole-model HDF5 file.

    Args:
        path: of the file.
        config: the architecture; ``None`` writes weights only, at the root, as ``save_weights`` does.
        weights: of the layers that have any.
        version: of Keras.
        backend: of Keras.
        layer_names: all layers; those with weights by default.
        storage: how the arrays are stored, as ``h5py.Group.create_dataset`` takes it.
    """
    with h5py.File(path, "w") as file:
        group = file if config is None else file.create_group("model_weights")
        for holder in {file.name: file, group.name: group}.values():
            holder.attrs["keras_version"] = version.encode()
            holder.attrs["backend"] = backend.encode()
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
        names = layer_names or list(weights)
        group.attrs["layer_names"] = [name.encode() for name in names]
        for name in names:
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [weight.encode() for weight, _ in weights.get(name, [])]
            for weight, array in weights.get(name, []):
                layer.create_dataset(weight, data=array, **storage)
    return path


def write_keras(path: Path, config: Json, weights: Mapping[str, NDArray[Any]], *, version: str = "3.5.0") -> Path:
    """A ``.keras`` archive: ``config.json``, ``metadata.json``, ``model.weights.h5``.

    Args:
        path: of the file.
        config: the architecture.
        weights: arrays under their paths in the weights file.
        version: of Keras.
    """
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, array in weights.items():
            file.create_dataset(name, data=array)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2024-01-01@00:00:00"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


def layer(class_name: str, name: str, **config: Json) -> dict[str, Json]:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def input_layer(name: str, **config: Json) -> dict[str, Json]:
    return {"class_name": "InputLayer", "config": {"name": name, "dtype": "float32", "sparse": False, **config}}


def keras_1_layers(ordering: str) -> list[dict[str, Json]]:
    sides = [SIDE, SIDE, COLOURS] if ordering == "tf" else [COLOURS, SIDE, SIDE]
    convolution: dict[str, Json] = {
        "nb_row": 3,
        "nb_col": 3,
        "border_mode": "same",
        "subsample": [1, 1],
        "dim_ordering": ordering,
        "activation": "relu",
        "init": "glorot_uniform",
        "bias": True,
        "W_regularizer": None,
    }
    return [
        layer("Convolution2D", "convolution2d_1", nb_filter=FIRST, batch_input_shape=[None, *sides], **convolution),
        layer(
            "MaxPooling2D",
            "maxpooling2d_1",
            pool_size=[2, 2],
            strides=[2, 2],
            border_mode="valid",
            dim_ordering=ordering,
        ),
        layer("Convolution2D", "convolution2d_2", nb_filter=SECOND, **convolution),
        layer("Flatten", "flatten_1"),
        layer("Dropout", "dropout_1", p=0.5),
        layer("Dense", "dense_1", output_dim=CLASSES, activation="softmax", init="glorot_uniform", bias=True),
    ]


def keras_2_layers(names: Sequence[str] = ("conv2d_1", "max_pooling2d_1", "conv2d_2", "flatten_1", "dense_1")) -> Json:
    convolution: dict[str, Json] = {
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "same",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg"}},
        "kernel_regularizer": None,
    }
    first, pooling, second, flatten, classes = names
    return [
        layer(
            "Conv2D",
            first,
            batch_input_shape=[None, SIDE, SIDE, COLOURS],
            dtype="float32",
            filters=FIRST,
            **convolution,
        ),
        layer("MaxPooling2D", pooling, pool_size=[2, 2], strides=[2, 2], padding="valid", data_format="channels_last"),
        layer("Conv2D", second, filters=SECOND, **convolution),
        layer("Flatten", flatten, data_format="channels_last"),
        layer("Dense", classes, units=CLASSES, activation="softmax", use_bias=True),
    ]


def keras_3_layers() -> list[dict[str, Json]]:
    dtype = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    layers = keras_2_layers(("conv2d", "max_pooling2d", "conv2d_1", "flatten", "dense"))
    shape = [None, SIDE, SIDE, COLOURS]
    del layers[0]["config"]["batch_input_shape"]
    layers.insert(0, input_layer("input", batch_shape=shape))
    for item in layers:
        item.update(module="keras.layers", registered_name=None)
        item["config"]["dtype"] = "float32" if item["class_name"] == "InputLayer" else dtype
    return layers


def functional(layers: Sequence[dict[str, Json]], call: Callable[[str, Json], Json], name: str) -> dict[str, Json]:
    """The layers one after the other, as a graph; ``call`` writes a call on the layer of that name."""
    graph = []
    for before, item in zip([None, *layers], layers, strict=False):
        nodes = [] if before is None else call(before["config"]["name"], before)
        graph.append({**item, "name": item["config"]["name"], "inbound_nodes": nodes})
    ends = {"input_layers": [[graph[0]["name"], 0, 0]], "output_layers": [[graph[-1]["name"], 0, 0]]}
    return {"name": name, "layers": graph, **ends}


def keras_2_call(name: str, _: Json) -> Json:
    return [[[name, 0, 0, {}]]]


def keras_3_call(name: str, _: Json) -> Json:
    shape = {"shape": [None, SIDE, SIDE, COLOURS], "dtype": "float32", "keras_history": [name, 0, 0]}
    return [{"args": [{"class_name": "__keras_tensor__", "config": shape}], "kwargs": {}}]


def keras_1_2(path: Path) -> Path:
    weights = weights_of(("convolution2d_1", "convolution2d_2", "dense_1"), "{layer}_{kind}", "W")
    config = {"class_name": "Sequential", "config": keras_1_layers("tf")}
    names = [item["config"]["name"] for item in keras_1_layers("tf")]
    return write_h5(path, config, weights, version="1.2.2", layer_names=names)


def keras_1_theano(path: Path) -> Path:
    weights = weights_of(("convolution2d_1", "convolution2d_2", "dense_1"), "{layer}_{kind}", "W")
    stored = {
        name: [
            (weight, np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array)
            for weight, array in arrays
        ]
        for name, arrays in weights.items()
    }
    config = {"class_name": "Sequential", "config": keras_1_layers("th")}
    return write_h5(path, config, stored, version="1.1.0", backend="theano")


def keras_2_1(path: Path) -> Path:
    config = {"class_name": "Sequential", "config": keras_2_layers()}
    return write_h5(path, config, weights_of(("conv2d_1", "conv2d_2", "dense_1")), version="2.1.6")


def keras_2_4_functional(path: Path) -> Path:
    layers = keras_2_layers()
    shape = layers[0]["config"].pop("batch_input_shape")
    layers.insert(0, input_layer("input_1", batch_input_shape=shape))
    layers.insert(2, layer("BatchNormalization", "batch_normalization_1", axis=[3], epsilon=1e-3, momentum=0.99))
    weights = dict(weights_of(("conv2d_1", "conv2d_2", "dense_1"), "{layer}/{kind}:0"))
    ones = np.ones(FIRST, np.float32)
    kinds = ("gamma", "beta", "moving_mean", "moving_variance")
    weights["batch_normalization_1"] = [(f"batch_normalization_1/{kind}:0", ones) for kind in kinds]
    config = {"class_name": "Functional", "config": functional(layers, keras_2_call, "model")}
    return write_h5(path, config, weights, version="2.4.0", layer_names=[item["config"]["name"] for item in layers])


def keras_2_7_nested(path: Path) -> Path:
    """A convolutional base in a Sequential, as transfer learning and Teachable Machine make it."""
    layers = keras_2_layers()
    shape = layers[0]["config"].pop("batch_input_shape")
    base = functional([input_layer("input_1", batch_input_shape=shape), *layers[:3]], keras_2_call, "base")
    config = {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": [{"class_name": "Functional", "config": base}, *layers[3:]]},
    }
    flat = weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    weights = {"base": [*flat["conv2d_1"], *flat["conv2d_2"]], "dense_1": flat["dense_1"]}
    return write_h5(path, config, weights, version="2.7.0", layer_names=["base", "flatten_1", "dense_1"])


def keras_2_12_mixed(path: Path) -> Path:
    """Mixed precision, arrays compressed by someone who had little room."""
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": keras_2_layers()}}
    for item in config["config"]["layers"]:  # type: ignore[index]
        item["config"]["dtype"] = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    weights = weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    return write_h5(path, config, weights, version="2.12.0", chunks=True, compression="gzip", shuffle=True)


def keras_2_weights_only(path: Path) -> Path:
    return write_h5(path, None, weights_of(("conv2d_1", "conv2d_2", "dense_1")), version="2.8.0")


def tf_keras_2_13(path: Path) -> Path:
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": [{"module": "keras.layers", **item} for item in keras_2_layers()]},
        "registered_name": None,
    }
    return write_keras(path, config, stored_by_index("_layer_checkpoint_dependencies"), version="2.13.1")


def keras_3_h5(path: Path) -> Path:
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": keras_3_layers(), "build_input_shape": [None, SIDE, SIDE, COLOURS]},
        "registered_name": None,
    }
    weights = weights_of(("conv2d", "conv2d_1", "dense"), "sequential/{layer}/{kind}")
    return write_h5(path, config, weights, version="3.4.1")


def keras_3_functional(path: Path) -> Path:
    graph = functional(keras_3_layers(), keras_3_call, "functional")
    config = {"module": "keras.src.models.functional", "class_name": "Functional", "config": graph}
    return write_keras(path, config, stored_by_index("layers"), version="3.6.0")


def stored_by_index(root: str) -> dict[str, NDArray[np.float32]]:
    """The arrays where ``.keras`` archives keep them: by class and count, not by the layer's name."""
    arrays = random_arrays()
    return {
        f"{root}/{folder}/vars/{number}": arrays[f"{role}/{kind}"]
        for role, folder in (("first", "conv2d"), ("second", "conv2d_1"), ("classes", "dense"))
        for number, kind in enumerate(("kernel", "bias"))
    }


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "keras_1_2.h5": keras_1_2,
    "keras_1_theano.h5": keras_1_theano,
    "keras_2_1.h5": keras_2_1,
    "keras_2_4_functional.h5": keras_2_4_functional,
    "keras_2_7_nested.h5": keras_2_7_nested,
    "keras_2_12_mixed.h5": keras_2_12_mixed,
    "keras_2_weights_only.h5": keras_2_weights_only,
    "tf_keras_2_13.keras": tf_keras_2_13,
    "keras_3.h5": keras_3_h5,
    "keras_3_functional.keras": keras_3_functional,
}
"""File name -> who writes it."""

WITHOUT_ARCHITECTURE = frozenset({"keras_2_weights_only.h5"})


def write_all(folder: Path) -> list[Path]:
    """All of them, in one folder."""
    return [write(folder / name) for name, write in FAMILIES.items()]
