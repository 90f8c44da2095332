"""No setting of a layer is ignored because nobody looked at it.

Every argument that a constructor of Keras 3 or tf.keras takes is read, or is known to change nothing after training, or
cuts the network at its layer with a reason that names it. And every layer of either is supported, does nothing after
training, or is declared unsupported: the next release's new argument or layer fails here.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import keras
import pytest
import tf_keras

from filterviz.layers import ALIASES, KINDS, NOT_REBUILT, modernise
from filterviz.layers.activations import activation
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.kind import has_no_effect, nothing_is_ignored
from filterviz.layers.passing import CODE, NOTHING_AT_INFERENCE
from filterviz.reader.wrappers import WRAPPERS

OF_THE_BASES = {
    *("self", "args", "kwargs", "rank", "conv_op", "pool_function", "pool_mode", "pool_dimensions", "cell", "layer"),
    *("backward_layer",),
}
"""Arguments of constructors that no file holds, or that are a layer themselves."""

BASE = ("Layer", "Operation", "Module", "object")

LEAST: dict[str, Any] = {
    "filters": 4,
    "kernel_size": 3,
    "units": 3,
    "height": 8,
    "width": 8,
    "n": 2,
    "dims": [2, 1],
    "target_shape": [4],
    "input_dim": 5,
    "output_dim": 4,
    "scale": 0.5,
    "output_size": 2,
    "activation": "relu",
    "pool_size": 2,
}
"""Arguments that a constructor requires, by name."""


def classes(module: ModuleType) -> Iterator[tuple[str, type]]:
    for name in sorted(dir(module.layers)):
        found = getattr(module.layers, name)
        if inspect.isclass(found) and issubclass(found, module.layers.Layer) and name == found.__name__:
            yield name, found


def arguments(of: type) -> dict[str, Any]:
    """Return the arguments of a constructor with their defaults, with those of bases that it passes others on to."""
    found: dict[str, Any] = {}
    for base in of.__mro__:
        if base.__name__ in BASE:
            break
        if "__init__" not in vars(base):
            continue
        signature = inspect.signature(base.__init__)
        for name, parameter in signature.parameters.items():
            if name not in OF_THE_BASES:
                found.setdefault(name, None if parameter.default is inspect.Parameter.empty else parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            break
    return found


BOTH = [(module, name, of) for module in (keras, tf_keras) for name, of in classes(module)]
KNOWN = [item for item in BOTH if modernise(item[1], {}, keras_3=True)[0] in KINDS]


def written(module: ModuleType, of: type) -> dict[str, Any]:
    """Return the settings of a layer as a file has them, and its constructor's other arguments with their defaults."""
    taken = arguments(of)
    if of.__name__ == "Bidirectional":
        layer = of(module.layers.LSTM(3))
    else:
        layer = of(**{name: LEAST[name] for name in inspect.signature(of.__init__).parameters if wants(of, name)})
    config = json.loads(json.dumps({**taken, **layer.get_config()}, default=float))
    if of.__name__ == "Bidirectional":
        config = {**config.pop("layer")["config"], "cell": "LSTM", **{key: config[key] for key in ("merge_mode",)}}
    return config


def wants(of: type, name: str) -> bool:
    parameter = inspect.signature(of.__init__).parameters[name]
    return parameter.default is parameter.empty and name in LEAST


@pytest.mark.parametrize(("module", "name", "of"), BOTH, ids=lambda item: getattr(item, "__name__", str(item)))
def test_every_layer_of_keras_is_in_one_of_the_lists(module: ModuleType, name: str, of: type) -> None:
    modern = ALIASES.get(name, name)
    lists = [modern in KINDS, modern in NOTHING_AT_INFERENCE, modern in CODE, name in NOT_REBUILT]
    lists.append(name in WRAPPERS)
    assert sum(lists) == 1 or (name == "Identity" and lists[:2] == [True, True]), (
        f"{module.__name__} has a layer {name} ({of.__module__}) that nobody has looked at"
    )


@pytest.mark.parametrize(("module", "name", "of"), KNOWN, ids=lambda item: getattr(item, "__name__", str(item)))
def test_every_argument_is_read_or_has_no_effect(module: ModuleType, name: str, of: type) -> None:
    kind, config = modernise(name, written(module, of), keras_3=module is keras)
    values = ConfigValues(name, config)
    values.raw("dtype")
    KINDS[kind].read(values)
    ignored = [key for key in values.unread(()) if not has_no_effect(KINDS[kind], key)]
    assert not ignored, f"{module.__name__}'s {name} takes {ignored}, and nobody has looked at that"


@pytest.mark.parametrize(("module", "name", "of"), KNOWN, ids=lambda item: getattr(item, "__name__", str(item)))
def test_an_argument_of_tomorrow_cuts_the_network(module: ModuleType, name: str, of: type) -> None:
    kind, config = modernise(name, written(module, of), keras_3=module is keras)
    values = ConfigValues(name, {**config, "of_tomorrow": [1, 2]})
    KINDS[kind].read(values)
    with pytest.raises(Unsupported) as cut:
        nothing_is_ignored(KINDS[kind], values)
    assert cut.value.reason == "its setting of_tomorrow = [1, 2] is not known here."


@pytest.mark.parametrize(
    "dtype", ["uint8", "int32", "bool", "string", {"class_name": "DTypePolicy", "config": {"name": "int32"}}]
)
def test_a_layer_that_computes_in_whole_numbers_cuts_the_network(dtype: Any) -> None:
    values = ConfigValues("r", {"name": "r", "dtype": dtype, "scale": 0.5})
    KINDS["Rescaling"].read(values)
    with pytest.raises(Unsupported, match="dtype"):
        nothing_is_ignored(KINDS["Rescaling"], values)


@pytest.mark.parametrize("named", [["ReLU"], {"class_name": "ReLU"}, 3, True, None])
def test_an_activation_without_a_name_cuts_the_network(named: Any) -> None:
    values = ConfigValues("a", {"activation": {"class_name": named, "config": {"name": "relu"}}})
    with pytest.raises(Unsupported, match="its activation"):
        activation(values)
