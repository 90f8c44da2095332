"""Networks and layers in a few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from filterviz.service.model import Model
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec
from filterviz.ui.text import networks


def model(name: str, *layers: LayerSpec, **fields: Any) -> Model:
    spec = ModelSpec("m", layers, (NodeSpec(0, (), (None, 150, 150, 3)),), (0,), (), **fields)
    return Model(path=None, sha256="f00d", name=name, spec=spec)


def test_the_line_about_a_model() -> None:
    conv = LayerSpec("a", "Conv2D", channels=32, visualisable=True)
    deep = LayerSpec("b", "Conv2D", channels=2048, visualisable=True)
    pool = LayerSpec("p", "MaxPooling2D", channels=32, visualisable=True)
    line = networks.model_line(model("cats_and_dogs.h5", conv, pool, deep, keras_version="2.1.6"))
    assert line == "cats_and_dogs.h5 · 2 conv layers · 2,080 filters · 150x150x3 · Keras 2.1.6"
    assert networks.model_line(model("x\u202e.h5", conv)) == "x\ufffd.h5 · 1 conv layer · 32 filters · 150x150x3"


def test_a_gate_is_said_beside_how_far_a_layer_sees() -> None:
    layer = LayerSpec("a", "Conv2D", channels=32, receptive_field=38)
    gated = replace(layer, gated=True)
    assert networks.layer_line(layer) == "32 filters · sees 38 pixels across"
    assert (
        networks.layer_line(gated)
        == "32 filters · sees 38 pixels across; a gate over the whole image weighs its channels"
    )
    assert networks.reference_option(gated) == "a · 32 filters · sees 38 pixels across"
    assert [networks.seen(one) for one in (layer, gated, LayerSpec("b", "Dense"))] == ["38 px", "38 px, gated", ""]
