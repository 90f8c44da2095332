"""Which layers are shown side by side."""

from __future__ import annotations

import pytest

from filterviz.analysis.layer_matching import match, relative_depth
from filterviz.spec import LayerSpec, ModelSpec

VGG16_FIELDS = {
    "block1_conv1": 3,
    "block1_conv2": 5,
    "block2_conv1": 10,
    "block2_conv2": 14,
    "block3_conv1": 24,
    "block3_conv2": 32,
    "block3_conv3": 40,
    "block4_conv1": 60,
    "block4_conv2": 76,
    "block4_conv3": 92,
    "block5_conv1": 132,
    "block5_conv2": 164,
    "block5_conv3": 196,
}


def layer(name: str, field: int | None, kind: str = "Conv2D", *, visualisable: bool = True) -> LayerSpec:
    return LayerSpec(name, kind, receptive_field=field, visualisable=visualisable)


def network(*layers: LayerSpec) -> ModelSpec:
    return ModelSpec("network", layers, (), (), ())


VGG16 = network(*(layer(name, field) for name, field in VGG16_FIELDS.items()))


@pytest.mark.parametrize(
    ("field", "counterpart"),
    [
        (1, "block1_conv1"),
        (3, "block1_conv1"),
        (8, "block2_conv1"),
        (18, "block2_conv2"),
        (19, "block3_conv1"),
        (38, "block3_conv3"),
        (10_000, "block5_conv3"),
    ],
)
def test_the_nearest_receptive_field_wins_by_ratio(field: int, counterpart: str) -> None:
    assert match(layer("mine", field), VGG16).name == counterpart


def test_a_network_matches_itself() -> None:
    assert [match(item, VGG16, model=VGG16) for item in VGG16.layers] == list(VGG16.layers)


def test_only_convolutions_that_can_be_shown_are_counterparts() -> None:
    reference = network(layer("relu", 10, "Activation"), layer("hidden", 10, visualisable=False), layer("conv", 40))
    assert match(layer("mine", 10), reference).name == "conv"


def test_between_equals_the_depth_decides() -> None:
    bottleneck = network(layer("reduce", 7), layer("expand", 7))
    mine = network(*(layer(str(place), 7) for place in range(4)))
    matches = [match(item, bottleneck, model=mine).name for item in mine.layers]
    assert matches == ["reduce", "reduce", "expand", "expand"]


def test_a_layer_that_sees_everything_is_matched_by_depth() -> None:
    mine = network(layer("conv", 3), layer("classes", None, "Dense"))
    assert match(mine.layers[1], VGG16, model=mine).name == "block5_conv3"
    assert match(mine.layers[1], VGG16).name == "block5_conv3"


def test_a_reference_without_convolutions_is_said_so() -> None:
    with pytest.raises(ValueError, match="no convolution to compare with"):
        match(layer("mine", 3), network(layer("dense", None, "Dense")))


def test_relative_depth_counts_convolutions() -> None:
    mine = network(layer("a", 3), layer("pool", 4, "MaxPooling2D"), layer("b", 8), layer("c", 16), layer("d", 32))
    assert [relative_depth(item, mine) for item in mine.layers] == [0.125, 0.25, 0.375, 0.625, 0.875]
