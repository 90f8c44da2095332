"""Every file meant to hurt is opened by a real reader child, which is watched: what it answers, touches and takes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from tests.hostile import TABLE
from tests.watching import Outcome, watch

MOST_MEMORY = 150 * 10**6
"""What opening any of them may take, beside what the child had before."""

LONGEST_SENTENCE = 400


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """All of them, opened two at a time."""
    folder = tmp_path_factory.mktemp("hostile")
    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(TABLE, pool.map(lambda name: build_and_watch(name, folder), TABLE), strict=True))


def build_and_watch(name: str, folder: Path) -> Outcome:
    private = folder / f"{name}.folder"
    private.mkdir()
    TABLE[name].build(private / name)
    return watch(private / name, private)


@pytest.mark.parametrize("name", TABLE)
def test_it_gets_its_refusal(outcomes: dict[str, Outcome], name: str) -> None:
    answer, expected = outcomes[name].answer, TABLE[name].code
    if expected is None:
        assert isinstance(answer, ModelSpec), answer
    else:
        assert isinstance(answer, Refused), answer
        assert (answer.code, answer.what) == (expected, answer.what)


@pytest.mark.parametrize("name", TABLE)
def test_nothing_else_is_done_or_touched(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert outcome.forbidden == []
    assert outcome.files <= {str(outcome.path)}
    assert {path.name for path in outcome.path.parent.iterdir()} == {name, "record"}


@pytest.mark.parametrize("name", TABLE)
def test_it_is_refused_before_memory_is_spent(outcomes: dict[str, Outcome], name: str) -> None:
    assert 0 <= outcomes[name].growth < MOST_MEMORY


@pytest.mark.parametrize("name", [name for name, entry in TABLE.items() if entry.on_reading is not None])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_found_out_late_is_refused_then(outcomes: dict[str, Outcome], name: str) -> None:
    with open_model(outcomes[name].path, Settings()) as model:
        tracemalloc.start()
        with pytest.raises(Refused) as refusal:
            read_all(model)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    code = refusal.value.code
    # pyfive leaves a file open when a chunk cannot be read, and Python says so when it is collected: better here.
    del refusal
    gc.collect()
    assert code is TABLE[name].on_reading
    assert peak < MOST_MEMORY


def read_all(model: OpenedModel) -> None:
    for layer in model.spec.layers:
        model.weights(layer)


@pytest.mark.parametrize("name", [name for name, entry in TABLE.items() if entry.code is not None])
def test_a_refusal_is_a_sentence_one_can_act_on(outcomes: dict[str, Outcome], name: str) -> None:
    refusal = outcomes[name].answer
    assert isinstance(refusal, Refused)
    assert refusal.what.endswith(".")
    assert refusal.hint.endswith(".")
    assert len(str(refusal)) < LONGEST_SENTENCE
    assert str(refusal).isprintable()


def test_every_code_is_among_them() -> None:
    assert {entry.code for entry in TABLE.values()} >= set(RefusalCode)


def test_every_harm_is_named() -> None:
    assert [name for name, entry in TABLE.items() if not entry.harm.endswith(".")] == []
