"""What the tests of the service share: a workspace with one worker, and a small network that is open in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from filterviz.service.model import Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(Settings(cache_dir=tmp_path_factory.mktemp("cache"), workers=1)) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def model(workspace: Workspace, family_files: dict[str, Path]) -> Model:
    return workspace.open(family_files["keras_2_1.h5"])
