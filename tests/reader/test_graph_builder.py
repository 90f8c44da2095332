"""From described models to the flat graph of calls, without a file and without weights."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.layers.passing import FOLD, IDENTITY, START, UNFOLD, UNSUPPORTED
from filterviz.reader.assumptions import Assumptions
from filterviz.reader.config_parser import parse
from filterviz.reader.graph import Graph, is_image
from filterviz.reader.graph_builder import UNCONNECTED, build_graph
from filterviz.settings import Settings

L = keras.layers
SETTINGS = Settings()


def graph_of(network: keras.Model, assumptions: Assumptions | None = None, **settings: Any) -> Graph:
    """The graph of a network as Keras 3 describes it."""
    text = json.dumps({"class_name": type(network).__name__, "config": network.get_config()}, default=str)
    return built(text, assumptions, **settings)


def built(text: str, assumptions: Assumptions | None = None, *, keras_3: bool = True, **settings: Any) -> Graph:
    model = parse(text, max_layers=200, max_depth=8, keras_3=keras_3)
    return build_graph(model, Settings(**settings), assumptions)


def shapes(graph: Graph) -> dict[str, Any]:
    return {graph.records[node.spec.layer].name: node.spec.output_shape for node in graph.nodes}


def test_a_chain_has_the_shapes_of_keras() -> None:
    network = keras.Sequential(
        [L.Input((20, 24, 3)), L.Conv2D(8, 3, name="a"), L.MaxPooling2D(name="b"), L.Flatten(), L.Dense(5, name="d")]
    )
    graph = graph_of(network)
    assert {name: shapes(graph)[name] for name in ("a", "b", "d")} == {
        "a": (None, 18, 22, 8),
        "b": (None, 9, 11, 8),
        "d": (None, 5),
    }
    assert graph.parameters == network.count_params()
    assert [graph.record_of(node).name for node in graph.outputs] == ["d"]


def test_nested_models_are_inlined_and_shared_layers_called_twice() -> None:
    inner = keras.Sequential([L.Input((8, 8, 3)), L.Conv2D(4, 3, name="conv")], name="inner")
    one, two = L.Input((8, 8, 3), name="one"), L.Input((8, 8, 3), name="two")
    graph = graph_of(keras.Model([one, two], L.Add(name="sum")([inner(one), inner(two)])))
    calls = [node for node in graph.nodes if graph.records[node.spec.layer].name == "inner/conv"]
    assert len(calls) == 2
    assert len(graph.records) == len({record.name for record in graph.records})
    assert shapes(graph)["sum"] == (None, 6, 6, 4)
    assert len(graph.inputs) == 2


def test_what_depends_on_an_unknown_layer_knows_whose_fault_it_is() -> None:
    network = keras.Sequential([L.Input((8, 8, 3)), L.Conv2D(4, 3, name="before"), L.ReLU(name="own"), L.Conv2D(2, 3)])
    text = json.dumps({"class_name": "Sequential", "config": network.get_config()}, default=str)
    graph = built(text.replace('"class_name": "ReLU"', '"class_name": "OfMyOwn"').replace('"ReLU"', '"OfMyOwn"'))
    unknown, after = graph.nodes[2], graph.nodes[3]
    assert graph.records[unknown.spec.layer].kind == UNSUPPORTED
    assert (unknown.spec.output_shape, after.spec.output_shape) == (None, None)
    assert (unknown.blame, after.blame) == ("own", "own")
    assert graph.outputs == []
    assert shapes(graph)["before"] == (None, 6, 6, 4)


@pytest.mark.parametrize(("trust", "channels", "shape"), [(True, None, (8, 8, 3)), (False, 1, (None, None, 1))])
def test_the_network_is_entered_after_code_that_stands_first(trust: bool, channels: int | None, shape: Any) -> None:
    network = keras.Sequential([L.Input((8, 8, 3)), L.ReLU(name="own"), L.Conv2D(4, 3)])
    text = json.dumps({"class_name": "Sequential", "config": network.get_config()}, default=str)
    assumed = Assumptions(sizes_after_start=trust, channels_after_start=channels)
    graph = built(text.replace('"ReLU"', '"Lambda"'), assumed)
    (entered,) = (record for record in graph.records if record.name == "own")
    assert entered.kind == START
    assert graph.started
    assert shapes(graph)["own"] == (None, *shape)
    assert any("carries program code, which is never run" in note for note in graph.notes)


def test_frames_become_images_and_frames_again() -> None:
    frames = L.Input((5, 8, 8, 3))
    graph = graph_of(keras.Model(frames, L.TimeDistributed(L.Conv2D(4, 3), name="each")(frames)))
    kinds = [graph.records[node.spec.layer].kind for node in graph.nodes]
    assert kinds[1:] == [FOLD, "Conv2D", UNFOLD]
    assert [node.spec.output_shape for node in graph.nodes[1:]] == [
        (None, 8, 8, 3),
        (None, 6, 6, 4),
        (None, 5, 6, 6, 4),
    ]
    assert graph.is_image(1)


def test_a_permute_only_turns_axes() -> None:
    image = L.Input((3, 8, 9))
    graph = graph_of(keras.Model(image, L.Conv2D(4, 3, name="conv")(L.Permute((2, 3, 1), name="turn")(image))))
    (turn,) = (record for record in graph.records if record.name == "turn")
    assert (turn.kind, turn.dims) == (IDENTITY, (2, 3, 1))
    assert shapes(graph)["conv"] == (None, 6, 7, 4)


def test_an_output_that_nothing_leads_to_is_noted() -> None:
    image = L.Input((8, 8, 3), name="image")
    network = keras.Model(image, L.Conv2D(4, 3, name="conv")(image))
    config = network.get_config()
    config["output_layers"] = [["elsewhere", 0, 0]]
    graph = built(json.dumps({"class_name": "Functional", "config": config}, default=str))
    assert graph.declared == [None]
    assert graph.notes == [UNCONNECTED]


def test_limits() -> None:
    network = keras.Sequential([L.Input((64, 64, 3)), L.Conv2D(64, 3)])
    with pytest.raises(Refused) as refusal:
        graph_of(network, max_activation_bytes=1000)
    assert refusal.value.code is RefusalCode.TOO_LARGE
    deep = keras.Sequential([L.Input((8, 8, 1)), *(L.ReLU() for _ in range(60))])
    with pytest.raises(Refused, match="called far more often"):
        graph_of(deep, max_layers=10)


@pytest.mark.parametrize("shape", [None, "x", [], [None, 0, 8, 3], [None, 2.5, 8, 3], [None] * 7])
def test_an_input_without_a_size_that_makes_sense_is_refused(shape: Any) -> None:
    network = {"name": "n", "layers": [{"class_name": "InputLayer", "config": {"name": "i", "batch_shape": shape}}]}
    with pytest.raises(Refused) as refusal:
        built(json.dumps({"class_name": "Sequential", "config": network}))
    assert refusal.value.code is RefusalCode.BAD_CONFIG


@pytest.mark.parametrize("frozen", [False, True])
def test_a_call_of_keras_2_with_training_holds_afterwards_unless_the_layer_is_frozen(frozen: bool) -> None:
    layers = [
        {"class_name": "InputLayer", "name": "image", "config": {"batch_input_shape": [None, 8, 8, 3]}},
        {
            "class_name": "BatchNormalization",
            "name": "norm",
            "config": {"name": "norm", "axis": 3, "trainable": not frozen},
            "inbound_nodes": [[["image", 0, 0, {"training": True}]]],
        },
    ]
    config = {"name": "n", "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["norm", 0, 0]]}
    graph = built(json.dumps({"class_name": "Model", "config": config}), keras_3=False)
    (norm,) = (record for record in graph.records if record.name == "norm")
    assert norm.params.get("batch_moments", False) is not frozen
    assert any("training=True" in note for note in graph.notes) is not frozen


@pytest.mark.parametrize(
    ("kind", "shape", "before", "shape_before", "image"),
    [
        ("InputLayer", (None, 8, 8, 3), None, None, True),
        ("InputLayer", (None, 8, 8), None, None, False),
        ("InputLayer", (None, 8, 8, None), None, None, False),
        (START, (None, 8, 8, 3), "InputLayer", (None, 8, 8, 3), True),
        ("Reshape", (None, 8, 8, 1), "InputLayer", (None, 64), True),
        ("Reshape", (None, 8, 8, 1), "InputLayer", (None, 4, 4, 4), False),
        ("Reshape", (None, 8, 8, 1), "Dense", (None, 64), False),
        (FOLD, (None, 8, 8, 3), "InputLayer", (None, 5, 8, 8, 3), True),
        ("Conv2D", (None, 8, 8, 3), "InputLayer", (None, 8, 8, 3), False),
    ],
)
def test_what_patterns_can_be_painted_on(kind: str, shape: Any, before: Any, shape_before: Any, image: bool) -> None:
    assert is_image(kind, shape, before, shape_before) is image
