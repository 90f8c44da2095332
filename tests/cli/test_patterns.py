from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filterviz import cli

PATTERNS = [sys.executable, "-m", "filterviz", "patterns"]
BOTH_LAYERS = ["--layer", "conv2d_1", "--layer", "conv2d_2"]
FAST = ["--size", "16", "--steps", "3"]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


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
    ("arguments", "sentence"),
    [
        (["--layer", "conv9"], "There is no layer 'conv9' in this model. Its layers are: conv2d_1"),
        (["--layer", "conv2d_2", "--filters", "2,6"], "has no filter 6; its filters are numbered 0 to 5."),
        (["--layer", "conv2d_2", "--size", "9999"], "A tile cannot be 9999 pixels wide; choose 1 to 512."),
        (["--layer", "conv2d_2", "--steps", "0"], "A tile cannot take 0 steps; choose 1 to 4096."),
        (["--layer", "conv2d_2", "--init", "missing.npy"], "The start images 'missing.npy' cannot be read"),
    ],
)
def test_a_question_that_does_not_fit_says_which_would(
    arguments: list[str], sentence: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["patterns", model, *arguments, "--out", str(tmp_path / "out")]) == cli.USAGE
    assert sentence in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    # The layer does not exist either; the folder is complained about first.
    assert cli.main(["patterns", model, "--layer", "conv9", "--out", str(tmp_path / "taken")]) == cli.USAGE
    assert "cannot be written to" in capsys.readouterr().err


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
