"""Where the channels are: networks that take channels first, permute, and look at channels last; and the reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from filterviz.engine.engine import Engine
from filterviz.engine.network import build
from filterviz.engine.whole_network import build_whole
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Pattern, Request
from tests.networks import randomise

L = keras.layers
HEIGHT, WIDTH = 14, 10
FIRST = {"data_format": "channels_first"}
Chain = Callable[[Any], Any]
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving


@contextmanager
def saved(inputs: Any, outputs: Any, folder: Path) -> Iterator[tuple[Any, OpenedModel]]:
    """A network with weights that are no initial ones, and what its file is opened as."""
    network = keras.Model(inputs, outputs)
    randomise(network)
    network.save(folder / "network.keras")
    with open_model(folder / "network.keras", Settings()) as model:
        yield network, model


def convolved(x: Any, **settings: Any) -> Any:
    return L.Conv2D(5, 3, activation="relu", name="it", **settings)(x)


TO_LAST: dict[str, Chain] = {
    "at once": lambda x: convolved(L.Permute((2, 3, 1))(x)),
    "scaled before": lambda x: convolved(L.Permute((2, 3, 1))(L.Rescaling(1 / 255)(x))),
    "scaled behind": lambda x: convolved(L.Rescaling(1 / 255)(L.Permute((2, 3, 1))(x))),
    "operations on the way": lambda x: convolved(L.Permute((2, 3, 1))(x / 127.5 - 1.0) * 2.0),
    "padded before": lambda x: convolved(L.Permute((2, 3, 1))(L.ZeroPadding2D(1, **FIRST)(x))),
    "dropped out": lambda x: convolved(L.Dropout(0.1)(L.Permute((2, 3, 1))(L.GaussianNoise(0.1)(x)))),
    "normalised before": lambda x: convolved(L.Permute((2, 3, 1))(L.BatchNormalization(axis=1)(x))),
    "there and back": lambda x: convolved(L.Permute((2, 3, 1))(L.Permute((3, 1, 2))(L.Permute((2, 3, 1))(x)))),
    "nested": lambda x: nested()(x),
    "pooled": lambda x: L.GlobalMaxPooling2D()(convolved(L.Permute((2, 3, 1))(x))),
    "back at the end": lambda x: L.Permute((3, 1, 2))(convolved(L.Permute((2, 3, 1))(x))),
    "both ways": lambda x: L.Add()([L.Conv2D(5, 3, name="too", **FIRST)(x), back(convolved(L.Permute((2, 3, 1))(x)))]),
}


def back(x: Any) -> Any:
    return L.Permute((3, 1, 2))(x)


def nested() -> Any:
    start = keras.Input((3, HEIGHT, WIDTH))
    return keras.Model(start, convolved(L.Permute((2, 3, 1))(start)), name="inner")


@pytest.mark.parametrize("name", list(TO_LAST))
def test_a_picture_that_comes_channels_first_is_painted_channels_last(name: str, tmp_path: Path) -> None:
    start = keras.Input((3, HEIGHT, WIDTH))
    with saved(start, TO_LAST[name](start), tmp_path) as (network, model):
        spec = model.spec
        layer = next(layer for layer in spec.layers if layer.name.endswith("it"))
        assert spec.input_shape == (None, HEIGHT, WIDTH, 3)
        assert spec.nodes[spec.inputs[0]].file_shape == (None, 3, HEIGHT, WIDTH)
        assert not spec.notes
        assert layer.receptive_field == 3
        assert build(model, layer.name).input_size is None  # tiles of any size

        request = Request(layer.name, (0, 4), RECIPES["natural"].with_(size=16, steps=2))
        patterns = [event for event in Engine(model, Settings()).run(request) if isinstance(event, Pattern)]
        assert [pattern.tile.shape for pattern in patterns] == [(16, 16, 3)] * 2

        picture = np.random.default_rng(1).random((2, 3, HEIGHT, WIDTH), np.float32)
        if name != "both ways" and "padded" not in name:  # TensorFlow on a processor convolves channels last alone
            (output,) = build_whole(model)([picture])
            np.testing.assert_allclose(output, network(picture, training=False), rtol=1e-4, atol=1e-5)


TO_FIRST: dict[str, Chain] = {
    "at once": lambda x: convolved(back(x), **FIRST),
    "scaled": lambda x: convolved(back(L.Rescaling(1 / 255)(x)), **FIRST),
    "normalised": lambda x: convolved(L.BatchNormalization(axis=1)(back(x)), **FIRST),
    "operations on the way": lambda x: convolved(back(x - 0.5) / 0.2, **FIRST),
}


@pytest.mark.parametrize("name", list(TO_FIRST))
def test_a_picture_that_comes_channels_last_stays_so(name: str, tmp_path: Path) -> None:
    start = keras.Input((HEIGHT, WIDTH, 3))
    with saved(start, TO_FIRST[name](start), tmp_path) as (network, model):
        spec = model.spec
        assert spec.input_shape == spec.nodes[spec.inputs[0]].file_shape == (None, HEIGHT, WIDTH, 3)
        assert spec.layer("it").receptive_field == 3
        assert build(model, "it").input_size is None
        picture = np.random.default_rng(1).random((2, HEIGHT, WIDTH, 3), np.float32)
        (output,) = build_whole(model)([picture])
        # The file's layer gives channels first, which TensorFlow can compute only the other way round.
        last = L.Conv2D(5, 3, activation="relu")
        last.build((None, HEIGHT, WIDTH, 3))
        last.set_weights(network.get_layer("it").get_weights())
        before = keras.Model(network.input, network.get_layer("it").input)(picture, training=False)
        expected = np.moveaxis(np.asarray(last(np.moveaxis(np.asarray(before), 1, -1))), -1, 1)
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_each_input_has_its_own_layout(tmp_path: Path) -> None:
    """One image channels first with a Permute, one channels last, and numbers that have no channels."""
    one, two, three = keras.Input((3, HEIGHT, WIDTH)), keras.Input((HEIGHT, WIDTH, 2)), keras.Input((4,))
    x = L.GlobalMaxPooling2D()(L.Conv2D(5, 3, name="one")(L.Permute((2, 3, 1))(one)))
    y = L.GlobalMaxPooling2D()(L.Conv2D(5, 3, name="two")(two))
    with saved([one, two, three], L.Concatenate()([x, y, three]), tmp_path) as (network, model):
        shapes = [model.spec.nodes[node].file_shape for node in model.spec.inputs]
        assert shapes == [(None, 3, HEIGHT, WIDTH), (None, HEIGHT, WIDTH, 2), (None, 4)]
        for name, channels in (("one", 3), ("two", 2)):
            assert build(model, name).input_channels == channels
        random = np.random.default_rng(1)
        inputs = [random.random((2, *(side or 1 for side in (shape or ())[1:])), np.float32) for shape in shapes]
        (output,) = build_whole(model)(inputs)
        np.testing.assert_allclose(output, network(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dims", [(2, 1, 3), (3, 2, 1), (1, 3, 2), (3, 1, 2), (1, 2, 3)])
def test_axes_that_are_turned_otherwise_are_turned(dims: tuple[int, ...], tmp_path: Path) -> None:
    """Also twice by one layer, also before layers that mind every axis."""
    start = keras.Input((8, 8, 8))
    turn = L.Permute(dims)
    x = turn(L.Conv2D(8, 1)(turn(start)))
    x = L.Dense(3)(L.PReLU()(x))
    flat = L.Concatenate()([L.Flatten()(x), L.Flatten()(turn(start))])
    with saved(start, [x, flat, turn(start)], tmp_path) as (network, model):
        picture = np.random.default_rng(1).random((2, 8, 8, 8), np.float32)
        for output, expected in zip(build_whole(model)([picture]), network(picture), strict=True):
            np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_a_sequence_is_turned_too(tmp_path: Path) -> None:
    start = keras.Input((6, 4))
    x = L.Conv1D(3, 2)(L.Permute((2, 1))(start))
    y = L.GRU(3)(L.Permute((2, 1))(start))
    picture = keras.Input((HEIGHT, WIDTH, 3))
    z = L.GlobalMaxPooling2D()(convolved(picture))
    with saved([start, picture], [x, y, L.Permute((2, 1))(start), z], tmp_path) as (network, model):
        random = np.random.default_rng(1)
        inputs = [random.random((2, 6, 4), np.float32), random.random((2, HEIGHT, WIDTH, 3), np.float32)]
        for output, expected in zip(build_whole(model)(inputs), network(inputs), strict=True):
            np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_a_layer_that_is_called_twice_keeps_its_axis(tmp_path: Path) -> None:
    """The axis of a normalisation is another here where the file has channels first; it is turned once."""
    start = keras.Input((4, HEIGHT, WIDTH))
    norm, joined = L.BatchNormalization(axis=1), L.Concatenate(axis=1)
    x = norm(norm(start))
    y = L.Permute((2, 3, 1))(joined([joined([x, start]), x]))
    with saved(start, [L.Conv2D(2, 3, name="it")(y), x, L.Softmax(axis=2)(x)], tmp_path) as (network, model):
        picture = np.random.default_rng(1).random((2, 4, HEIGHT, WIDTH), np.float32)
        for output, expected in zip(build_whole(model)([picture]), network(picture, training=False), strict=True):
            np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_an_activation_along_the_last_axis_is_not_taken_for_one_along_the_channels(tmp_path: Path) -> None:
    """In a file with channels first a softmax works along the width, as Keras's does."""
    start = keras.Input((4, HEIGHT, WIDTH))
    x = L.Activation("softmax")(L.BatchNormalization(axis=1)(start))
    y = L.Conv2D(2, 3, name="it")(L.Permute((2, 3, 1))(x))
    with saved(start, [x, y], tmp_path) as (network, model):
        picture = np.random.default_rng(1).random((2, 4, HEIGHT, WIDTH), np.float32)
        for output, expected in zip(build_whole(model)([picture]), network(picture, training=False), strict=True):
            np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    start = keras.Input((4, HEIGHT, WIDTH))
    x = L.Conv2D(4, 3, name="it", **FIRST)(start)
    with saved(start, L.Conv2D(4, 3, name="mixing", activation="softmax", **FIRST)(x), tmp_path) as (_, model):
        assert model.spec.layer("it").visualisable
        reason = "its activation works along the last axis, which is not that of its channels"
        assert reason in (model.spec.layer("mixing").reason or "")
        assert reason in (model.spec.declared_outputs[0].reason or "")


