"""The real files, opened in watched children: honest files need nothing that the tripwire forbids either."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filterviz.errors import Refused
from filterviz.spec import ModelSpec
from tests.watching import Outcome, watch


@pytest.fixture(scope="module")
def outcomes(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """All of them, opened two at a time."""
    folder = tmp_path_factory.mktemp("corpus")

    def watched(path: Path) -> Outcome:
        private = folder / path.name
        private.mkdir()
        return watch(path, private)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(watched, sorted((corpus / "files").iterdir())))


def test_each_is_opened_or_refused(outcomes: list[Outcome]) -> None:
    others = {item.path.name: item.answer for item in outcomes if not isinstance(item.answer, ModelSpec | Refused)}
    assert others == {}


def test_nothing_is_done_that_reading_does_not_need(outcomes: list[Outcome]) -> None:
    assert {item.path.name: item.forbidden for item in outcomes if item.forbidden} == {}


def test_no_other_file_is_opened(outcomes: list[Outcome]) -> None:
    assert {item.path.name: item.files for item in outcomes if not item.files <= {str(item.path)}} == {}
