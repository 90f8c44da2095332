"""What the rebuilt network computes, from Python and from the command line, beside what Keras computes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import filterviz
from filterviz import cli
from filterviz.cli import program
from filterviz.errors import BadRequest, EngineFailed, Stopped
from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.workers.parent import pool as pools
from tests.networks import randomise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

SIDE = 12
# Keras's own way of saving, and of reading its own configs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
Keras = Any


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    settings = replace(Settings(), cache_dir=tmp_path_factory.mktemp("cache"), workers=1, kept_models=1)
    with Workspace(settings) as workspace:
        workspace.pool.warm()
        yield workspace


def shuffled(network: Any) -> Any:
    """A network whose weights are no initial ones."""
    randomise(network, high=0.1)
    return network


def numbers_before_pictures(k: Keras) -> Any:
    """The order of the inputs is not that of their names, nor of their making."""
    picture, numbers = k.Input((SIDE, SIDE, 3), name="z_picture"), k.Input((5,), name="a_numbers")
    x = k.layers.Flatten()(k.layers.Conv2D(2, 3, strides=3)(picture))
    x = k.layers.Concatenate()([x, k.layers.Dense(3)(numbers)])
    return k.Model([numbers, picture], [k.layers.Dense(2)(x), k.layers.Dense(3)(x)])


def by_name(k: Keras) -> Any:
    """Keras orders what it is given by name by the names."""
    one, two = k.Input((SIDE, SIDE, 3), name="one"), k.Input((SIDE, SIDE, 1), name="two")
    x, y = k.layers.Conv2D(2, 3, name="x")(one), k.layers.Conv2D(3, 3, name="y")(two)
    return k.Model({"two": two, "one": one}, {"y": y, "x": x})


def whole_numbers(k: Keras) -> Any:
    start = k.Input((SIDE, SIDE, 3), dtype="uint8")
    return k.Model(start, k.layers.Conv2D(2, 3)(k.layers.Rescaling(1 / 255)(start)))


def channels_first(k: Keras) -> Any:
    start = k.Input((3, SIDE, SIDE + 2))
    x = k.layers.Conv2D(4, 3, activation="relu")(k.layers.Permute((2, 3, 1))(start))
    return k.Model(start, [k.layers.Permute((3, 1, 2))(x), x, k.layers.BatchNormalization(axis=1)(start)])


NETWORKS = [numbers_before_pictures, by_name, whole_numbers, channels_first]


@pytest.mark.parametrize(("library", "ending"), [(keras, ".keras"), (tf_keras, ".h5")], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: str(make.__name__))
def test_they_are_keras_own(
    make: Callable[[Keras], Any], library: Keras, ending: str, workspace: Workspace, tmp_path: Path
) -> None:
    network = shuffled(make(library))
    network.save(tmp_path / f"network{ending}")
    model = workspace.open(tmp_path / f"network{ending}")
    random = np.random.default_rng(1)
    inputs = [random.integers(0, 255, (5, *tensor.shape[1:]), np.uint8) for tensor in network.inputs]
    named = {tensor.name: array for tensor, array in zip(network.inputs, inputs, strict=True)}
    alone = inputs[0] if make is whole_numbers else inputs[0].astype(np.float32)
    expected = network(named if make is by_name else inputs if len(inputs) > 1 else alone, training=False)
    if isinstance(expected, dict):
        expected = [expected[name] for name in sorted(expected)]
    expected = expected if isinstance(expected, list | tuple) else [expected]
    for asked in (inputs, {f"i{number}": array for number, array in enumerate(inputs)}):
        outputs = model.outputs(asked)
        assert len(outputs) == len(expected)
        for output, wanted in zip(outputs, expected, strict=True):
            assert output is not None
            np.testing.assert_allclose(output, np.asarray(wanted), rtol=1e-4, atol=1e-4)


def test_many_examples_are_given_to_the_child_in_parts(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PART_BYTES", 40_000)
    network = shuffled(whole_numbers(keras))
    network.save(tmp_path / "network.keras")
    model = workspace.open(tmp_path / "network.keras")
    pictures = np.random.default_rng(0).integers(0, 255, (101, SIDE, SIDE, 3), np.uint8)
    told: list[tuple[int, int]] = []
    (output,) = workspace.outputs(model, pictures, progress=lambda done, count: told.append((done, count)))
    assert output is not None
    np.testing.assert_allclose(output, network(pictures), rtol=1e-4, atol=1e-5)
    assert told[0] == (0, 101)
    assert told[-1] == (101, 101)
    assert len(told) > 5
    assert told == sorted(told)

    monkeypatch.setattr(pools, "MAX_PAYLOAD", 1 << 20)
    mixing = replace(model, spec=replace(model.spec, whole_batch=True))
    with pytest.raises(BadRequest, match="computes each output from its whole batch"):
        workspace.outputs(mixing, np.zeros((700, SIDE, SIDE, 3)))
    monkeypatch.setattr(pools, "MAX_PAYLOAD", 100)
    with pytest.raises(BadRequest, match="is the most that can be given"):
        workspace.outputs(model, pictures)


def partly_cut(folder: Path) -> Path:
    """Three outputs, of which the second comes after code."""
    start = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(3, 3, name="a")(start)
    cut = keras.layers.Conv2D(2, 1, name="behind")(keras.layers.Lambda(lambda y: y * 2, name="own")(x))
    network = shuffled(keras.Model(start, [keras.layers.GlobalMaxPooling2D(name="top")(x), cut, x]))
    network.save(folder / "partly.keras")
    return folder / "partly.keras"


def test_outputs_that_cannot_be_computed_keep_their_place(workspace: Workspace, tmp_path: Path) -> None:
    model = workspace.open(partly_cut(tmp_path))
    assert model.spec.declared_outputs[1].reason == (
        "The layer 'own' stands in the way. It carries program code, which is never run."
    )
    top, missing, layer = model.outputs(np.ones((2, SIDE, SIDE, 3)))
    assert top is not None
    assert layer is not None
    assert missing is None
    np.testing.assert_allclose(top, layer.max(axis=(1, 2)))


def test_nothing_is_computed_from_what_only_code_could_prepare(workspace: Workspace, tmp_path: Path) -> None:
    """Patterns can be made there, as the network is entered after the code; what Keras computes is not known."""
    start = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(3, 3)(keras.layers.Lambda(lambda y: y * 2, name="own")(start))
    keras.Model(start, x).save(tmp_path / "entered.keras")
    model = workspace.open(tmp_path / "entered.keras")
    assert model.spec.visualisable
    with pytest.raises(BadRequest, match=r"cannot be computed\. The layer 'own' stands in the way\."):
        model.outputs(np.ones((1, SIDE, SIDE, 3)))


def test_a_computation_that_breaks_is_a_sentence(workspace: Workspace, tmp_path: Path) -> None:
    picture, words = keras.Input((SIDE, SIDE, 3)), keras.Input((4,))
    x = keras.layers.Flatten()(keras.layers.Embedding(10, 3)(words))
    y = keras.layers.GlobalMaxPooling2D()(keras.layers.Conv2D(2, 3)(picture))
    network = shuffled(keras.Model([picture, words], keras.layers.Concatenate()([x, y])))
    network.save(tmp_path / "words.keras")
    model = workspace.open(tmp_path / "words.keras")
    pictures, known = np.ones((2, SIDE, SIDE, 3)), np.array([[1, 2, 3, 4], [5, 6, 7, 9]])
    (output,) = model.outputs([pictures, known])
    assert output is not None
    np.testing.assert_allclose(output, network([pictures, known]), rtol=1e-4, atol=1e-5)
    with pytest.raises(EngineFailed, match="Check that the values are what the network expects"):
        model.outputs([pictures, known + 1000])
    assert model.outputs([pictures, known])[0] is not None


def test_what_comes_with_the_program_is_read_before_it_is_computed(workspace: Workspace) -> None:
    model = workspace.example("cats_and_dogs")
    assert model is not None
    shape = [2, *(side or 0 for side in (model.spec.input_shape or ())[1:])]
    (output,) = model.outputs(np.zeros(shape))
    assert output is not None
    assert len(output) == 2


def test_stop_is_heard(workspace: Workspace, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    whole_numbers(keras).save(tmp_path / "network.keras")
    model = workspace.open(tmp_path / "network.keras")
    with pytest.raises(Stopped):
        workspace.outputs(model, np.zeros((1, SIDE, SIDE, 3)), stop=stop)


def test_a_model_that_no_studio_opened_says_so(family_files: dict[str, Path]) -> None:
    spec = filterviz.open_model(family_files["keras_2_1.h5"]).spec
    with pytest.raises(BadRequest, match="was not opened to compute with it"):
        Model(None, "0", "it", spec).outputs([])


# The command line ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shared_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands share their worker processes, whose start is not the subject here."""
    monkeypatch.setattr(program, "Workspace", lambda _: nullcontext(workspace))


