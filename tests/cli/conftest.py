"""Fixtures for tests of commands: a small model, a cache of their own, and worker processes that they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from filterviz.cli import program
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="package")
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
