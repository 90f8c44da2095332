"""Older names of classes and settings in the words of today."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.layers import KINDS, modernise
from filterviz.layers.older_names import KEPT_BY_NAME, KERAS, OWN_HARD_SIGMOID, class_of, modern_settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"nb_filter": 3, "filter_length": 5}, {"filters": 3, "kernel_size": 5}),
        ({"nb_row": 3, "nb_col": 5}, {"kernel_size": [3, 5]}),
        ({"kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3}, {"kernel_size": [1, 2, 3]}),
        ({"dim_ordering": "th"}, {"data_format": "channels_first"}),
        ({"dim_ordering": 3}, {"data_format": None}),
        ({"subsample": [2, 2], "strides": [1, 1]}, {"subsample": [2, 2], "strides": [1, 1]}),
        ({"activation": "hard_sigmoid"}, {"activation": OWN_HARD_SIGMOID}),
    ],
)
def test_settings_of_keras_1(config: dict[str, Any], expected: dict[str, Any]) -> None:
    assert modern_settings(config, keras_3=False) == expected


def test_the_hard_sigmoid_of_keras_3_is_its_own() -> None:
    assert modern_settings({"activation": "hard_sigmoid"}, keras_3=True) == {"activation": "hard_sigmoid"}


def test_a_random_crop_of_keras_2_makes_images_smaller_after_training_too() -> None:
    name, config = modernise("RandomCrop", {"height": 4, "width": 5, "seed": 1}, keras_3=False)
    assert (name, config["height"], config["width"], config["crop_to_aspect_ratio"]) == ("Resizing", 4, 5, True)
    assert modernise("RandomCrop", {"height": 4, "width": 5}, keras_3=True)[0] == "RandomCrop"


@given(name=st.sampled_from(sorted(KINDS)), config=st.dictionaries(st.text(max_size=12), JSON, max_size=6))
def test_any_configuration_is_brought_into_todays_words(name: str, config: dict[str, Any]) -> None:
    modern_name, modern = modernise(name, config, keras_3=False)
    assert modern_name == name
    again = modernise(modern_name, modern, keras_3=True)
    assert again == (modern_name, modern)


@given(
    registered=st.none() | st.text(max_size=12) | st.just("Own>Conv2D"),
    module=st.none() | st.text(max_size=12) | st.just("keras.layers"),
)
def test_a_class_from_elsewhere_never_gets_a_name_of_kerass(registered: str | None, module: str | None) -> None:
    found = class_of({"class_name": "Conv2D", "registered_name": registered, "module": module})
    elsewhere = registered is not None and (">" in registered or module is None or module.split(".")[0] not in KERAS)
    unqualified = registered.rpartition(">")[2] if elsewhere and registered is not None and ">" in registered else ""
    assert (found == "Conv2D") is not elsewhere or unqualified in KEPT_BY_NAME
