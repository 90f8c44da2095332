"""Networks and their layers in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.analysis.layer_matching import convolutions
from filterviz.service.model import VGG16, Model
from filterviz.spec import LayerSpec, ModelSpec
from filterviz.spec.names import plain
from filterviz.ui.i18n import _, ngettext
from filterviz.ui.text import quantities

VGG16_NAME = "VGG16"


def model_line(model: Model) -> str:
    """One line about a model, for a person.

    ``cats_and_dogs.h5 · 4 conv layers · 352 filters · 150x150x3 · Keras 2.1.6``
    """
    layers = convolutions(model.spec)
    parts = [plain(model.name)]
    if layers:
        parts.append(ngettext("{number} conv layer", "{number} conv layers", len(layers)).format(number=len(layers)))
        parts.append(quantities.filters(sum(layer.channels or 0 for layer in layers)))
    if model.spec.input_shape is not None:
        parts.append(quantities.image_size(model.spec.input_shape[1:]))
    if model.spec.keras_version:
        parts.append(f"Keras {plain(model.spec.keras_version, 16)}")
    return " · ".join(parts)


def model_sentence(spec: ModelSpec) -> str:
    """What a network is, to somebody who has never heard of a layer."""
    shape = spec.input_shape
    sides, channels = (None, None) if shape is None or len(shape) != 4 else (shape[1:3], shape[3])
    kind = {1: _("grey images"), 3: _("colour images")}.get(channels or 0, _("images"))
    if sides is not None and None not in sides:
        seen = _("It looks at {kind} of {width} x {height} pixels").format(kind=kind, width=sides[1], height=sides[0])
    else:
        seen = _("It looks at {kind} of any size").format(kind=kind)
    fields = [layer.receptive_field for layer in convolutions(spec) if layer.receptive_field]
    if not fields:
        return _("{sentence}.").format(sentence=seen)
    if max(fields) == min(fields):
        sees = _("each of its filters sees {most} pixels across").format(most=max(fields))
    else:
        sees = _("its first filters see {least} pixels across, its deepest {most}").format(
            least=min(fields), most=max(fields)
        )
    return _("{one}; {other}.").format(one=seen, other=sees)


def short_names(names: Sequence[str]) -> list[str]:
    """Names of layers without the folders that all of them lie in; a single one keeps its last part.

    Example:
        >>> short_names(["model/features/conv1", "model/features/block/conv2"])
        ['conv1', 'block/conv2']
        >>> short_names(["conv2d", "conv2d_1"])
        ['conv2d', 'conv2d_1']
    """
    parts = [name.split("/") for name in names]
    shared = 0
    while all(len(one) > shared + 1 and one[shared] == parts[0][shared] for one in parts):
        shared += 1
    return ["/".join(one[shared:]) for one in parts]


def layer_option(layer: LayerSpec) -> str:
    """A layer in a list to choose from."""
    return f"{plain(layer.name, 40)} · {quantities.filters(layer.channels or 0)}"


def reference_option(layer: LayerSpec) -> str:
    """A layer of the other network in a list to choose from."""
    return f"{plain(layer.name, 40)} · {_filters_and_field(layer)}"


def layer_line(layer: LayerSpec) -> str:
    """What a layer is: how many filters it has, and how far they see."""
    line = _filters_and_field(layer)
    return _("{line}; a gate over the whole image weighs its channels").format(line=line) if layer.gated else line


def seen(layer: LayerSpec) -> str:
    """A layer's receptive field as a cell of a table; empty where it is the whole image or undefined."""
    if not layer.receptive_field:
        return ""
    pixels = f"{layer.receptive_field} px"
    return _("{pixels}, gated").format(pixels=pixels) if layer.gated else pixels


def _filters_and_field(layer: LayerSpec) -> str:
    count = quantities.filters(layer.channels or 0)
    if layer.receptive_field is None:
        return _("{filters} · sees the whole image").format(filters=count)
    return _("{filters} · sees {pixels} pixels across").format(filters=count, pixels=layer.receptive_field)


def side(model: Model) -> str:
    """What to call one side of a comparison."""
    if model.load_options.untrained is not None:
        return _("untrained")
    if model.architecture == VGG16 and model.name == VGG16_NAME:
        return VGG16_NAME
    return plain(model.name, 40)


def others() -> dict[str, str]:
    """What every network can be compared with, by its value in the address."""
    return {"": VGG16_NAME, "untrained": _("the same network, untrained")}
