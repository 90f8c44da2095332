"""Every file meant to hurt is opened by a real reader child, which is watched: what it answers, touches and takes."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from filterviz.errors import FiltervizError, RefusalCode, Refused
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from filterviz.workers import dialogue
from filterviz.workers.host import Host
from filterviz.workers.protocol import Role
from tests.hostile import TABLE

MOST_MEMORY = 150 * 10**6
"""What opening any of them may take, beside what the child had before."""

LONGEST_SENTENCE = 400


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        answer: the network, or the error.
        growth: bytes of memory the child took at its peak, beside what it had before.
        events: what Python was about to do, and whether the tripwire allows it.
        path: of the file.
    """

    answer: ModelSpec | FiltervizError
    growth: int
    events: list[tuple[str, str, bool]]
    path: Path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """All of them, opened two at a time."""
    folder = tmp_path_factory.mktemp("hostile")
    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(TABLE, pool.map(lambda name: watch(name, folder), TABLE), strict=True))


class Watched(Host):
    """A child whose memory is looked at just before it is ended."""

    peak = 0

    def kill(self) -> None:
        self.peak = max(self.peak, memory(self.pid, "VmHWM"))
        super().kill()


def watch(name: str, folder: Path) -> Outcome:
    """Build one file and open it, in a child of its own that writes down what it does."""
    private = folder / f"{name}.folder"
    private.mkdir()
    path, record = private / name, private / "record"
    TABLE[name].build(path)
    with Watched(Role.READER, Settings(), private, record=record) as host:
        dialogue.await_ready(host)
        before = memory(host.pid, "VmRSS")
        answer: ModelSpec | FiltervizError
        try:
            answer = dialogue.open_file(host, path, None)
        except FiltervizError as error:
            answer = error
    growth = host.peak - before
    events = [tuple(json.loads(line)) for line in record.read_text().splitlines()]
    return Outcome(answer, growth, events, path)


def memory(process: int, which: str) -> int:
    """Resident memory in bytes, now (``VmRSS``) or at its peak (``VmHWM``); 0 where that is not said."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        return 0
    sizes = (int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith(which))
    return next(sizes, 0)


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
    assert [event for event in outcome.events if not event[2]] == []
    opened = {what.split(" ")[0].strip("'") for event, what, _ in outcome.events if event == "open"}
    data = {path for path in opened if not path.endswith((".py", ".pyc", ".so")) and "/" in path}
    assert {path for path in data if not path.startswith(f"{outcome.path.parent}/reader-")} <= {str(outcome.path)}
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
