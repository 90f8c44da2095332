"""What a TensorFlowOpLayer writes down that no operation has: a sentence, and no exception of Python's."""

from __future__ import annotations

from typing import Any

import pytest

from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Call, Reference
from filterviz.reader.operations.legacy import unpacked

CALL = Call((Reference("a", 0),))


@pytest.mark.parametrize("definition", ["[" * 100_000, "{", "[]", '{"op": 3}', None])
def test_a_definition_that_is_none(definition: Any) -> None:
    with pytest.raises(Unsupported, match="does not say which"):
        unpacked({"node_def": definition}, CALL)


@pytest.mark.parametrize("number", [float("inf"), float("nan"), "9" * 10_000, [], None])
def test_numbers_that_are_none_stay_as_they_are(number: Any) -> None:
    _, _, named = unpacked({"node_def": {"op": "Mean", "attr": {"axis": {"i": number}}}}, CALL)
    assert named["axis"] is number


@pytest.mark.parametrize("place", ["9" * 10_000, "²", "-1", ""])
def test_a_constant_at_no_place(place: str) -> None:
    function, arguments, _ = unpacked({"node_def": {"op": "Mul", "attr": {}}, "constants": {place: 2.0}}, CALL)
    assert function == "Mul"
    assert len(arguments) == 1
