"""Where VGG16's weights are looked for, and in what order."""

from __future__ import annotations

import hashlib
import sysconfig
from pathlib import Path

import pytest

from filterviz.errors import WeightsUnavailable
from filterviz.settings import Settings
from filterviz.storage import vgg16
from filterviz.storage.download import Source
from tests.storage.server import CONTENT, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    return folder


def source_at(url: str) -> Source:
    return Source(url, hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(), largest=len(CONTENT))


def of_size(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def test_a_file_that_was_named_is_taken(tmp_path: Path) -> None:
    named = of_size(tmp_path / "mine.h5", 1)
    assert vgg16.locate(Settings(vgg16_weights=named)) == named


def test_a_named_file_that_is_not_there_is_said_so_and_nothing_else_is_tried(tmp_path: Path, cache: Path) -> None:
    of_size(cache / vgg16.VGG16.name, vgg16.SMALLEST)
    missing = tmp_path / "missing.h5"
    with pytest.raises(WeightsUnavailable, match=r"FILTERVIZ_VGG16_WEIGHTS names .*missing\.h5"):
        vgg16.locate(Settings(vgg16_weights=missing))


def test_what_keras_has_downloaded_is_used(cache: Path) -> None:
    there = of_size(cache / vgg16.VGG16.name, vgg16.SMALLEST)
    assert vgg16.locate(Settings()) == there


def test_without_a_setting_keras_keeps_its_cache_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert vgg16.keras_cache() == tmp_path / ".keras" / "models"


@pytest.mark.parametrize("remains", [None, 1000])
def test_otherwise_they_are_downloaded_into_the_cache(cache: Path, remains: int | None) -> None:
    if remains is not None:
        of_size(cache / "weights.h5", remains)
    heard: list[tuple[int, int]] = []
    with serving("good") as server:
        path = vgg16.locate(Settings(), lambda *numbers: heard.append(numbers), source=source_at(server.url))
    assert path == cache / "weights.h5"
    assert path.read_bytes() == CONTENT
    assert heard


def test_a_failed_download_is_one_sentence_that_says_what_to_do(cache: Path) -> None:
    with serving("404") as server, pytest.raises(WeightsUnavailable) as failure:
        vgg16.locate(Settings(), source=source_at(server.url))
    assert str(failure.value) == (
        "VGG16's weights could not be downloaded: the server answered 404 Not Found. Try again when the internet can "
        f"be reached, or put the file weights.h5 at {str(cache / 'weights.h5')!r}."
    )


def test_what_is_downloaded_is_what_keras_publishes() -> None:
    # Read as text: importing it would load TensorFlow, four seconds for three facts.
    module = Path(sysconfig.get_path("purelib"), "keras/src/applications/vgg16.py").read_text(encoding="utf-8")
    assert f'file_hash="{vgg16.VGG16.md5}"' in module
    assert vgg16.VGG16.url in module.replace('"\n    "', "")


def test_the_licence_can_be_said_in_another_language() -> None:
    assert vgg16.vgg16_licence() == "VGG16's weights: Visual Geometry Group, University of Oxford, CC BY 4.0."
    assert vgg16.vgg16_licence(str.upper).startswith("VGG16'S WEIGHTS")
