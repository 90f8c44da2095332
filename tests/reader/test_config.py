"""The forms in which Keras versions write models, layers and calls all become one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.config import Layer, Model, Reference, Slot
from filterviz.reader.config_calls import call_of, references
from filterviz.reader.config_parser import parse

Json = Any


def parsed(data: Json, **options: Any) -> Model:
    return parse(json.dumps(data), **{"max_layers": 50, "max_depth": 3, **options})


def layer(class_name: str = "ReLU", name: str = "it", **further: Any) -> Json:
    return {"class_name": class_name, "config": {"name": name}, **further}


def chain(*layers: Json, **settings: Any) -> Json:
    return {"class_name": "Sequential", "config": {"name": "chain", "layers": list(layers), **settings}}


def only(data: Json, **options: Any) -> Layer:
    (found,) = parsed(chain(data), **options).layers
    return found


def refused(data: Json, **options: Any) -> Refused:
    with pytest.raises(Refused) as error:
        parsed(data, **options)
    return error.value


# Models -------------------------------------------------------------------------------------------------------------


def test_a_chain_of_every_generation() -> None:
    keras_1 = parsed({"class_name": "Sequential", "config": [layer()]}, keras_3=False)
    assert (keras_1.name, keras_1.sequential, keras_1.keras_3) == ("model", True, False)
    keras_3 = parsed(chain(layer(), build_input_shape=[None, 8]))
    assert (keras_3.name, keras_3.sequential, keras_3.keras_3) == ("chain", True, True)
    assert keras_3.input_shape == [None, 8]
    assert [one.name for one in keras_1.layers + keras_3.layers] == ["it", "it"]


@pytest.mark.parametrize("class_name", ["Model", "Functional", "Own>Network"])
def test_a_functional_model_has_inputs_and_outputs(class_name: str) -> None:
    config = {"name": "net", "layers": [layer()], "input_layers": [["a", 0, 0]], "output_layers": ["it", 0, 1]}
    model = parsed({"class_name": class_name, "config": config})
    assert not model.sequential
    assert (model.inputs, model.outputs) == ((Reference("a", 0),), (Reference("it", 0, 1),))


def test_a_model_inside_a_model() -> None:
    inner = {"layers": [layer(name="deep")], "input_layers": [], "output_layers": []}
    found = only({"class_name": "Model", "name": "inner", "config": inner})
    assert (found.class_name, found.stored_class, found.name) == ("Functional", "Functional", "inner")
    assert found.model is not None
    assert [one.name for one in parsed(chain({"class_name": "Model", "config": inner}, layer())).walk()] == [
        "model",
        "deep",
        "it",
    ]


def test_a_layer_inside_a_wrapper_counts_and_is_walked() -> None:
    wrapper = {"class_name": "TimeDistributed", "config": {"name": "outer", "layer": layer(name="inner")}}
    model = parsed(chain(wrapper), max_layers=2)
    assert [one.name for one in model.walk()] == ["outer", "inner"]
    own = {"class_name": "Own>Holder", "config": {"name": "outer", "layer": layer(name="inner")}}
    assert only(own).wrapped is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ([], "it is no model"),
        ({"class_name": "Sequential"}, "it lists no layers"),
        (chain(3), "one of its layers has no class"),
        (chain({"class_name": 3}), "one of its layers has no class"),
        (chain({"class_name": "ReLU"}), "one of its layers has no settings"),
    ],
)
def test_a_description_that_makes_no_sense(data: Json, what: str) -> None:
    assert (refused(data).code, what in refused(data).what) == (RefusalCode.BAD_CONFIG, True)


def test_text_that_is_no_json() -> None:
    with pytest.raises(Refused, match="not valid JSON"):
        parse("{", max_layers=1, max_depth=1)
    with pytest.raises(Refused) as error:
        parse("[" * 100_000, max_layers=1, max_depth=1)
    assert error.value.code in (RefusalCode.TOO_DEEP, RefusalCode.BAD_CONFIG)


def test_a_network_of_its_own_class_is_named() -> None:
    found = refused({"class_name": "MyNetwork", "config": {"units": 3}})
    assert found.code is RefusalCode.CODE_IN_FILE
    assert "'MyNetwork'" in found.what


def test_limits_hold_exactly() -> None:
    assert len(parsed(chain(layer(), layer()), max_layers=2).layers) == 2
    assert refused(chain(layer(), layer()), max_layers=1).code is RefusalCode.TOO_LARGE
    nested = chain(chain(chain(layer())))
    assert parsed(nested, max_depth=2)
    assert refused(nested, max_depth=1).code is RefusalCode.TOO_DEEP
    wrapper = {"class_name": "TimeDistributed", "config": {"layer": layer()}}
    assert parsed(chain(wrapper), max_depth=1)
    assert refused(chain(wrapper), max_depth=0).code is RefusalCode.TOO_DEEP


# Layers -------------------------------------------------------------------------------------------------------------


def test_settings_are_read_in_modern_words() -> None:
    old = {"class_name": "Convolution2D", "config": {"name": "c", "nb_filter": 8, "nb_row": 3, "nb_col": 5}}
    found = only(old, keras_3=False)
    assert (found.class_name, found.stored_class) == ("Conv2D", "Convolution2D")
    assert (found.config["filters"], found.config["kernel_size"]) == (8, [3, 5])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (layer(name="inside"), "inside"),
        ({**layer(name="inside"), "name": "outside"}, "outside"),
        ({"class_name": "ReLU", "config": {}}, "relu"),
        ({"class_name": "ReLU", "config": {"name": 3}}, "relu"),
        (layer(name="n" * 600), "n" * 512),
    ],
)
def test_the_name_of_a_layer(data: Json, name: str) -> None:
    assert only(data).name == name


@pytest.mark.parametrize(
    ("further", "package"),
    [
        ({}, ""),
        ({"module": "keras.layers"}, ""),
        ({"module": "tf_keras.layers"}, ""),
        ({"module": "my_package.layers"}, "my_package"),
        ({"registered_name": "Own>ReLU"}, "Own"),
        ({"registered_name": "keras>ReLU", "module": "elsewhere"}, ""),
        ({"registered_name": 3, "module": 3}, ""),
    ],
)
def test_the_package_of_a_layer(further: Json, package: str) -> None:
    assert only(layer(**further)).package == package


def test_a_class_is_stored_without_its_package() -> None:
    found = only(layer("Addons>WeightNormalization"))
    assert (found.stored_class, found.package) == ("WeightNormalization", "Addons")


@pytest.mark.parametrize(("mark", "shared"), [(3, "3"), ("id", "id"), (True, None), (None, None), ([3], None)])
def test_entries_of_a_shared_layer_have_a_mark(mark: Json, shared: str | None) -> None:
    assert only(layer(shared_object_id=mark)).shared == shared


def test_only_keras_3_leaves_out_how_an_operation_trains() -> None:
    trained = {"class_name": "ReLU", "config": {"trainable": True}}
    assert only(layer()).untrainable
    assert not only(trained).untrainable
    assert not only(layer(), keras_3=False).untrainable
    assert not only(layer(), only_layers=True).untrainable


# Calls --------------------------------------------------------------------------------------------------------------


def tensor(name: str, call: int = 0, index: int = 0) -> Json:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "keras_history": [name, call, index]}}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (["a", 0, 0], [Reference("a", 0)]),
        (["a", 2], [Reference("a", 2)]),
        ([["a", 0, 1], ["b", 1, 0]], [Reference("a", 0, 1), Reference("b", 1)]),
        ({"z": ["a", 0, 0], "b": ["c", 0, 0]}, [Reference("c", 0), Reference("a", 0)]),
        ([["a"], 3, None, ["a", "b"]], []),
        (None, []),
    ],
)
def test_references_in_all_their_forms(data: Json, found: list[Reference]) -> None:
    assert list(references(data)) == found


def test_a_call_of_keras_3() -> None:
    call = call_of({"args": [[tensor("a"), tensor("b", 1, 2)], 3], "kwargs": {"other": tensor("c"), "k": 2}}, True)
    assert call.inputs == (Reference("a", 0), Reference("b", 1, 2), Reference("c", 0))
    assert call.arguments == ([Slot(0), Slot(1)], 3)
    assert call.settings == {"other": Slot(2), "k": 2}
    assert call.training is None


def test_tensors_by_name_go_in_the_order_of_the_names() -> None:
    call = call_of({"args": [{"z": tensor("a"), "b": tensor("c")}], "kwargs": {}}, True)
    assert call.inputs == (Reference("c", 0), Reference("a", 0))
    assert call.arguments == ([Slot(0), Slot(1)],)
    call = call_of({"z": ["a", 0, 0, {}], "b": ["c", 0, 0, {}]}, False)
    assert call.inputs == (Reference("c", 0), Reference("a", 0))


def test_a_call_of_earlier_versions() -> None:
    call = call_of([["a", 0, 0, {"axis": 1, "y": ["b", 0, 1]}]], False)
    assert call.inputs == (Reference("a", 0), Reference("b", 0, 1))
    assert call.arguments == (Slot(0),)
    assert call.settings == {"axis": 1, "y": Slot(1)}
    several = call_of([["a", 0, 0, {}], ["b", 0, 0, {}]], False)
    assert several.arguments == ([Slot(0), Slot(1)],)


def test_a_number_before_the_first_tensor() -> None:
    """As tf.keras writes ``1 - x``."""
    call = call_of([["_CONSTANT_VALUE", -1, 1.5, {"y": ["a", 0, 0]}]], False)
    assert call.arguments == (1.5,)
    assert (call.inputs, call.settings) == ((Reference("a", 0),), {"y": Slot(0)})


@pytest.mark.parametrize(
    ("stated", "keras_3", "training"),
    [(True, False, True), (0, False, False), ("yes", False, None), (None, False, None), (True, True, None)],
)
def test_only_before_keras_3_a_call_says_how_it_is_made(stated: Json, keras_3: bool, training: bool | None) -> None:
    assert call_of([["a", 0, 0, {"training": stated}]], keras_3).training is training


@pytest.mark.parametrize("node", [None, 3, "a", [], {}, {"args": 3, "kwargs": 3}, [[["a"]]], [tensor("a")["config"]]])
def test_a_call_that_names_no_tensor(node: Json) -> None:
    assert call_of(node, True).inputs == ()
