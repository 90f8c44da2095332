"""Operations on tensors whose arguments are meant to hurt: each cuts the network there, or refuses the file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.table import hostile
from tests.keras_files import SIDE

Json = Any


def tensor(name: str, number: int = 0) -> Json:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, number]}}


def operated(path: Path, class_name: str, *arguments: Json, part: int = 0, **config: Json) -> None:
    """An image, an operation on it, a convolution of its result."""
    source = keras_files.input_layer("input", batch_shape=[None, SIDE, SIDE, 3])
    operation = {
        "module": "keras.src.ops.numpy",
        "class_name": class_name,
        "config": {"name": "o", **config},
        "name": "o",
        "inbound_nodes": [{"args": [tensor("input"), *arguments], "kwargs": {}}],
    }
    convolution = {**keras_files.keras_3_layers()[1], "name": "conv2d"}
    convolution["inbound_nodes"] = [{"args": [tensor("o", part)], "kwargs": {}}]
    layers = [{**source, "name": "input", "inbound_nodes": []}, operation, convolution]
    graph = {"name": "m", "layers": layers, "input_layers": [["input", 0, 0]], "output_layers": [["conv2d", 0, 0]]}
    config = {"module": "keras", "class_name": "Functional", "config": graph}
    keras_files.write_keras(path, config, keras_files.stored_by_index("layers"))


@hostile("constant.keras", RefusalCode.UNSUPPORTED_LAYER)
def constant_of_millions(path: Path) -> None:
    """An image to which an array of a million numbers is added."""
    operated(path, "Add", {"class_name": "__numpy__", "config": {"value": [[0] * 1_000] * 1_000, "dtype": "float32"}})


@hostile("deep_constant.keras", RefusalCode.TOO_DEEP)
def constant_of_many_axes(path: Path) -> None:
    """A constant in five thousand brackets."""
    operated(path, "Add", "DEEP")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    brackets = b"[" * 5_000 + b"1" + b"]" * 5_000
    members["config.json"] = members["config.json"].replace(b'"DEEP"', brackets)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@hostile("ragged_constant.keras", RefusalCode.UNSUPPORTED_LAYER)
def constant_without_a_shape(path: Path) -> None:
    """A constant whose rows are of different length, with text among them."""
    operated(path, "Multiply", [[1.0, 2.0, 3.0], [1.0], ["a"]])


@hostile("infinite_constant.keras", RefusalCode.UNSUPPORTED_LAYER)
def constant_without_an_end(path: Path) -> None:
    """An image times infinity."""
    operated(path, "Multiply", float("inf"))


@hostile("split.keras", RefusalCode.UNSUPPORTED_LAYER)
def split_into_millions(path: Path) -> None:
    """An image split into a hundred million tensors."""
    operated(path, "Split", indices_or_sections=100_000_000, axis=1)


@hostile("other_part.keras", RefusalCode.BAD_CONFIG)
def part_that_is_not_there(path: Path) -> None:
    """A convolution of the ninth of two tensors."""
    operated(path, "Split", part=9, indices_or_sections=2, axis=1)


@hostile("tile.keras", RefusalCode.UNSUPPORTED_LAYER)
def tiled_beyond_all_measure(path: Path) -> None:
    """An image repeated a hundred million times."""
    operated(path, "Tile", repeats=[1, 100_000_000, 1, 1])


@hostile("padded.keras", RefusalCode.TOO_LARGE)
def padded_beyond_memory(path: Path) -> None:
    """An image with edges that fill the memory."""
    operated(path, "Pad", pad_width=[[0, 0], [4096, 4096], [4096, 4096], [8, 8]], mode="constant")


@hostile("many_axes.keras", RefusalCode.UNSUPPORTED_LAYER)
def axes_without_end(path: Path) -> None:
    """An image with ten thousand new axes."""
    operated(path, "ExpandDims", axis=[*range(1, 10_001)])


@hostile("other_size.keras", RefusalCode.UNSUPPORTED_LAYER)
def steps_of_nothing(path: Path) -> None:
    """A slice with steps of nothing, from a place beyond all others."""
    sides = {"start": 2**60, "stop": None, "step": 0}
    operated(path, "GetItem", [{"class_name": "__slice__", "config": sides}])
