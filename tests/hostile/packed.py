"""Quantised, adapted, wrapped and shared layers whose arrays or marks are not what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.arrays import KERNEL, altered, instead_of_kernel
from tests.hostile.table import hostile
from tests.keras_files import SIDE, layer

Json = Any


def archive(path: Path, classifier: dict[str, NDArray[Any]], **config: Json) -> None:
    """A convolution and a Dense layer that is quantised to int4, in blocks of inputs."""
    layers = [
        keras_files.input_layer("input", batch_shape=[None, SIDE, SIDE, 3]),
        layer("Conv2D", "conv2d", filters=4, kernel_size=[3, 3], padding="same"),
        layer("GlobalAveragePooling2D", "pooled"),
        layer("Dense", "dense", units=2, dtype={"class_name": "Int4DTypePolicy", "config": {"mode": "int4/2"}}),
    ]
    layers[-1]["config"].update(config)
    weights = {
        "layers/conv2d/vars/0": np.zeros((3, 3, 3, 4), np.float32),
        "layers/conv2d/vars/1": np.zeros(4, np.float32),
        **{f"layers/dense/vars/{number}": array for number, array in enumerate(classifier.values())},
    }
    keras_files.write_keras(path, {"class_name": "Sequential", "config": {"layers": layers}}, weights)


def int4(**changes: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {
        "kernel": np.zeros((4, 1), np.int8),
        "bias": np.zeros(2, np.float32),
        "scale": np.ones((2, 2), np.float32),
        "zero": np.zeros((2, 2), np.int8),
        "groups": np.array([0, 0, 1, 1], np.float32),
        **changes,
    }


@hostile("block_out_of_range.keras", None, on_reading=RefusalCode.MISMATCHED_WEIGHTS)
def block_out_of_range(path: Path) -> None:
    """Inputs of a quantised layer that belong to blocks far outside of its scales."""
    archive(path, int4(groups=np.array([0, -7, 1e9, np.nan], np.float32)))


@hostile("quantised_shapes.keras", None)
def quantised_shapes(path: Path) -> None:
    """A quantised layer whose scales are of another layer; the convolution before it can still be shown."""
    archive(path, int4(scale=np.ones((9, 9, 9), np.float32)))


@hostile("quantised_scalars.keras", None)
def quantised_scalars(path: Path) -> None:
    """A quantised layer whose arrays have no axes at all."""
    archive(path, {name: np.zeros((), np.float32) for name in int4()})


@hostile("rounding.keras", None)
def rounding(path: Path) -> None:
    """A quantised layer that rounds its inputs by a rule of the file's own."""
    quantizer = {"module": "os", "class_name": "system", "config": {"command": "touch touched"}}
    settings = {"activation_quantizer": quantizer, "block_size": 2}
    archive(path, int4(), quantization_config={"class_name": "Int4QuantizationConfig", "config": settings})


@hostile("lora_rank.h5", None)
def lora_rank(path: Path) -> None:
    """A layer that says that it was adapted, with a rank beyond all bounds and no matrices."""
    layers = keras_files.keras_2_layers()
    layers[2]["config"].update(lora_rank=2**62, lora_alpha=1e308)
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    keras_files.write_h5(path, config, keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1")))


@hostile("opaque.h5", RefusalCode.MISMATCHED_WEIGHTS)
def opaque(path: Path) -> None:
    """Bytes without a meaning, three for each weight."""
    instead_of_kernel(path, data=np.zeros((3, 3, 3, 4), "V3"))


@hostile("opaque_lies.h5", RefusalCode.MISMATCHED_WEIGHTS)
def opaque_lies(path: Path) -> None:
    """Two bytes for each weight, called a number of one byte."""

    def alter(file: Any) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.zeros((3, 3, 3, 4), "V2")).attrs["dtype"] = "float8_e5m2"

    altered(path, alter)


@hostile("shared_marks.keras", RefusalCode.MISMATCHED_WEIGHTS)
def shared_marks(path: Path) -> None:
    """Layers that all claim to be one and the same, and are not."""
    layers = keras_files.keras_3_layers()
    for item in layers:
        item["shared_object_id"] = 1
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    keras_files.write_keras(path, config, keras_files.stored_by_index("layers"))


@hostile("wrapped_wrappers.h5", RefusalCode.TOO_DEEP)
def wrapped_wrappers(path: Path) -> None:
    """A wrapper around a wrapper around a wrapper, hundreds of them."""
    inner = keras_files.keras_2_layers()[0]
    for number in range(400):
        inner = layer("SpectralNormalization", f"sn_{number}", layer=inner, power_iterations=1)
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [inner]}}
    keras_files.write_h5(path, config, keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1")))