@pytest.mark.usefixtures("shared_workspace")
def test_the_command_writes_what_keras_computes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = shuffled(numbers_before_pictures(keras))
    network.save(tmp_path / "network.h5")
    random = np.random.default_rng(1)
    numbers, pictures = random.normal(size=(4, 5)), random.integers(0, 255, (4, SIDE, SIDE, 3), np.uint8)
    np.savez(tmp_path / "x.npz", i0=numbers, i1=pictures, o0=np.array(["not looked at"]))
    paths = [str(tmp_path / "network.h5"), "--input", str(tmp_path / "x.npz"), "--out", str(tmp_path / "y.npz")]
    assert cli.main(["outputs", *paths, "--json"]) == cli.DONE
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["inputs"] == [
        {"name": "i0", "layer": "a_numbers", "shape": [4, 5]},
        {"name": "i1", "layer": "z_picture", "shape": [4, SIDE, SIDE, 3]},
    ]
    assert [(output["name"], output["shape"]) for output in document["outputs"]] == [("o0", [4, 2]), ("o1", [4, 3])]
    assert document["missing"] == []
    assert document["model"]["name"] == "network.h5"
    assert "4/4 examples" in said.err
    with np.load(tmp_path / "y.npz") as written:
        assert sorted(written.files) == ["o0", "o1"]
        for name, expected in zip(("o0", "o1"), network([numbers, pictures]), strict=True):
            assert written[name].dtype == np.float32
            np.testing.assert_allclose(written[name], expected, rtol=1e-4, atol=1e-4)

    np.savez(tmp_path / "x.npz", i0=pictures, i1=numbers)
    assert cli.main(["outputs", *paths]) == cli.USAGE
    assert capsys.readouterr().err == (
        f"The inputs do not fit. i0 is [4, {SIDE}, {SIDE}, 3]. The network takes 2 inputs: i0 [n, 5] (a_numbers), "
        f"i1 [n, {SIDE}, {SIDE}, 3] (z_picture). The first axis counts the examples.\n"
    )
    assert cli.main(["outputs", *paths[:-1], str(tmp_path)]) == cli.USAGE
    assert "which is a folder" in capsys.readouterr().err


