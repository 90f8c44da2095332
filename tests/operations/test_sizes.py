"""Sizes that a network asks for as it is built are put in as numbers where they are known."""

from __future__ import annotations

from typing import Any

import pytest

from filterviz.reader.config import Call, Layer, Reference, Slot
from filterviz.reader.operations.sizes import asked, chosen, stated

SIZES = (None, 8, 6, 4)


def layer(function: Any, class_name: str = "TFOpLambda") -> Layer:
    return Layer("it", class_name, {"function": function})


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (layer("shape"), True),
        (layer("compat.v1.shape"), True),
        (layer("reshape"), False),
        (layer(None), False),
        (layer("shape", "Shape"), False),
    ],
)
def test_which_operations_ask_for_a_size(given: Layer, right: bool) -> None:
    assert asked(given) is right


def part(start: Any = None, stop: Any = None, step: Any = None) -> dict[str, Any]:
    return {"start": start, "stop": stop, "step": step}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (0, (None,)),
        (2, (6,)),
        (-1, (4,)),
        ([1], (8,)),
        (part(1, 3), ((8, 6),)),
        ([part(None, None, -1)], ((4, 6, 8, None),)),
        ({"class_name": "__slice__", "config": part(1)}, ((8, 6, 4),)),
        (4, None),
        (-5, None),
        (True, None),
        (part(step=0), None),
        (part(True), None),
        (part(2**31), None),
        (part("1"), None),
        ({"class_name": "__slice__", "config": 3}, None),
        ([0, 1], None),
        (None, None),
    ],
)
def test_sides_that_are_chosen(key: Any, found: Any) -> None:
    call = Call((Reference("size", 0),), (Slot(0),), {"slice_spec": key})
    assert chosen(layer("__operators__.getitem", "SlicingOpLambda"), call, SIZES) == found


def test_nothing_is_chosen_of_one_side_or_by_other_operations() -> None:
    call = Call((Reference("size", 0),), (Slot(0),), {"slice_spec": 0})
    assert chosen(layer("__operators__.getitem"), call, 8) is None
    assert chosen(layer("math.add"), call, SIZES) is None
    assert chosen(layer(3), call, SIZES) is None


def test_a_call_with_numbers_in_place_of_sizes() -> None:
    references = tuple(Reference(name, 0) for name in ("size", "image", "side"))
    call = Call(references, (Slot(1), [Slot(0), 3, [Slot(2)]]), {"other": Slot(1), "size": Slot(0)}, training=True)
    found = stated(call, {0: SIZES, 2: 6})
    assert found.inputs == (Reference("image", 0),)
    assert found.arguments == (Slot(0), [[None, 8, 6, 4], 3, [6]])
    assert found.settings == {"other": Slot(0), "size": [None, 8, 6, 4]}
    assert found.training is True
