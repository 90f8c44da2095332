from __future__ import annotations

from typing import Any

import keras
import pytest

from filterviz.layers.activations import ACTIVATIONS, MIXING, activation, activation_name, mixes_channels
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.older_names import OWN_HARD_SIGMOID
from tests.layers.against_keras import agrees, read

PRELU = {"class_name": "PReLU", "config": {"name": "p", "shared_axes": [1, 2]}}

IN_PLACE = {"kind": "PReLU", "params": {}}


def of(value: Any) -> Any:
    return activation(ConfigValues("layer", {"activation": value}))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS - {OWN_HARD_SIGMOID}))
def test_every_name_is_a_function_of_keras(name: str) -> None:
    assert callable(keras.activations.get(name))
    assert of(name) == name


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (None, "linear"),
        ("swish", "silu"),
        ({"class_name": "function", "config": "relu"}, "relu"),
        ({"class_name": "ReLU", "config": {"name": "re_lu"}}, "relu"),
        ({"class_name": "Activation", "config": {"activation": "tanh"}}, "tanh"),
        (
            {"class_name": "LeakyReLU", "config": {"negative_slope": 0.2}},
            {"kind": "LeakyReLU", "params": {"negative_slope": 0.2}},
        ),
        (PRELU, {"kind": "PReLU", "params": {"shared_axes": [1, 2]}}),
    ],
)
def test_every_form_in_which_files_write_one(stated: Any, expected: Any) -> None:
    assert of(stated) == expected


@pytest.mark.parametrize(
    "stated",
    [
        "of_my_own",
        7,
        {"class_name": "LeakyReLU", "registered_name": "Own>LeakyReLU", "config": {}},
        {"class_name": "ReLU", "config": {"name": "r", "of_tomorrow": 1}},
    ],
)
def test_what_keras_does_not_have_cuts_the_network(stated: Any) -> None:
    with pytest.raises(Unsupported):
        of(stated)


def test_a_layer_in_place_of_a_name_where_a_name_is_needed() -> None:
    with pytest.raises(Unsupported):
        activation_name(ConfigValues("layer", {"activation": PRELU}))


@pytest.mark.parametrize(
    "stated", [*sorted(MIXING), {"kind": "Softmax", "params": {}}, {"kind": "PReLU", "params": {}}]
)
def test_activations_that_need_all_channels(stated: Any) -> None:
    assert mixes_channels(stated)
    assert not mixes_channels("relu")
    assert not mixes_channels(None)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Activation("tanh"),
        keras.layers.ReLU(6.0),
        keras.layers.LeakyReLU(),
        keras.layers.ELU(),
        keras.layers.PReLU(),
        keras.layers.PReLU(shared_axes=[1, 2]),
        keras.layers.Softmax(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_as_layers(layer: keras.layers.Layer) -> None:
    agrees(layer, (None, 5, 6, 3))


@pytest.mark.parametrize(
    ("layer", "plain"),
    [(keras.layers.ReLU(), True), (keras.layers.ReLU(6.0), False), (keras.layers.ReLU(negative_slope=0.1), False)],
)
def test_only_a_plain_relu_rectifies(layer: keras.layers.Layer, plain: bool) -> None:
    kind, params = read(layer)
    assert kind.rectifies(params) is plain
