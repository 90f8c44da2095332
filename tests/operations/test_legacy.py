"""What a ``TensorFlowOpLayer`` means, and that nothing it may hold raises an exception of Python's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Call, Layer, Reference, Slot
from filterviz.reader.operations import read
from filterviz.reader.operations.legacy import unpacked

CALL = Call((Reference("a", 0),))
TWO = Call((Reference("a", 0), Reference("b", 0)))


def node(function: Any, constants: Any = None, **attributes: Any) -> dict[str, Any]:
    return {"node_def": {"op": function, "attr": attributes}, "constants": constants}


@pytest.mark.parametrize("definition", ["[" * 100_000, "{", "[]", '{"op": 3}', None])
def test_a_definition_that_is_none(definition: Any) -> None:
    with pytest.raises(Unsupported, match="does not say which"):
        unpacked({"node_def": definition}, CALL)


@pytest.mark.parametrize("number", [float("inf"), float("nan"), "9" * 10_000, [], None])
def test_numbers_that_are_none_stay_as_they_are(number: Any) -> None:
    _, _, named = unpacked({"node_def": {"op": "Mean", "attr": {"axis": {"i": number}}}}, CALL)
    assert named["axis"] is number


@pytest.mark.parametrize("position", ["9" * 10_000, "²", "-1", ""])
def test_a_constant_at_no_position(position: str) -> None:
    function, arguments, _ = unpacked({"node_def": {"op": "Mul", "attr": {}}, "constants": {position: 2.0}}, CALL)
    assert function == "Mul"
    assert len(arguments) == 1


def test_a_node_may_be_a_text() -> None:
    definition = json.dumps({"op": "Mean", "attr": {"keep_dims": {"b": True}}})
    assert unpacked({"node_def": definition, "constants": {"1": [1, 2]}}, CALL) == (
        "Mean",
        [Slot(0), [1, 2]],
        {"keep_dims": True},
    )


def test_constants_stand_at_their_positions_and_tensors_in_order_between_them() -> None:
    _, arguments, _ = unpacked(node("Some", {"0": 1.0, "2": 2.0}), TWO)
    assert arguments == [1.0, Slot(0), 2.0, Slot(1)]


LISTED = {
    "ConcatV2": ({"2": 3}, [[Slot(0), Slot(1)], 3]),
    "Concat": ({"0": 3}, [[Slot(0), Slot(1)], 3]),
    "Pack": (None, [[Slot(0), Slot(1)]]),
    "AddN": (None, [[Slot(0), Slot(1)]]),
}


@pytest.mark.parametrize("function", LISTED)
def test_operations_of_many_tensors_get_them_as_a_list(function: str) -> None:
    constants, arguments = LISTED[function]
    assert unpacked(node(function, constants), TWO)[1] == arguments


@pytest.mark.parametrize("function", LISTED)
def test_operations_of_many_tensors_that_are_called_on_none(function: str) -> None:
    """``ConcatV2`` and ``Concat`` once raised an IndexError here."""
    layer = Layer("odd", "TensorFlowOpLayer", node(function))
    with pytest.raises(Unsupported, match="is called on no tensor"):
        read(layer, Call(()), ())


def test_a_split_has_its_axis_first_and_its_number_among_the_attributes() -> None:
    _, arguments, named = unpacked(node("Split", {"0": 3}, num_split={"i": "2"}), CALL)
    assert arguments == [Slot(0), 2, 3]
    assert named == {}


ATTRIBUTES = {
    "text": ({"s": base64.b64encode(b"SAME").decode()}, "SAME"),
    "text that is none": ({"s": "not base64"}, "not base64"),
    "whole number": ({"i": "-3"}, -3),
    "number": ({"f": 0.5}, 0.5),
    "truth": ({"b": True}, True),
    "whole numbers": ({"list": {"i": ["1", "2"]}}, [1, 2]),
    "texts": ({"list": {"s": [base64.b64encode(b"a").decode()]}}, ["a"]),
    "nothing": ({"list": {}}, None),
    "a list of one thing that is none": ({"list": {"i": 3}}, None),
    "two kinds": ({"i": "1", "f": 2.0}, {"i": "1", "f": 2.0}),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes(name: str) -> None:
    written, value = ATTRIBUTES[name]
    assert unpacked(node("Some", setting=written), CALL)[2] == {"setting": value}


def test_attributes_that_only_repeat_what_the_tensors_say_are_left_out() -> None:
    given = {name: {"i": "2"} for name in ("N", "T", "Tidx", "_output_shapes", "num_outs", "Index", "kept")}
    assert unpacked(node("Some", **given), CALL)[2] == {"kept": 2}
    assert unpacked(node("Cast", DstT={"type": "DT_INT32"}, SrcT={"type": "DT_FLOAT"}), CALL)[2] == {"DstT": "DT_INT32"}
