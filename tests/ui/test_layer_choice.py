"""Which layers are chosen before anybody chooses, and which can be."""

from __future__ import annotations

from filterviz.spec import LayerSpec, ModelSpec
from filterviz.ui.layer_choice import layer_choices, sensible_layers


def network(*kinds: str) -> ModelSpec:
    layers = [
        LayerSpec(f"layer{at}", kind, channels=None if kind == "Flatten" else 30, visualisable=kind != "Flatten")
        for at, kind in enumerate(kinds)
    ]
    return ModelSpec("m", tuple(layers), (), (), ())


def test_the_layers_chosen_before_anybody_chooses() -> None:
    deep = network(*["Conv2D", "BatchNormalization", "Activation"] * 20, "Flatten")
    assert sensible_layers(deep) == (0, 15, 30, 42, 57)
    assert sensible_layers(network("Conv2D", "MaxPooling2D", "Conv2D", "Flatten")) == (0, 2)
    assert sensible_layers(network("Flatten")) == ()
    assert sensible_layers(network("Activation", "Flatten")) == (0,)
    assert list(layer_choices(network("Conv2D", "MaxPooling2D", "Flatten"), every=True)) == [0, 1]
