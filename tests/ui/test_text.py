from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from filterviz.service.job_state import LayerState, Status
from filterviz.service.model import Model
from filterviz.spec import Flag, LayerSpec, ModelSpec, NodeSpec, OutputSpec, PixelRange, Request
from filterviz.spec.names import LONGEST_NAME, plain
from filterviz.ui.templates import render
from filterviz.ui.text import captions, choices, labels, networks, remarks
from tests.imaging.images import pattern


def model(name: str, *layers: LayerSpec, **fields: object) -> Model:
    spec = ModelSpec("m", layers, (NodeSpec(0, (), (None, 150, 150, 3)),), (0,), (), **fields)  # type: ignore[arg-type]
    return Model(path=None, sha256="f00d", name=name, spec=spec)  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_a_name_can_neither_leave_its_tag_nor_turn_the_text_around(name: str) -> None:
    safe = render("blocks.html", "head", "", name, "").partition("<h2>")[2].partition("</h2>")[0]
    assert not set(safe) & set("<>\"'")
    assert not set(plain(name)) & set("\u202e\u202d\u2066\u200b\u200f\n\r\t\0\x1b\ud800\ufeff\u2028")
    assert len(plain(name)) <= LONGEST_NAME


def test_the_line_about_a_model() -> None:
    conv = LayerSpec("a", "Conv2D", channels=32, visualisable=True)
    deep = LayerSpec("b", "Conv2D", channels=2048, visualisable=True)
    pool = LayerSpec("p", "MaxPooling2D", channels=32, visualisable=True)
    line = networks.model_line(model("cats_and_dogs.h5", conv, pool, deep, keras_version="2.1.6"))
    assert line == "cats_and_dogs.h5 · 2 conv layers · 2,080 filters · 150x150x3 · Keras 2.1.6"
    assert networks.model_line(model("x\u202e.h5", conv)) == "x\ufffd.h5 · 1 conv layer · 32 filters · 150x150x3"


def test_a_silent_filter_is_never_passed_off_as_a_pattern() -> None:
    silent = pattern(7, flags=(Flag.SILENT,))
    assert captions.tile_mark(silent) == "stays silent"
    assert "stays silent" in captions.tip(7, silent)
    assert "stays silent" in captions.tile_alternative(7, silent)
    good = {number: pattern(number, flags=()) for number in range(3)}
    state = LayerState(Request("conv", (0, 1, 2, 7)), Status.DONE, {**good, 7: silent})
    assert remarks.summary(state) == "3 of 4 have a pattern, 1 stays silent"
    assert remarks.summary(LayerState(Request("conv", (0, 1, 2)), Status.DONE, good)) == "all 3 filters have a pattern"
    assert remarks.summary(LayerState(Request("conv", (0, 1, 2, 7)), Status.STOPPED, good)) == "3 of 4 finished"


def test_every_choice_has_words() -> None:
    for choice in PixelRange:
        assert choices.pixel_range(choice)
    for flag in Flag:
        assert captions.flag(flag).endswith(".")


def test_a_class_stands_beside_its_units_number() -> None:
    spec = model("m").spec
    spec = replace(spec, classes=(OutputSpec("top", 2, ("Cat", "\u202e<b>" + "x" * 99), ("dense",)),))
    assert labels.label_of(spec, "dense", 0) == "Cat"
    assert labels.label_of(spec, "dense", 1).startswith("\ufffd<b>x")
    assert len(labels.label_of(spec, "dense", 1)) == labels.LONGEST_LABEL
    assert labels.label_of(spec, "dense", 2) == labels.label_of(spec, "conv", 0) == ""
    good, silent = pattern(0, flags=(), response_end=2.0), pattern(0, flags=(Flag.SILENT,))
    assert captions.tile_mark(good, "Cat") == "Cat"
    assert captions.tile_mark(silent, "Cat") == "Cat · stays silent"
    assert captions.tip(0, None, "Cat") == "Filter 0 (Cat)"
    assert captions.tip(0, good, "Cat").startswith("Filter 0 (Cat) · response ")
    assert captions.tile_alternative(0, good, name="Cat") == "Pattern of filter 0 (Cat), response 2"
    assert captions.tile_alternative(0, good) == "Pattern of filter 0, response 2"


def test_a_gate_is_said_beside_how_far_a_layer_sees() -> None:
    layer = LayerSpec("a", "Conv2D", channels=32, receptive_field=38)
    gated = replace(layer, gated=True)
    assert networks.layer_line(layer) == "32 filters · sees 38 px"
    assert networks.layer_line(gated) == "32 filters · sees 38 px; a gate over the whole picture weighs its channels"
    assert networks.reference_option(gated) == "a · 32 filters · sees 38 px"
    assert [networks.seen(one) for one in (layer, gated, LayerSpec("b", "Dense"))] == ["38 px", "38 px, gated", ""]
