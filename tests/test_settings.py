from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

import platformdirs
import psutil
import pytest

from filterviz.settings import GIB, Kind, Settings, setting


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


def test_every_setting_parses_its_own_text_and_says_what_it_is() -> None:
    for item in fields(Settings):
        assert set(item.metadata) == {"default", "kind", "meaning"}, item.name
        assert item.metadata["meaning"][-1] not in ". ", item.name
        assert item.metadata["kind"].expected, item.name


@dataclass(frozen=True, slots=True)
class More(Settings):
    """Settings of types that no setting has yet."""

    quiet: bool = setting("no", Kind(lambda text: bool(("no", "yes").index(text)), "yes or no"), "whether it is quiet")
    address: str = setting("here", Kind(str, "an address"), "where it is")


def test_a_setting_of_a_new_type_is_parsed_and_its_wrong_value_is_named() -> None:
    given = More.from_environment({"FILTERVIZ_QUIET": "yes", "FILTERVIZ_ADDRESS": "there", "FILTERVIZ_MAX_SIZE": "9"})
    assert (given.quiet, given.address, given.max_size) == (True, "there", 9)
    with pytest.raises(ValueError, match=r"FILTERVIZ_QUIET is 'maybe', which is not yes or no\."):
        More.from_environment({"FILTERVIZ_QUIET": "maybe"})


def test_defaults_that_depend_on_the_machine() -> None:
    """README describes them in words; these are the words."""
    computed = {item.name: item.metadata["default"] for item in fields(Settings) if item.metadata["default"][0] != "`"}
    assert computed == {
        "cache_dir": "the system's cache folder",
        "model_memory": "2 GiB and three quarters of the machine's memory, but 4 to 12 GiB",
        "workers": "half the number of processor cores",
        "person_seconds": "a day for each worker",
        "vgg16_weights": "not set",
    }
    defaults = Settings()
    assert defaults.cache_dir == platformdirs.user_cache_path("filterviz", appauthor=False)
    memory = psutil.virtual_memory().total
    assert defaults.model_memory == pytest.approx(min(max(2 * GIB + memory * 3 / 4, 4 * GIB), 12 * GIB), rel=0.01)
    assert defaults.workers == max(1, (os.cpu_count() or 2) // 2)
    assert defaults.person_seconds == 24 * 3600 * defaults.workers
    assert defaults.vgg16_weights is None
