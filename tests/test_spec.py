from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from filterviz.spec import (
    KERNEL_NUMBERS,
    OBJECTIVES,
    PICTURES,
    RECIPES,
    Flag,
    LayerSpec,
    ModelSpec,
    NodeSpec,
    OutputSpec,
    Pattern,
    PixelRange,
    Precision,
    Recipe,
)

sides = st.one_of(st.none(), st.integers(1, 512))
shapes = st.one_of(st.none(), st.tuples(st.none(), sides, sides, st.integers(1, 64)))
layers = st.builds(
    LayerSpec,
    name=st.text(max_size=20),
    kind=st.sampled_from(["Conv2D", "Dense", "Unsupported"]),
    params=st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.none()), max_size=3),
    weight_shapes=st.lists(st.lists(st.integers(1, 9), max_size=4).map(tuple), max_size=3).map(tuple),
    output_shape=shapes,
    channels=st.one_of(st.none(), st.integers(1, 512)),
    receptive_field=st.one_of(st.none(), st.integers(1, 512)),
    gated=st.booleans(),
    visualisable=st.booleans(),
    reason=st.one_of(st.none(), st.text(max_size=20)),
)
nodes = st.builds(NodeSpec, layer=st.integers(0, 3), inputs=st.lists(st.integers(0, 3)).map(tuple), output_shape=shapes)
names = st.lists(st.text(max_size=9), max_size=3).map(tuple)
outputs = st.builds(OutputSpec, layer=st.text(max_size=9), units=st.integers(1, 9), labels=names, shown_by=names)
models = st.builds(
    ModelSpec,
    name=st.text(max_size=20),
    layers=st.lists(layers, max_size=4).map(tuple),
    nodes=st.lists(nodes, max_size=4).map(tuple),
    inputs=st.lists(st.integers(0, 3)).map(tuple),
    outputs=st.lists(st.integers(0, 3)).map(tuple),
    pixel_range=st.sampled_from([PixelRange.UNIT, PixelRange.SIGNED, PixelRange.CAFFE]),
    notes=st.lists(st.text(max_size=9)).map(tuple),
    classes=st.lists(outputs, max_size=2).map(tuple),
)
recipes = st.builds(
    Recipe,
    name=st.sampled_from(list(RECIPES)),
    size=st.integers(1, 512),
    seed=st.integers(0, 9),
    objective=st.sampled_from(list(OBJECTIVES)),
    pictures=st.sampled_from(PICTURES),
)


@given(models)
def test_a_model_survives_json(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@given(models)
def test_a_model_written_before_there_were_classes_is_read(spec: ModelSpec) -> None:
    data = json.loads(json.dumps(spec.to_json()))
    del data["classes"]
    assert ModelSpec.from_json(data) == replace(spec, classes=())


@given(recipes)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert Recipe(**json.loads(json.dumps(recipe.to_json()))) == recipe


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=5),
    st.sets(st.sampled_from(Flag)),
    st.lists(st.floats(width=32), max_size=9),
)
def test_a_patterns_numbers_survive_json(curve: list[float], flags: set[Flag], responses: list[float]) -> None:
    tile = np.zeros((2, 2, 3), np.uint8)
    pattern = Pattern(
        "conv", 3, tile, curve[0], curve[-1], tuple(curve), tuple(flags), 7, 0.5, Precision.FLOAT32, PixelRange.UNIT
    )
    pattern = replace(pattern, responses=tuple(responses))
    # JSON knows no NaN; strict parsers would refuse the whole document.
    numbers = json.loads(json.dumps(pattern.numbers(), allow_nan=False))
    again = Pattern.from_numbers(numbers, tile)
    assert again.numbers() == pattern.numbers()
    assert again.tile is tile


def pattern(kernel: NDArray[np.float32] | None) -> Pattern:
    tile = np.zeros((2, 2, 3), np.uint8)
    return Pattern("conv", 3, tile, 0.0, 1.0, (0.0, 1.0), (), 7, 0.5, Precision.FLOAT32, PixelRange.UNIT, kernel)


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=3, max_dims=3, max_side=4),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_a_kernel_survives_json_to_six_digits(kernel: NDArray[np.float32]) -> None:
    numbers = json.loads(json.dumps(pattern(kernel).numbers(), allow_nan=False))
    again = Pattern.from_numbers(numbers, pattern(None).tile)
    assert again.kernel is not None
    assert again.kernel.dtype == np.float32
    np.testing.assert_allclose(again.kernel, kernel, rtol=1e-5, atol=1e-44)
    assert again.numbers() == numbers


def test_numbers_from_before_kernels_and_responses_were_kept_have_none() -> None:
    later = ("kernel", "responses")
    numbers = {name: value for name, value in pattern(None).numbers().items() if name not in later}
    again = Pattern.from_numbers(numbers, pattern(None).tile)
    assert again.kernel is None
    assert again.responses == ()


@pytest.mark.parametrize("kernel", [[[1.0]], [[[1.0], [2.0, 3.0]]], [], [[[float("nan")]]], [[[0.0]]] * 1025, "x"])
def test_what_is_no_kernel_is_not_taken_for_one(kernel: object) -> None:
    with pytest.raises(ValueError, match=r"shape|convert"):
        Pattern.from_numbers({**pattern(None).numbers(), "kernel": kernel}, pattern(None).tile)


def test_a_kernel_that_json_cannot_hold_is_left_out() -> None:
    assert pattern(np.full((1, 1, 1), np.inf, np.float32)).numbers()["kernel"] is None
    assert pattern(np.zeros((1, 1, KERNEL_NUMBERS + 1), np.float32)).numbers()["kernel"] is None
    assert pattern(np.zeros((1, 1, KERNEL_NUMBERS), np.float32)).numbers()["kernel"] is not None


def test_a_layer_is_found_by_name() -> None:
    spec = ModelSpec("m", (LayerSpec("a", "Conv2D"), LayerSpec("b/a", "Conv2D")), (), (), ())
    assert spec.layer("b/a").name == "b/a"
    with pytest.raises(KeyError):
        spec.layer("c")


def test_a_recipe_with_nothing_changed_is_the_same() -> None:
    assert RECIPES["classic"].with_(size=None, steps=None) == RECIPES["classic"]
    assert RECIPES["classic"].with_(size=128).steps == 40
