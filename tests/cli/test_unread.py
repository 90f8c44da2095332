"""Commands whose reader goes away, as in ``layers FILE | head``: they end quietly, and so do their processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest

from filterviz import cli
from tests.workers.conftest import write_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")

TILE = ["--size", "16", "--steps", "1"]


@pytest.fixture(scope="module")
def folder(family_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: a network, inputs for it, what is no network, and no images to check."""
    folder = tmp_path_factory.mktemp("unread")
    (folder / "net.h5").write_bytes(family_files["keras_2_1.h5"].read_bytes())
    (folder / "letter.h5").write_bytes(b"Dear model, " * 9)
    (folder / "none").mkdir()
    np.savez(folder / "x.npz", i0=np.zeros((1, 16, 16, 3)))
    return folder


def left_alone(arguments: Sequence[str], folder: Path, *, errors_too: bool = False, **environment: str) -> str:
    """Run a command that nobody listens to; it must end quietly, with the processes it started. Returns its errors."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    variables |= {"FILTERVIZ_CACHE_DIR": str(folder / "cache"), **environment}
    receiving, sending = os.pipe()
    os.close(receiving)
    command = [sys.executable, "-m", "filterviz", *arguments]
    errors = subprocess.STDOUT if errors_too else subprocess.PIPE
    with subprocess.Popen(command, stdout=sending, stderr=errors, cwd=folder, env=variables, text=True) as process:
        os.close(sending)
        started: set[psutil.Process] = set()
        while process.poll() is None:
            try:
                started |= set(psutil.Process(process.pid).children(recursive=True))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.05)
        said = "" if process.stderr is None else process.stderr.read()
        assert process.wait() == cli.UNREAD, said
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not alive
    return said


COMMANDS = {
    "layers": ["layers", "net.h5"],
    "layers as JSON": ["layers", "net.h5", "--json"],
    "a refusal as JSON": ["layers", "letter.h5", "--json"],
    "patterns": ["patterns", "net.h5", "--layer", "conv2d_1", "--filters", "0", *TILE, "--out", "made"],
    "patterns as JSON": [
        "patterns",
        "net.h5",
        "--layer",
        "conv2d_1",
        "--filters",
        "0",
        *TILE,
        "--out",
        "made",
        "--json",
    ],
    "compare": ["compare", "net.h5", "net.h5", "--layer", "conv2d_1", "--count", "1", *TILE, "--out", "beside"],
    "outputs": ["outputs", "net.h5", "--input", "x.npz", "--out", "y.npz"],
    "outputs as JSON": ["outputs", "net.h5", "--input", "x.npz", "--out", "y.npz", "--json"],
    "atlas": ["atlas", "check", "--folder", "none"],
    "version": ["--version"],
    "help": ["--help"],
    **{f"help of {name}": [name, "--help"] for name in cli.COMMANDS},
}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_command_whose_output_nobody_reads_ends_quietly(name: str, folder: Path) -> None:
    said = left_alone(COMMANDS[name], folder)
    assert "Traceback" not in said
    assert "Exception" not in said
    assert "BrokenPipe" not in said


@pytest.mark.parametrize("name", ["layers", "layers as JSON", "help", "help of patterns", "version"])
def test_nothing_changes_where_every_line_is_written_at_once(name: str, folder: Path) -> None:
    assert left_alone(COMMANDS[name], folder, PYTHONUNBUFFERED="1") == ""


@pytest.mark.parametrize(
    "arguments", [["layers", "letter.h5"], ["layers", "none.h5"], ["layers"], COMMANDS["patterns"]]
)
def test_nor_where_what_goes_wrong_is_told_to_nobody_either(arguments: list[str], folder: Path) -> None:
    left_alone(arguments, folder, errors_too=True)


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    """A real pipe, into a program that reads the first line of more than a pipe holds."""
    write_model(folder / "deep.h5", channels=1, depth=600)
    program = f"{sys.executable} -m filterviz layers deep.h5 --json 2>errors; echo $? >code"
    environment = {**os.environ, "FILTERVIZ_CACHE_DIR": str(folder / "cache")}
    head = subprocess.run(
        ["sh", "-c", f"({program}) | head -n 1"], cwd=folder, env=environment, capture_output=True, check=True
    )
    assert head.stdout == b"{\n"
    assert (folder / "code").read_text().strip() == str(cli.UNREAD)
    assert (folder / "errors").read_text() == ""
