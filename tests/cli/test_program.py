"""What all commands have in common: exit codes, and what is said where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from filterviz import cli


@pytest.mark.parametrize(("content", "code"), [(b"not a model at all", "not-a-model"), (None, "damaged")])
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


def test_a_missing_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", str(tmp_path / "none.h5")]) == cli.USAGE
    assert "cannot be read: No such file or directory." in capsys.readouterr().err


def test_a_setting_that_makes_no_sense_is_wrong_usage(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERVIZ_MAX_SIZE", "huge")
    assert cli.main(["layers", model]) == cli.USAGE
    assert "FILTERVIZ_MAX_SIZE is 'huge', which is not a whole number" in capsys.readouterr().err


def test_missing_vgg16_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERVIZ_VGG16_WEIGHTS", str(tmp_path / "none.h5"))
    assert cli.main(["layers", "vgg16"]) == cli.FAILED
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
