from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from filterviz import cli
from filterviz.cli import program
from filterviz.cli.arguments import filter_numbers
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings

PATTERNS = [sys.executable, "-m", "filterviz", "patterns"]
BOTH_LAYERS = ["--layer", "conv2d_1", "--layer", "conv2d_2"]
FAST = ["--size", "16", "--steps", "3"]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(replace(Settings(), cache_dir=tmp_path_factory.mktemp("cache"))) as workspace:
        yield workspace


@pytest.fixture
def shared_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands share their worker processes, for tests whose subject is not where those come from."""
    monkeypatch.setattr(program, "Workspace", lambda _: nullcontext(workspace))


@pytest.fixture
def model(family_files: dict[str, Path]) -> str:
    return str(family_files["keras_2_1.h5"])


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


def test_patterns_writes_the_wall_the_tiles_and_what_was_done(model: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [*PATTERNS, model, *BOTH_LAYERS, "--recipe", "classic", "--filters", "0-2", "--out", out, "--json", *FAST],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == cli.DONE, done.stderr
    document = json.loads(done.stdout)
    assert document == json.loads((out / "run.json").read_text())
    assert document["recipe"] == {
        "name": "classic",
        "size": 16,
        "steps": 3,
        "seed": 0,
        "objective": "channel",
        "pictures": 1,
    }
    assert document["precision"] == "float32"
    assert set(document["versions"]) >= {"filterviz", "keras", "tensorflow"}
    assert [(tile["layer"], tile["filter"]) for tile in document["tiles"]] == [
        (layer, channel) for layer in ("conv2d_1", "conv2d_2") for channel in range(3)
    ]
    for tile in document["tiles"]:
        assert set(tile) >= {"file", "response_start", "response_end", "flags", "seed", "seconds"}
        assert size_of(out / tile["file"]) == (16, 16)
    assert size_of(out / "conv2d_1_pattern.png")[1] == 3 * 16 + 2 * 5
    assert "6/6 tiles" in done.stderr


@pytest.mark.usefixtures("shared_workspace")
def test_several_pictures_of_a_filter_share_its_tile(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["patterns", model, "--layer", "conv2d_2", "--filters", "0,1", *FAST, "--pictures", "4", "--json"]
    assert cli.main([*arguments, "--out", str(tmp_path)]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["recipe"]["pictures"] == 4
    assert [len(tile["responses"]) for tile in document["tiles"]] == [4, 4]
    assert size_of(tmp_path / "conv2d_2" / "f001.png") == (36, 36)


@pytest.mark.usefixtures("shared_workspace")
def test_start_pictures_can_be_given(model: str, tmp_path: Path) -> None:
    start = np.random.default_rng(0).uniform(100, 150, (2, 16, 16, 3)).astype(np.float32)
    np.save(tmp_path / "start.npy", start)
    arguments = ["patterns", model, "--layer", "conv2d_2", "--filters", "1,4", "--recipe", "classic", *FAST]
    out = [tmp_path / "given", tmp_path / "seeded"]
    assert cli.main([*arguments, "--init", str(tmp_path / "start.npy"), "--out", str(out[0])]) == cli.DONE
    assert cli.main([*arguments, "--out", str(out[1])]) == cli.DONE
    given, seeded = (json.loads((folder / "run.json").read_text())["tiles"] for folder in out)
    assert [tile["filter"] for tile in given] == [1, 4]
    assert all(one["response_start"] != two["response_start"] for one, two in zip(given, seeded, strict=True))


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"not a model at all", "not-a-model"), (None, "damaged")],
)
def test_a_refused_file(
    content: bytes | None, code: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.h5"
    path.write_bytes(Path(model).read_bytes()[:3000] if content is None else content)

    assert cli.main(["layers", str(path)]) == cli.REFUSED
    assert f"Refused ({code}): " in capsys.readouterr().err

    assert cli.main(["layers", str(path), "--json"]) == cli.REFUSED
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert refused["code"] == code
    assert refused["message"].endswith(".")
    assert refused["hint"].endswith(".")


def test_weights_alone_are_refused(family_files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", str(family_files["keras_2_weights_only.h5"])]) == cli.REFUSED
    assert "Refused (weights-only): " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--layer", "conv9"], "There is no layer 'conv9' in this model. Its layers are: conv2d_1"),
        (["--layer", "conv2d_2", "--filters", "2,6"], "has no filter 6; its filters are numbered 0 to 5."),
        (["--layer", "conv2d_2", "--size", "9999"], "A tile cannot be 9999 pixels wide; choose 1 to 512."),
        (["--layer", "conv2d_2", "--steps", "0"], "A tile cannot take 0 steps; choose 1 to 4096."),
        (["--layer", "conv2d_2", "--init", "missing.npy"], "The start pictures 'missing.npy' cannot be read"),
    ],
)
def test_a_question_that_does_not_fit_says_which_would(
    arguments: list[str], sentence: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["patterns", model, *arguments, "--out", str(tmp_path / "out")]) == cli.USAGE
    assert sentence in capsys.readouterr().err


def test_a_missing_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", str(tmp_path / "none.h5")]) == cli.USAGE
    assert "cannot be read: No such file or directory." in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    # The layer does not exist either; the folder is complained about first.
    assert cli.main(["patterns", model, "--layer", "conv9", "--out", str(tmp_path / "taken")]) == cli.USAGE
    assert "cannot be written to" in capsys.readouterr().err


def test_a_setting_that_makes_no_sense_is_wrong_usage(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERVIZ_MAX_SIZE", "huge")
    assert cli.main(["layers", model]) == cli.USAGE
    assert "FILTERVIZ_MAX_SIZE is 'huge', which is not a whole number" in capsys.readouterr().err


def test_bare_weights_are_opened_as_what_they_are(vgg16_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", str(vgg16_weights), "--json"]) == cli.REFUSED
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert (refused["code"], refused["where"]) == ("weights-only", "VGG16")
    assert cli.main(["layers", str(vgg16_weights), "--json", "--as", "VGG16"]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["architecture"] == "vgg16"
    assert document["layers"][1]["name"] == "block1_conv1"


def test_missing_vgg16_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERVIZ_VGG16_WEIGHTS", str(tmp_path / "none.h5"))
    assert cli.main(["layers", "vgg16"]) == cli.FAILED
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_control_c_stops_and_keeps_what_is_finished(model: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*PATTERNS, model, *BOTH_LAYERS, "--filters", "0-3", "--size", "128", "--steps", "400", "--out", out],
        stderr=subprocess.PIPE,
        text=True,
    )
    cache = Path(os.environ["FILTERVIZ_CACHE_DIR"]) / "tiles"
    deadline = time.monotonic() + 120
    while not list(cache.glob("*/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == cli.STOPPED, errors
    assert "4 of 8 tiles were finished and are kept." in errors
    assert len(json.loads((out / "run.json").read_text())["tiles"]) == 4


@pytest.mark.parametrize(("text", "filters"), [("0-3,7", (0, 1, 2, 3, 7)), ("5", (5,)), ("all", ()), ("1,1", (1,))])
def test_filters(text: str, filters: tuple[int, ...]) -> None:
    assert filter_numbers(text) == filters


@pytest.mark.parametrize("text", ["", "a", "3-1", "-2", "1;2", "1-"])
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="does not say which filters"):
        filter_numbers(text)


@pytest.mark.usefixtures("shared_workspace")
def test_the_signed_pixel_range_is_not_taken_for_an_option(model: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--layer", "conv2d_1", "--filters", "0", "--pixel-range", "-1-1", "--out", str(out), *FAST]
    assert cli.main(["patterns", model, *arguments]) == cli.DONE
    assert json.loads((out / "run.json").read_text())["tiles"][0]["pixel_range"] == "-1-1"


def test_what_was_made_before_comes_from_the_store(model: str, tmp_path: Path) -> None:
    arguments = ["patterns", model, "--layer", "conv2d_1", "--filters", "0-1", *FAST, "--out"]
    assert cli.main([*arguments, str(tmp_path / "first")]) == cli.DONE
    assert cli.main([*arguments, str(tmp_path / "second")]) == cli.DONE
    first, second = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("first", "second"))
    # The seconds are those of the first run: nothing was computed again.
    assert first == second
