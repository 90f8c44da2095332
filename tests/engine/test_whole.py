"""The whole network is built before it is called, and runs in batches that fit, in the file's own layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import outputs as engine_outputs
from filterviz.engine.outputs import Outputs
from filterviz.engine.whole_network import build_whole
from filterviz.errors import BadRequest, Stopped
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import MIB, Settings
from tests.networks import randomise

L = keras.layers
SIDE = 12
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving


def every_kind_with_weights() -> Any:
    start = keras.Input((SIDE, SIDE, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3, activation="relu")(L.Normalization(mean=0.4, variance=0.2)(start)))
    x = L.PReLU()(L.DepthwiseConv2D(3)(x))
    x = L.GRU(4, return_sequences=True)(L.Reshape((8, 32))(x))
    x = L.Bidirectional(L.LSTM(3))(L.LayerNormalization()(x))
    return keras.Model(start, L.Dense(2, activation="softmax")(x))


def written(network: Any, path: Path) -> tuple[Any, OpenedModel]:
    randomise(network, high=0.1)
    network.save(path)
    return network, open_model(path, Settings())


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Any, OpenedModel]]:
    network, model = written(every_kind_with_weights(), tmp_path / "network.keras")
    with model:
        yield network, model


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, SIDE, SIDE, 3), np.float32)


def test_a_network_first_called_within_a_function_has_its_own_weights(opened: tuple[Any, OpenedModel]) -> None:
    """Layers that are made while the function is traced would keep fresh weights, and nothing would say so."""
    network, model = opened
    compiled = tf.function(build_whole(model), autograph=False)
    (output,) = compiled([images(3)])
    np.testing.assert_allclose(output, network(images(3), training=False), rtol=1e-4, atol=1e-6)


def test_building_reads_every_weight(opened: tuple[Any, OpenedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = opened
    whole = build_whole(model)
    monkeypatch.setattr(model, "weights", lambda layer: pytest.fail(f"{layer.name} is read late"))
    whole([images(1)])


def runs(model: OpenedModel, settings: Settings | None = None) -> Callable[..., list[tuple[np.ndarray, ...]]]:
    outputs = Outputs(model, settings or Settings())
    return lambda inputs, stop=lambda: False: list(outputs.run(inputs, stop))


def test_batches_keep_within_the_memory_for_one_and_make_the_same(opened: tuple[Any, OpenedModel]) -> None:
    network, model = opened
    seen: list[int] = []
    large, small = runs(model)([images(40)]), runs(model, Settings(batch_bytes=40_000))([images(40)])
    for batches in (large, small):
        seen.append(max(len(batch[0]) for batch in batches))
        np.testing.assert_allclose(
            np.concatenate([batch[0] for batch in batches]), network(images(40), training=False), rtol=1e-4, atol=1e-6
        )
    assert seen[1] < 10 < seen[0]


def test_a_network_that_depends_on_its_batch_gets_it_whole(opened: tuple[Any, OpenedModel]) -> None:
    _, model = opened
    model.spec = replace(model.spec, whole_batch=True)
    assert [len(batch[0]) for batch in runs(model, Settings(batch_bytes=1000))([images(40)])] == [40]


def test_large_outputs_are_sent_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = keras.Input((SIDE, SIDE, 3))
    network, model = written(keras.Model(start, L.Conv2D(64, 1)(start)), tmp_path / "wide.keras")
    monkeypatch.setattr(engine_outputs, "LARGEST_ANSWER", 100_000)
    with model:
        batches = runs(model)([images(20)])
        assert max(len(batch[0]) for batch in batches) == 2
        np.testing.assert_allclose(np.concatenate([batch[0] for batch in batches]), network(images(20)), atol=1e-6)
        monkeypatch.setattr(engine_outputs, "LARGEST_OUTPUT", 1000)
        with pytest.raises(BadRequest, match="Give a smaller input"):
            runs(model)([images(1)])


def test_it_stops_between_batches(opened: tuple[Any, OpenedModel]) -> None:
    answers = iter([False, False, True])
    with pytest.raises(Stopped, match="of 40 examples were finished"):
        runs(opened[1])([images(40)], lambda: next(answers))


@pytest.mark.parametrize("inputs", [[], [images(0)], [images(1), images(1)]])
def test_inputs_that_are_not_the_networks(inputs: list[np.ndarray], opened: tuple[Any, OpenedModel]) -> None:
    with pytest.raises(BadRequest, match="do not fit"):
        runs(opened[1])(inputs)


def test_a_size_at_which_branches_do_not_meet_is_refused_before_it_is_computed(tmp_path: Path) -> None:
    start = keras.Input((None, None, 3))
    x = L.UpSampling2D(2)(L.MaxPooling2D(2)(L.Conv2D(4, 3, padding="same")(start)))
    network, model = written(
        keras.Model(start, L.Conv2D(2, 3, name="last")(L.Concatenate(name="meet")([start, x]))), tmp_path / "u.keras"
    )
    with model:
        image = images(2)
        np.testing.assert_allclose(runs(model)([image])[0][0], network(image[:1]), atol=1e-5)
        with pytest.raises(BadRequest, match="inputs of this size: the layer 'meet' does not fit"):
            runs(model)([image[:, :11]])
        with pytest.raises(BadRequest, match="inputs of this size: the layer 'last' does not fit"):
            runs(model)([image[:, :2]])


def test_activations_are_freed_as_soon_as_nothing_needs_them(tmp_path: Path) -> None:
    x = start = keras.Input((64, 64, 8))
    for _ in range(20):
        x = L.Conv2D(8, 1)(x)
    _, model = written(keras.Model(start, x), tmp_path / "deep.keras")
    with model:
        whole = build_whole(model)
        whole([np.zeros((1, 64, 64, 8), np.float32)])
        assert whole.activation_bytes == 2 * 64 * 64 * 8 * 4 < MIB