def test_the_real_case(shared: Path) -> None:
    path = shared / "models" / "cases" / "files" / "cf_mixed.keras"
    if not path.is_file():
        pytest.skip("the case is not there")
    with open_model(path, Settings()) as model, np.load(path.with_suffix(".npz")) as known:
        assert model.spec.input_shape == (None, 32, 32, 3)
        (output,) = build_whole(model)([known["i0"]])
        np.testing.assert_allclose(output, known["o0"], atol=1e-6)
        made = Engine(model, Settings()).run(Request("b", (0,), RECIPES["natural"].with_(size=16, steps=2)))
        assert [event.tile.shape for event in made if isinstance(event, Pattern)] == [(16, 16, 3)]


@pytest.mark.parametrize("width", [WIDTH, 3], ids=["a number for each column", "columns and channels alike"])
def test_numbers_that_are_not_plainly_for_the_channels_cut_the_network(width: int, tmp_path: Path) -> None:
    """A list in a Rescaling goes along the last axis, unless Keras was set to channels first; the file does not say."""
    start = keras.Input((3, HEIGHT, width))
    scaled = L.Rescaling([0.5 + at for at in range(width)], name="scaled")(L.Conv2D(3, 1, name="first", **FIRST)(start))
    with saved(start, L.Conv2D(2, 1, name="behind", **FIRST)(scaled), tmp_path) as (_, model):
        assert "for its channels or for its columns" in (model.spec.layer("scaled").reason or "")
        assert [layer.name for layer in model.spec.visualisable] == ["first"]
