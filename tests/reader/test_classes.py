"""Which outputs have units, and which layer's filters these are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras
import pytest

from filterviz.reader import open_model
from filterviz.reader.classes import labelled
from filterviz.settings import Settings
from filterviz.spec import ModelSpec, OutputSpec

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving

L = keras.layers


def read(network: Any, folder: Path, labels: str | None = None) -> ModelSpec:
    """A network as it comes out of a file, or out of a zip archive with labels beside it."""
    path = folder / "model.keras"
    network.save(path)
    if labels is not None:
        packed = folder / "model.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, "model.keras")
            archive.writestr("labels.txt", labels)
        path = packed
    with open_model(path, Settings()) as model:
        return model.spec


def sequential(*layers: Any) -> Any:
    return keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(4, 3, name="conv"), *layers])


@pytest.mark.parametrize(
    ("layers", "last", "shown_by"),
    [
        ([L.Flatten(), L.Dense(3, "softmax", name="top")], "top", ("top",)),
        ([L.Flatten(), L.Dense(3, name="top"), L.Activation("softmax", name="act")], "act", ("top",)),
        ([L.Flatten(), L.Dense(3, name="top"), L.Softmax(name="act"), L.Dropout(0.5, name="drop")], "drop", ("top",)),
        ([L.Conv2D(3, 1, name="top"), L.GlobalAveragePooling2D(name="pool")], "pool", ("top",)),
        ([L.Conv2D(3, 6, name="top"), L.Flatten(name="flat")], "flat", ("top",)),
        ([L.Conv2D(3, 6, name="top"), L.Reshape((3,), name="shape"), L.Softmax(name="act")], "act", ("top",)),
        # Behind these a unit is no longer one filter.
        ([L.Conv2D(3, 1), L.Flatten(name="flat")], "flat", ()),
        ([L.Flatten(), L.Dense(3, name="top"), L.LayerNormalization(name="norm")], "norm", ()),
    ],
)
def test_the_layers_whose_filters_are_the_units(
    layers: list[Any], last: str, shown_by: tuple[str, ...], tmp_path: Path
) -> None:
    (output,) = read(sequential(*layers), tmp_path).classes
    assert (output.layer, output.shown_by, output.labels) == (last, shown_by, ())
    assert output.units == (108 if last == "flat" and not shown_by else 3)


def test_a_map_has_no_units(tmp_path: Path) -> None:
    assert read(sequential(), tmp_path).classes == ()


def test_labels_go_to_the_one_output_that_has_as_many_units(tmp_path: Path) -> None:
    picture = keras.Input((8, 8, 3))
    flat = L.Flatten()(L.Conv2D(4, 3)(picture))
    network = keras.Model(picture, [L.Dense(2, name="kind")(flat), L.Dense(5, name="breed")(flat)])
    spec = read(network, tmp_path, "0 a\n1 b\n2 c\n3 d\n4 e\n")
    assert [(item.layer, item.units, item.labels) for item in spec.classes] == [
        ("kind", 2, ()),
        ("breed", 5, ("a", "b", "c", "d", "e")),
    ]
    assert spec.labels("breed")[3] == "d"
    assert spec.labels("kind") == ()
    assert spec.labels("conv") == ()
    assert spec.notes == ()


@pytest.mark.parametrize(
    ("units", "labels", "words"),
    [
        ([2], b"a\nb\nc\n", "holds 3 names, and the network's outputs have 2 units"),
        ([1], b"cat\ndog\n", "holds 2 names, and the network's outputs have 1 units"),
        ([2, 2], b"a\nb\n", "holds 2 names, and the network's outputs have 2 and 2 units"),
        ([], b"a\nb\n", "outputs have none units"),
        ([2], b"\0", "is no text and was left out"),
    ],
)
def test_labels_of_which_it_is_not_sure_what_they_are_for_are_left_out_and_that_is_said(
    units: list[int], labels: bytes, words: str
) -> None:
    outputs = tuple(OutputSpec(f"out{at}", count) for at, count in enumerate(units))
    found, note = labelled(outputs, labels)
    assert found == outputs
    assert note is not None
    assert words in note


def test_no_labels_are_no_news() -> None:
    assert labelled([OutputSpec("out", 2)], None) == ((OutputSpec("out", 2),), None)
