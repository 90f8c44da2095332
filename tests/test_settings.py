from __future__ import annotations

import json
from pathlib import Path

import pytest

from filterviz.settings import Settings


@pytest.mark.parametrize(
    ("text", "size"), [("5", 5), ("600MB", 600 * 10**6), ("2GiB", 2 << 30), ("1.5 kb", 1500), ("3 MiB", 3 << 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert Settings.from_environment({"FILTERVIZ_CACHE_BYTES": text}).cache_bytes == size


def test_paths_and_seconds() -> None:
    settings = Settings.from_environment({"FILTERVIZ_CACHE_DIR": "~/here", "FILTERVIZ_READER_SECONDS": "2.5"})
    assert settings.cache_dir == Path("~/here").expanduser()
    assert settings.reader_seconds == 2.5


def test_an_empty_variable_is_no_variable() -> None:
    assert Settings.from_environment({"FILTERVIZ_MAX_SIZE": " "}).max_size == Settings().max_size


@pytest.mark.parametrize(
    ("variable", "text"),
    [("FILTERVIZ_MAX_SIZE", "big"), ("FILTERVIZ_CACHE_BYTES", "5 XB"), ("FILTERVIZ_READER_SECONDS", "soon")],
)
def test_a_wrong_value_is_named(variable: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{variable} is '{text}', which is not a"):
        Settings.from_environment({variable: text})


def test_they_survive_json() -> None:
    settings = Settings(vgg16_weights=Path("/somewhere"))
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
