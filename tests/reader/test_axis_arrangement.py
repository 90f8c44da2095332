"""In which order a layer takes the axes of its inputs where a file keeps channels first."""

from __future__ import annotations

from typing import Any

import pytest

from filterviz.layers.shapes import ShapeError
from filterviz.reader.axis_arrangement import arranged
from filterviz.reader.records import Node, Record
from filterviz.spec import NodeSpec

LAST_TO_FIRST, FIRST_TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def source(first: bool, shape: Any = (None, 8, 9, 3)) -> Node:
    """An image that is kept channels last here; ``first``: whether the file has its channels first."""
    return Node(NodeSpec(0, (), shape, channels_first=first))


def arrange(kind: str, config: Any, *sources: Node, **record: Any) -> tuple[Any, Any, bool, Record]:
    made = Record("it", kind, kind, **record)
    return *arranged(made, config, sources, images_first=any(one.first for one in sources)), made


@pytest.mark.parametrize("first", [False, True])
def test_a_convolution_that_says_the_same_as_its_input_turns_nothing(first: bool) -> None:
    config = {"data_format": "channels_first" if first else "channels_last"}
    turns, shapes, after, _ = arrange("Conv2D", config, source(first), params={"activation": "relu"})
    assert (turns, shapes, after) == ((None,), [(None, 8, 9, 3)], first)


def test_a_convolution_that_says_another_order_has_its_input_turned() -> None:
    turns, shapes, after, _ = arrange("Conv2D", {"data_format": "channels_last"}, source(True), params={})
    assert (turns, shapes, after) == ((LAST_TO_FIRST,), [(None, 3, 8, 9)], False)
    turns, shapes, after, _ = arrange("Conv2D", {"data_format": "channels_first"}, source(False), params={})
    assert (turns, shapes, after) == ((FIRST_TO_LAST,), [(None, 9, 3, 8)], True)


def test_flatten_brings_the_channels_last_only_where_its_setting_says_they_are_first() -> None:
    kept, _, _, _ = arrange("Flatten", {"data_format": "channels_first"}, source(True))
    turned, shapes, _, _ = arrange("Flatten", {"data_format": "channels_last"}, source(True))
    assert (kept, turned, shapes) == ((None,), (LAST_TO_FIRST,), [(None, 3, 8, 9)])


@pytest.mark.parametrize(("axis", "here"), [(1, 3), (2, 1), (-1, 2)])
def test_an_axis_is_turned_with_the_channels(axis: int, here: int) -> None:
    turns, _, after, record = arrange("BatchNormalization", {}, source(True), params={"axis": axis})
    assert (turns, after, record.params["axis"]) == ((None,), True, here)


def test_several_axes_are_taken_in_the_order_of_the_file() -> None:
    turns, shapes, after, record = arrange("LayerNormalization", {}, source(True), params={"axis": (-1, 1)})
    assert (turns, shapes, after) == ((LAST_TO_FIRST,), [(None, 3, 8, 9)], False)
    assert record.params["axis"] == (1, 3)


def test_values_at_one_position_are_brought_to_one_order() -> None:
    turns, shapes, after, _ = arrange("Add", {}, source(True), source(False))
    assert after
    assert turns == (None, FIRST_TO_LAST)
    assert shapes == [(None, 8, 9, 3), (None, 9, 3, 8)]


def test_numbers_that_may_be_meant_for_channels_or_columns_are_refused() -> None:
    params = {"scale": (1.0, 2.0, 3.0), "offset": 0.0}
    assert arrange("Rescaling", {}, source(True), params=params)[0] == (None,)
    with pytest.raises(ShapeError, match="for its channels or for its columns"):
        arrange("Rescaling", {}, source(True, (None, 8, 3, 3)), params=params)


def test_an_activation_along_the_last_axis_needs_the_channels_there() -> None:
    with pytest.raises(ShapeError, match="not that of its channels"):
        arrange("Conv2D", {"data_format": "channels_first"}, source(True), params={"activation": "softmax"})


def test_an_operation_is_turned_where_it_can_be() -> None:
    stated = {"how": "mean", "axes": (2, 3), "keepdims": True}
    turns, _, after, record = arrange("Reduce", {}, source(True), operation=True, stated=stated, params=dict(stated))
    assert (turns, after, record.params["axes"]) == ((None,), True, (1, 2))
    stated = {"axis": (1,)}  # a new axis before the channels: their place could not be told afterwards
    turns, _, after, record = arrange(
        "ExpandDims", {}, source(True), operation=True, stated=stated, params=dict(stated)
    )
    assert (turns, after, record.params) == ((LAST_TO_FIRST,), False, {"axis": (1,)})
