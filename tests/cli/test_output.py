"""What commands print: names from files never command the terminal, whichever command prints them."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from filterviz import cli
from filterviz.cli import output
from tests.workers.conftest import write_model

HOSTILE = "\x1b[2J\x9b31m\u202egnp\u2028\x07"
"""Clears the screen, turns it red, turns the text around, begins a line and rings the bell."""

TILES = ["--size", "16", "--steps", "1"]


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """A network whose layers and whose file have names that command a terminal."""
    return str(write_model(tmp_path / f"{HOSTILE}.h5", channels=2, called=HOSTILE))


@pytest.mark.parametrize(
    "arguments",
    [
        ["layers"],
        ["layers", "--json"],
        ["layers", "--as", HOSTILE],
        ["patterns", "--layer", "nope", "--out", "made"],
        ["patterns", "--layer", HOSTILE, "--out", "made"],
        ["patterns", "--layer", f"{HOSTILE}_0", *TILES, "--out", "made"],
        ["patterns", "--layer", f"{HOSTILE}_0", *TILES, "--out", "made", "--json"],
        ["patterns", "--layer", f"{HOSTILE}_0", "--filters", "7", "--out", "made"],
        ["compare", "untrained", "--count", "1", *TILES, "--out", "made"],
        ["compare", "untrained", "--layer", "nope", "--out", "made"],
        ["compare", "untrained", "--layer", f"nope={HOSTILE}", "--out", "made"],
        ["compare", f"{HOSTILE}.nothing", "--out", "made"],
        ["outputs", "--input", "x.npz", "--out", "y.npz"],
        ["outputs", "--input", f"{HOSTILE}.npz", "--out", "y.npz"],
    ],
    ids=lambda arguments: " ".join(arguments).encode("unicode_escape").decode()[:80],
)
@pytest.mark.usefixtures("shared_workspace")
def test_names_from_a_file_do_not_command_the_terminal(
    arguments: list[str],
    hostile: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", i0=np.zeros((1, 32, 32, 3)))
    command, *rest = arguments
    cli.main([command, hostile, *rest])
    printed = capsys.readouterr()
    said = printed.out + printed.err
    assert said.strip()
    assert [character for character in said if not character.isprintable() and character != "\n"] == []


def test_wrong_arguments_are_harmless_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["layers", "net.h5", HOSTILE])
    assert HOSTILE not in (said := capsys.readouterr().err)
    assert "gnp" in said


def test_json_says_the_same_with_invisible_characters_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"name": HOSTILE, "class": "猫 é \U000e0001", "lines": "a\nb\\n"}
    output.print_json(document)
    printed = capsys.readouterr().out
    assert json.loads(printed) == document
    assert "猫 é" in printed
    assert "\u202e" not in printed
    assert "\U000e0001" not in printed


def test_only_one_function_of_the_commands_prints() -> None:
    folder = Path(sys.modules[cli.__name__].__file__ or "").parent
    printing = {
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"output.py"}
