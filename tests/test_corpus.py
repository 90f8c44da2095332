"""Real model files from public repositories: each opens, or is refused for the right reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine.network import build
from filterviz.engine.whole_network import build_whole
from filterviz.errors import Refused
from filterviz.reader import OpenedModel, open_model
from filterviz.reader.stored import Stored
from filterviz.settings import Settings
from tests.conftest import SHARED

FOLDER = SHARED / "models" / "corpus"
MANIFEST = FOLDER / "manifest.json"
ENTRIES: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.is_file() else []

REFUSED_AS = {
    "weights-only": {"weights-only", "not-a-model"},
    "non-cnn": {"no-image-layers", "code-in-file"},
    "corrupt": {"damaged", "not-a-model"},
    "zip-no-config": {"not-a-model"},
}

OTHER_OUTPUT = {
    "Yushgoel__AdversarialAttack__dropout_model.hdf5": "Dropout is called with training=True, so the record is random",
    "darthdaenerys__Fashion-MNIST-GAN__CGAN_discriminator.h5": "recorded with the label 1, for which it does agree",
    "deeplearning4j__dl4j-test-resources__conv2d_theano_2.h5": "saved by Theano, whose kernels no loader turns",
}
"""Files whose recorded output is not what the network computes, and why."""

FROM_A_VECTOR = {"darthdaenerys__Fashion-MNIST-GAN__CGAN_generator.h5"}
"""Generators: no image goes in, so there is none to paint on."""


def named(entries: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("entry", entries, ids=[entry["file"][:70] for entry in entries])


def networks() -> list[dict[str, Any]]:
    return [entry for entry in ENTRIES if entry["kind"] == "cnn"]


@pytest.fixture
def model(entry: dict[str, Any], corpus: Path) -> Iterator[OpenedModel]:
    with open_model(corpus / "files" / entry["file"], Settings()) as model:
        yield model


def input_sides(model: OpenedModel) -> Iterator[list[int]]:
    """The inputs' shapes without the batch, in the file's layout; open sizes are as the manifest has them."""
    for node in model.spec.inputs:
        _, *sides = model.spec.nodes[node].output_shape or ()
        if model.spec.channels_first and len(sides) >= 3:
            sides = [sides[-1], *sides[:-1]]
        yield [side or (64 if len(sides) >= 3 else 16) for side in sides]


@pytest.mark.usefixtures("corpus")
def test_the_corpus_is_there() -> None:
    assert len(ENTRIES) == 136
    assert len(networks()) == 113


@named(networks())
def test_a_network_opens_and_lists_its_layers(entry: dict[str, Any], model: OpenedModel) -> None:
    spec = model.spec
    assert spec.keras_version == (entry["keras_version"] or "")
    convolutions = [layer for layer in spec.layers if "Conv" in layer.kind]
    assert len(convolutions) >= min(entry["n_conv"], 1)
    for layer in spec.layers:
        assert layer.visualisable == (layer.reason is None)
        assert layer.reason is None or layer.reason.endswith(".")
    if entry["picture"] and entry["file"] not in FROM_A_VECTOR:
        assert spec.visualisable
        assert all(layer.channels and layer.channels > 0 for layer in spec.visualisable)
    else:
        assert not spec.visualisable


@named([entry for entry in networks() if entry["picture"] and entry["file"] not in FROM_A_VECTOR])
def test_layers_that_can_be_shown_have_a_gradient(model: OpenedModel) -> None:
    """The first and a middle layer: the output has the listed channels and depends on the image."""
    layers = model.spec.visualisable
    for layer in {layers[0].name: layers[0], layers[len(layers) // 2].name: layers[len(layers) // 2]}.values():
        network = build(model, layer.name, pre_activation=True)
        side = network.next_size(16)
        assert network.input_size is not None or side is not None
        size = network.input_size or (side or 0, side or 0)
        pictures = tf.constant(np.random.default_rng(0).random((1, *size, network.input_channels), np.float32))
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            output = network(pictures, tf.constant([0]))
        assert output.shape[-1] == 1
        assert np.isfinite(tape.gradient(output, pictures).numpy()).all()
        assert network(pictures).shape[-1] == layer.channels


@named([entry for entry in networks() if entry.get("reference")])
def test_the_rebuilt_network_computes_what_the_original_does(entry: dict[str, Any], model: OpenedModel) -> None:
    random = np.random.default_rng(0)
    inputs = [random.random([1, *sides], np.float32) for sides in input_sides(model)]
    output = build_whole(model)(inputs)[0].numpy()
    expected = entry["reference"]["output_head"]
    assert list(output.shape[1:]) == entry["reference"]["output_shapes"][0][1:]
    # A file may fix a batch of many images, of which only one is computed here.
    count = min(output.size, len(expected))
    same = np.allclose(output.ravel()[:count], expected[:count], rtol=1e-4, atol=1e-5)
    assert same == (entry["file"] not in OTHER_OUTPUT)


@named([entry for entry in ENTRIES if entry["kind"] != "cnn"])
def test_what_is_no_network_over_pictures_is_refused(entry: dict[str, Any], corpus: Path) -> None:
    with pytest.raises(Refused) as refusal:
        open_model(corpus / "files" / entry["file"], Settings())
    assert refusal.value.code.value in REFUSED_AS[entry["kind"]]
    assert refusal.value.what.endswith(".")
    assert refusal.value.hint.endswith(".")


def test_theanos_kernels_are_turned(corpus: Path) -> None:
    """Theano convolves: the kernel is turned by half a turn before it is laid over the image."""
    with open_model(corpus / "files" / "deeplearning4j__dl4j-test-resources__conv2d_theano_2.h5", Settings()) as model:
        layer = next(layer for layer in model.spec.layers if layer.kind == "Conv2D")
        first = model._stored[layer.name][0]
        assert isinstance(first, Stored)
        stored = first.array.read()
        kernel, bias = model.weights(layer)
        picture = np.random.default_rng(0).random(
            (1, *(side or 1 for side in (model.spec.input_shape or ())[1:])), np.float32
        )
        output = build_whole(model)([picture])[0].numpy()
    np.testing.assert_array_equal(kernel, stored[::-1, ::-1])
    height, width = kernel.shape[:2]
    patch = picture[0, :height, :width]
    convolved = sum(patch[height - 1 - i, width - 1 - j] @ stored[i, j] for i in range(height) for j in range(width))
    np.testing.assert_allclose(output[0, 0, 0], convolved + bias, rtol=1e-4)
