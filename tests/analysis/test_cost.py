from __future__ import annotations

import pytest

from filterviz.analysis.cost import cost
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec
from filterviz.storage.bundled import BundledPatterns


def chain(*layers: LayerSpec) -> ModelSpec:
    nodes = tuple(NodeSpec(at, (at - 1,) if at else ()) for at in range(len(layers)))
    return ModelSpec("m", layers, nodes, (0,), (len(layers) - 1,))


PICTURE = LayerSpec("picture", "InputLayer")


def conv(name: str, channels: int, filters: int, strides: tuple[int, int] = (1, 1), kind: str = "Conv2D") -> LayerSpec:
    return LayerSpec(name, kind, params={"strides": strides}, weight_shapes=((3, 3, channels, filters), (filters,)))


def test_vgg16_costs_what_its_paper_says() -> None:
    """15.3 thousand million multiplications for an image of 224 x 224, nearly all of them in its convolutions."""
    spec = BundledPatterns().models["vgg16"].spec
    assert cost(spec, spec.layer("block5_conv3")) * 224 * 224 == pytest.approx(15.35e9, rel=0.01)


def test_what_makes_the_picture_smaller_or_larger() -> None:
    first, second = conv("a", 3, 4), conv("b", 4, 4)
    alone = cost(chain(PICTURE, second), second)
    for layer, factor in (
        (LayerSpec("p", "MaxPooling2D", params={"pool_size": [2, 2]}), 1 / 4),
        (LayerSpec("p", "MaxPooling2D", params={"pool_size": [3, 3], "strides": [2, 2]}), 1 / 4),
        (LayerSpec("p", "AveragePooling2D", params={"pool_size": 2, "strides": None}), 1 / 4),
        (LayerSpec("u", "UpSampling2D", params={"size": [2, 2]}), 4),
        (LayerSpec("r", "ReLU"), 1),
    ):
        model = chain(PICTURE, first, layer, second)
        assert cost(model, second) == pytest.approx(cost(model, first) + factor * alone), layer
    up = conv("t", 3, 4, (2, 2), kind="Conv2DTranspose")
    assert cost(chain(PICTURE, up), up) == 3 * 3 * 3 * 4, "it works at the size of what comes in"


def test_only_what_a_layer_depends_on_counts() -> None:
    left, right = conv("left", 3, 8), conv("right", 3, 8)
    model = ModelSpec("m", (PICTURE, left, right), (NodeSpec(0), NodeSpec(1, (0,)), NodeSpec(2, (0,))), (0,), (1, 2))
    assert cost(model, right) == cost(model, left) == 3 * 3 * 3 * 8
    assert cost(model, LayerSpec("elsewhere", "Conv2D")) == 0
