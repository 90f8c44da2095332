"""What a network does to its pixels before anything it learned, followed through the graph."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

from filterviz.layers.affine import Preparation
from filterviz.reader.config_parser import parse
from filterviz.reader.graph import Graph
from filterviz.reader.graph_builder import build_graph
from filterviz.reader.preparation import first_learned
from filterviz.settings import Settings

L = keras.layers
IMAGE = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 3)).astype(np.float32)


def followed(*layers: Any) -> tuple[Graph, tuple[int | None, Preparation] | None, keras.Model]:
    """The graph of some layers before a convolution, what was found, and the network."""
    network = keras.Sequential([L.Input((8, 8, 3)), *layers, L.Conv2D(4, 3, name="conv")])
    text = json.dumps({"class_name": "Sequential", "config": network.get_config()}, default=float)
    graph = build_graph(parse(text, max_layers=50, max_depth=3), Settings())
    arrays = {layer.name: [np.asarray(one) for one in layer.weights] for layer in network.layers}
    return graph, first_learned(graph, lambda index: arrays[graph.records[index].name]), network


def measured() -> keras.layers.Layer:
    layer = L.Normalization()
    layer.adapt(np.random.default_rng(1).normal(100, 50, (64, 8, 8, 3)))
    return layer


@pytest.mark.parametrize(
    "layers",
    [
        (),
        (L.Rescaling(1 / 127.5, -1.0),),
        (L.Rescaling(1 / 255), L.Rescaling([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])),
        (measured(),),
        (L.Rescaling(1 / 255), L.RandomFlip(), L.Dropout(0.5)),
    ],
    ids=["nothing", "to -1..1", "each channel apart", "measured", "augmented"],
)
def test_the_map_is_what_the_layers_compute(layers: tuple[Any, ...]) -> None:
    graph, found, network = followed(*layers)
    assert found is not None
    node, prepared = found
    assert node is not None
    assert graph.record_of(node).name == "conv"
    expected = IMAGE
    for layer in network.layers[:-1]:
        expected = np.asarray(layer(expected, training=False) if layer.name.startswith("random") else layer(expected))
    np.testing.assert_allclose(IMAGE @ prepared.matrix.T + prepared.offset, expected, rtol=1e-4, atol=1e-4)


def test_what_a_normalization_measured_is_kept() -> None:
    _, found, _ = followed(measured())
    assert found is not None
    assert found[1].measured is not None
    assert found[1].measured.mean == pytest.approx(100, rel=0.02)


def test_more_than_an_affine_map_is_not_followed() -> None:
    _, found, _ = followed(L.Rescaling(1 / 255), L.Activation("tanh"))
    assert found is not None
    node, prepared = found
    assert node is None
    np.testing.assert_allclose(prepared.matrix, np.eye(3) / 255)


def test_without_an_image_there_is_nothing() -> None:
    network = keras.Sequential([L.Input((8,)), L.Dense(3)])
    text = json.dumps({"class_name": "Sequential", "config": network.get_config()}, default=str)
    graph = build_graph(parse(text, max_layers=50, max_depth=3), Settings())
    assert first_learned(graph, lambda index: []) is None
