"""A class stands beside the number of its unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from filterviz.service.model import Model
from filterviz.spec import Flag, LayerSpec, ModelSpec, NodeSpec, OutputSpec
from filterviz.ui.text import captions, labels
from tests.imaging.images import pattern


def model(name: str, *layers: LayerSpec, **fields: Any) -> Model:
    spec = ModelSpec("m", layers, (NodeSpec(0, (), (None, 150, 150, 3)),), (0,), (), **fields)
    return Model(path=None, sha256="f00d", name=name, spec=spec)


def test_a_class_stands_beside_its_units_number() -> None:
    spec = model("m").spec
    spec = replace(spec, classes=(OutputSpec("top", 2, ("Cat", "\u202e<b>" + "x" * 99), ("dense",)),))
    assert labels.label_of(spec, "dense", 0) == "Cat"
    assert labels.label_of(spec, "dense", 1).startswith("\ufffd<b>x")
    assert len(labels.label_of(spec, "dense", 1)) == labels.LONGEST_LABEL
    assert labels.label_of(spec, "dense", 2) == labels.label_of(spec, "conv", 0) == ""
    good, silent = pattern(0, flags=(), response_end=2.0), pattern(0, flags=(Flag.SILENT,))
    assert captions.tile_mark(good, "Cat") == "Cat"
    assert captions.tile_mark(silent, "Cat") == "Cat · never active"
    assert captions.tip(0, None, "Cat") == "Filter 0 (Cat)"
    assert captions.tip(0, good, "Cat").startswith("Filter 0 (Cat) · response ")
    assert captions.tile_alternative(0, good, name="Cat") == "Pattern of filter 0 (Cat), response 2"
    assert captions.tile_alternative(0, good) == "Pattern of filter 0, response 2"
