"""Entries of a description that are one layer get one number."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from filterviz.reader.config import Layer, Model
from filterviz.reader.sharing import SHARED, Sharing


def dense(name: str, shared: str | None = None, **config: Any) -> Layer:
    return Layer(name, "Dense", {"name": name, **config}, stored_class="Dense", shared=shared)


def model(*layers: Layer) -> Model:
    return Model("model", True, layers)


def inside(name: str, *layers: Layer, shared: str | None = None) -> Layer:
    return Layer(name, "Sequential", {"name": name}, model=model(*layers), stored_class="Sequential", shared=shared)


def test_without_a_mark_every_entry_is_a_layer_of_its_own() -> None:
    one, other = dense("a", units=2), dense("a", units=2)
    sharing = Sharing(model(one, other))
    assert sharing.number(one) != sharing.number(other)
    assert sharing.alike(one) == sharing.alike(other)


def test_entries_that_say_something_else_are_never_alike() -> None:
    one, other = dense("a", units=2), dense("a", units=3)
    sharing = Sharing(model(one, other))
    assert sharing.alike(one) != sharing.alike(other)


def test_a_marked_entry_is_the_one_before_it_that_says_the_same() -> None:
    one, between, again = dense("a", units=2), dense("b", units=2), dense("a", shared="1", units=2)
    sharing = Sharing(model(one, between, again))
    assert sharing.number(again) == sharing.number(one) != sharing.number(between)


def test_the_marks_themselves_are_no_difference() -> None:
    one = dense("a", units=2, inner={"class_name": "x"})
    again = dense("a", shared="1", units=2, inner={"class_name": "x", SHARED: 7})
    sharing = Sharing(model(one, again))
    assert sharing.number(again) == sharing.number(one)


def test_where_two_entries_before_it_say_the_same_nobody_can_tell() -> None:
    one, two, again = dense("a"), dense("a"), dense("a", shared="1")
    sharing = Sharing(model(one, two, again))
    assert len({sharing.number(layer) for layer in (one, two, again)}) == 3


def test_all_entries_of_one_mark_are_one_layer() -> None:
    first, second, third = dense("a"), dense("a", shared="1"), dense("a", shared="1")
    sharing = Sharing(model(first, second, third))
    assert sharing.number(first) == sharing.number(second) == sharing.number(third)


def test_what_is_inside_a_shared_model_is_shared() -> None:
    one = inside("base", dense("a"), dense("b"))
    again = inside("base", dense("a"), dense("b"), shared="1")
    sharing = Sharing(model(one, again))
    assert one.model is not None
    assert again.model is not None
    for inner, same in zip(one.model.layers, again.model.layers, strict=True):
        assert sharing.number(inner) == sharing.number(same)
    assert sharing.number(one.model.layers[0]) != sharing.number(one.model.layers[1])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "1", "2"])), max_size=8))
def test_marks_join_entries_and_nothing_else_does(entries: list[tuple[str, str | None]]) -> None:
    layers = [dense(name, shared=mark) for name, mark in entries]
    sharing = Sharing(model(*layers))
    unmarked = [layer for layer in layers if layer.shared is None]
    assert len({sharing.number(layer) for layer in unmarked}) == len(unmarked)
    for mark in ("1", "2"):
        assert len({sharing.number(layer) for layer in layers if layer.shared == mark}) <= 1
