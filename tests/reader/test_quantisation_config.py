"""How a configuration says that a layer is quantised, in the forms that Keras 3.4 to 3.15 write."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.layers.config_values import Unsupported
from filterviz.reader.quantisation_config import ABS_MAX, MODES, mode_of, rounding_of
from filterviz.reader.quantised import packing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def policy(**config: Any) -> dict[str, Any]:
    return {"dtype": {"class_name": "QuantizedDTypePolicy", "config": config}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"dtype": "int8_from_float32"}, "int8"),
        (policy(mode="int8", source_name="float32"), "int8"),
        (policy(mode="int4/128"), "int4"),
        (policy(name="float8_from_mixed_bfloat16"), "float8"),
        (policy(mode="gptq/4/128"), "gptq"),
        ({"dtype": "int8"}, None),  # whole numbers, which are another thing
        ({"dtype": "float32"}, None),
        (policy(name="mixed_float16"), None),
        ({"dtype": "ternary_from_float32"}, None),
        ({}, None),
        ({"dtype": 3}, None),
    ],
)
def test_the_mode_is_read_in_every_form(config: dict[str, Any], expected: str | None) -> None:
    assert mode_of(config) == expected


def rounding(quantizer: Any) -> dict[str, Any]:
    return {"quantization_config": {"class_name": "x", "config": {"activation_quantizer": quantizer}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ABS_MAX),
        ({"quantization_config": {"config": {}}}, ABS_MAX),
        (rounding(None), None),
        (rounding({"class_name": "AbsMaxQuantizer", "config": {}}), ABS_MAX),
        (
            rounding({"class_name": "AbsMaxQuantizer", "config": {"value_range": [-7, 7], "epsilon": 0.5}}),
            {"low": -7, "high": 7, "epsilon": 0.5},
        ),
    ],
)
def test_the_rounding_of_inputs_is_read(config: dict[str, Any], expected: dict[str, float] | None) -> None:
    assert rounding_of(config) == expected


@pytest.mark.parametrize(
    "quantizer",
    [
        {"class_name": "system", "config": {}},
        {"class_name": "AbsMaxQuantizer"},
        {"class_name": "AbsMaxQuantizer", "config": {"value_range": [1]}},
        {"class_name": "AbsMaxQuantizer", "config": {"value_range": "ab"}},
        {"class_name": "AbsMaxQuantizer", "config": {"epsilon": 1e300}},
        "AbsMaxQuantizer",
    ],
)
def test_any_other_rounding_is_not_rebuilt(quantizer: Any) -> None:
    with pytest.raises(Unsupported):
        rounding_of(rounding(quantizer))


@given(st.dictionaries(st.sampled_from(["dtype", "quantization_config", "lora_rank", "lora_alpha"]), JSON))
def test_any_configuration_has_an_answer(config: dict[str, Any]) -> None:
    assert mode_of(config) in (*MODES, None)
    with suppress(Unsupported):
        packing("Dense", config, archive=False)


def test_quantised_and_adapted_at_once_is_not_rebuilt() -> None:
    with pytest.raises(Unsupported):
        packing("Dense", {"dtype": "int8_from_float32", "lora_rank": 2}, archive=False)
    assert packing("Dense", {"dtype": "int8_from_float32", "lora_rank": 2}, archive=True) is not None


def test_layers_that_keras_does_not_quantise_have_no_rule() -> None:
    assert packing("Conv2D", {"dtype": "int8_from_float32"}, archive=True) is None
    assert packing("Conv2D", {"lora_rank": 2}, archive=False) is not None
    assert packing("Dense", {"dtype": "float32"}, archive=False) is None
