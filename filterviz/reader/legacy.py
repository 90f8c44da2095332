"""What older files call things: class names and arguments of Keras 1, aliases, and what has changed its meaning.

Keras 1 (2015-2017) named arguments after Theano's; Keras 2 kept the meaning and changed every name. The tables follow
``keras/legacy/interfaces.py`` of Keras 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]

CLASSES: Mapping[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "LSTMV2": "LSTM",
    "GRUV2": "GRU",
    "Deconv2D": "Conv2DTranspose",
    "ThresholdedReLU": "ReLU",
    "Model": "Functional",
}

ARGUMENTS: Mapping[str, str] = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample": "strides",
    "subsample_length": "strides",
    "border_mode": "padding",
    "bias": "use_bias",
    "atrous_rate": "dilation_rate",
    "pool_length": "pool_size",
    "stride": "strides",
    "length": "size",
    "inner_activation": "recurrent_activation",
}

MERGES: Mapping[str, str] = {
    "sum": "Add",
    "mul": "Multiply",
    "concat": "Concatenate",
    "ave": "Average",
    "max": "Maximum",
}

ORDERINGS: Mapping[str, str] = {"th": "channels_first", "tf": "channels_last"}

KEPT_BY_NAME = frozenset(
    {"ReflectionPadding2D", "FixedDropout", "InstanceNormalization", "LayerScale", "StochasticDepth"}
)
"""Layers of other packages that are known by their name alone, whichever package registered them."""

KERAS = ("keras", "tf_keras", "keras_core", "tensorflow", "builtins")
"""The packages that Keras's own classes are from."""


def class_of(data: Mapping[str, Any]) -> str:
    """The class of a layer as a file of any version names it; one that is not Keras's own never gets a name of Keras's.

    Keras 3 and the later tf.keras write where a class comes from: a layer of somebody's own may well be called Conv2D.

    Example:
        >>> class_of({"class_name": "Conv2D", "module": "keras.layers", "registered_name": None})
        'Conv2D'
        >>> class_of({"class_name": "Conv2D", "module": None, "registered_name": "Own>Conv2D"})
        'Own>Conv2D'
        >>> class_of({"class_name": "Conv2D", "module": "own.layers", "registered_name": "Conv2D"})
        'own.layers>Conv2D'
    """
    name, module, registered = str(data["class_name"]), data.get("module"), data.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        name = registered
    elif isinstance(registered, str) and isinstance(module, str) and module.split(".")[0] not in KERAS:
        name = f"{module}>{name}"
    elif isinstance(registered, str) and "module" in data and module is None:
        name = f"Custom>{name}"
    plain = name.rpartition(">")[2]
    return plain if plain in KEPT_BY_NAME else name


OWN_HARD_SIGMOID = "hard_sigmoid_2"
"""What Keras 1 and 2 call ``hard_sigmoid``: ``clip(0.2 x + 0.5, 0, 1)``. In Keras 3 the slope is a sixth."""


def modernise(class_name: str, config: Config, keras_3: bool) -> tuple[str, Config]:
    """A layer's class and configuration in the words of Keras 2 and later.

    Args:
        class_name: as the file has it.
        config: likewise.
        keras_3: whether Keras 3 wrote it.

    Example:
        >>> modernise("Convolution2D", {"nb_filter": 8, "nb_row": 3, "nb_col": 5, "dim_ordering": "tf"}, keras_3=False)
        ('Conv2D', {'data_format': 'channels_last', 'filters': 8, 'kernel_size': [3, 5]})
    """
    config = dict(config)
    name = CLASSES.get(class_name, class_name)
    if class_name == "Merge":
        name = MERGES.get(str(config.get("mode")), class_name)
        if "concat_axis" in config:
            config["axis"] = config.pop("concat_axis")
    if "dim_ordering" in config:
        ordering = config.pop("dim_ordering")
        config["data_format"] = ORDERINGS.get(ordering) if isinstance(ordering, str) else None
    for old, new in ARGUMENTS.items():
        if old in config and new not in config:
            config[new] = config.pop(old)
    if "output_dim" in config and name != "Embedding" and "units" not in config:
        config["units"] = config.pop("output_dim")
    sides = [config.pop(side) for side in ("nb_row", "nb_col") if side in config]
    sides += [config.pop(side) for side in ("kernel_dim1", "kernel_dim2", "kernel_dim3") if side in config]
    if sides and "kernel_size" not in config:
        config["kernel_size"] = sides
    if not keras_3:
        for key in ("activation", "recurrent_activation"):
            if config.get(key) == "hard_sigmoid":
                config[key] = OWN_HARD_SIGMOID
        if name == "RandomCrop":  # after training it makes the whole picture smaller; in Keras 3 it does nothing
            config = {key: config.get(key) for key in ("height", "width", "dtype")}
            name, config["crop_to_aspect_ratio"] = "Resizing", True
    return name, config
