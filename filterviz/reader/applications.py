"""Networks of ``keras.applications`` that a file of bare weights can be opened as, recognised by names and shapes."""

from __future__ import annotations

from filterviz.reader.config import Layer, Model
from filterviz.reader.container import Container

VGG16_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""Convolutions and filters of each block: Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, column D."""


def recognise(container: Container) -> str | None:
    """The network whose layers' names and shapes the file's arrays have, or ``None``."""
    vgg16 = [layer for layer in model("vgg16").layers if layer.class_name == "Conv2D"]
    channels = 3
    for layer in vgg16:
        group = f"{container.root}/{layer.name}"
        names = container.weights.names(group, "weight_names")
        array = container.weights.array(f"{group}/{names[0]}") if names else None
        if array is None or array.shape != (3, 3, channels, layer.config["filters"]):
            return None
        channels = layer.config["filters"]
    return "vgg16"


def model(name: str) -> Model:
    """The description of a network, without its classifier.

    Raises:
        KeyError: there is none of that name.
    """
    return {"vgg16": _vgg16}[name]()


def _vgg16() -> Model:
    layers = [Layer("input_1", "InputLayer", {"batch_shape": [None, None, None, 3]})]
    for block, (count, filters) in enumerate(VGG16_BLOCKS, start=1):
        for number in range(1, count + 1):
            config = {"filters": filters, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}
            layers.append(Layer(f"block{block}_conv{number}", "Conv2D", config))
        layers.append(Layer(f"block{block}_pool", "MaxPooling2D", {"pool_size": [2, 2]}))
    return Model("vgg16", True, tuple(layers))
