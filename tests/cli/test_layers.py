from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras
import pytest

from filterviz import cli


def test_layers_lists_the_layers_in_the_order_of_the_network(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", model, "--json"]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    names = [layer["name"] for layer in document["layers"]]
    assert names.index("conv2d_1") < names.index("max_pooling2d_1") < names.index("conv2d_2")
    first = next(layer for layer in document["layers"] if layer["name"] == "conv2d_1")
    assert first == {
        "name": "conv2d_1",
        "kind": "Conv2D",
        "channels": 4,
        "output_shape": [None, 16, 16, 4],
        "receptive_field": 3,
        "gated": False,
        "visualisable": True,
        "reason": None,
    }
    assert set(document["model"]) >= {"name", "sha256", "keras_version", "input_shape"}


@pytest.fixture
def download(family_files: dict[str, Path], tmp_path: Path) -> str:
    """What Teachable Machine's export is."""
    path = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(family_files["keras_2_1.h5"], "keras_model.h5")
        archive.writestr("labels.txt", "0 Cat\n1 \x1b[2JDog\n")
    return str(path)


def test_outputs_and_what_their_units_stand_for(download: str, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", download, "--json"]) == cli.DONE
    labels = ["Cat", "\ufffd[2JDog"]
    assert json.loads(capsys.readouterr().out)["outputs"] == [{"layer": "dense_1", "units": 2, "labels": labels}]
    assert cli.main(["layers", model, "--json"]) == cli.DONE
    assert json.loads(capsys.readouterr().out)["outputs"] == [{"layer": "dense_1", "units": 2, "labels": []}]
    assert cli.main(["layers", download]) == cli.DONE
    assert "Units of dense_1: 0 Cat, 1 \ufffd[2JDog" in capsys.readouterr().out


def test_layers_as_a_table(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", model]) == cli.DONE
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("conv2d_2"))
    assert line.split()[:4] == ["conv2d_2", "Conv2D", "6", "8x8x6"]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way of saving
def test_layers_behind_a_gate_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = start = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, name="before")(x)
    x = keras.layers.Multiply()([x, keras.layers.GlobalAveragePooling2D(keepdims=True)(x)])
    keras.Model(start, keras.layers.Conv2D(4, 3, name="behind")(x)).save(tmp_path / "model.keras")
    assert cli.main(["layers", str(tmp_path / "model.keras")]) == cli.DONE
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("behind"))
    assert line.endswith("5 px, gated")
    assert cli.main(["layers", str(tmp_path / "model.keras"), "--json"]) == cli.DONE
    layers = {layer["name"]: layer for layer in json.loads(capsys.readouterr().out)["layers"]}
    assert (layers["behind"]["receptive_field"], layers["behind"]["gated"]) == (5, True)
    assert layers["before"]["gated"] is False


def test_bare_weights_are_opened_as_what_they_are(vgg16_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", str(vgg16_weights), "--json"]) == cli.REFUSED
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert (refused["code"], refused["where"]) == ("weights-only", "VGG16")
    assert cli.main(["layers", str(vgg16_weights), "--json", "--as", "VGG16"]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["architecture"] == "vgg16"
    assert document["layers"][1]["name"] == "block1_conv1"