@pytest.mark.usefixtures("shared_workspace")
def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", i0=np.ones((2, SIDE, SIDE, 3)))
    paths = [str(partly_cut(tmp_path)), "--input", str(tmp_path / "x.npz"), "--out", str(tmp_path / "y.npz")]
    assert cli.main(["outputs", *paths]) == cli.DONE
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == ["o0 [2, 3] (top)", f"o2 [2, {SIDE - 2}, {SIDE - 2}, 3] (a)"]
    assert "o1 is left out. The layer 'own' stands in the way." in said.err
    with np.load(tmp_path / "y.npz") as written:
        assert sorted(written.files) == ["o0", "o2"]
    assert cli.main(["outputs", *paths, "--json"]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert [output["name"] for output in document["outputs"]] == ["o0", "o2"]
    assert [(output["name"], output["layer"]) for output in document["missing"]] == [("o1", "behind")]


def test_control_c_ends_it(tmp_path: Path) -> None:
    """Progress is seen on a terminal, and the next batch is not begun."""
    x = start = keras.Input((96, 96, 3))
    for _ in range(6):
        x = keras.layers.Conv2D(64, 3, padding="same")(x)
    keras.Model(start, keras.layers.GlobalMaxPooling2D()(x)).save(tmp_path / "slow.keras")
    np.savez(tmp_path / "x.npz", i0=np.zeros((3000, 96, 96, 3), np.uint8))
    terminal, inside = pty.openpty()
    arguments = ["slow.keras", "--input", "x.npz", "--out", "y.npz"]
    process = subprocess.Popen([sys.executable, "-m", "filterviz", "outputs", *arguments], cwd=tmp_path, stderr=inside)
    os.close(inside)
    seen = b""
    deadline = time.monotonic() + 120
    while not re.search(rb"\x1b\[K[1-9]\d*/3000 ", seen) and time.monotonic() < deadline:
        seen += os.read(terminal, 1000)
    process.send_signal(signal.SIGINT)
    try:
        while chunk := os.read(terminal, 1000):
            seen += chunk
    except OSError:
        pass  # the other end of the terminal is closed
    os.close(terminal)
    assert process.wait(60) == cli.STOPPED, seen
    assert b"/3000 examples" in seen
    assert b"Stopped" in seen
    assert not (tmp_path / "y.npz").exists()


CASES = ["dict_io.keras", "uint8_input.h5", "unet_attention.keras", "cf_more.h5", "long_names_tfk.h5", "eegnet.keras"]


@pytest.mark.usefixtures("shared_workspace")
@pytest.mark.parametrize("name", CASES)
def test_the_real_cases(name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared / "models" / "cases" / "files" / name
    if not path.is_file():
        pytest.skip("the case is not there")
    known, out = path.with_suffix(".npz"), tmp_path / "y.npz"
    code = cli.main(["outputs", str(path), "--input", str(known), "--out", str(out), "--json"])
    said = capsys.readouterr()
    assert code == cli.DONE, said.err
    with np.load(known) as right, np.load(out) as written:
        assert len(json.loads(said.out)["outputs"]) == len(written.files) == right["nout"]
        for output in written.files:
            np.testing.assert_allclose(written[output], right[output], rtol=1e-4, atol=1e-5)
