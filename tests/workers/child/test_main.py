"""The real child: it reads and computes, and does nothing else.

Its messages are tried out in a process of their own, as they end the process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from filterviz.errors import BadRequest, EngineFailed, Refused
from filterviz.settings import Settings
from filterviz.spec import ModelSpec, Pattern, Recipe, Request
from filterviz.workers.child.limits import Limit
from filterviz.workers.child.main import LEFT_OUT
from filterviz.workers.parent.client import WorkerClient, _tell_of_missing
from filterviz.workers.parent.failures import WorkerDied
from filterviz.workers.parent.process import WorkerProcess, worker_command
from filterviz.workers.wire.protocol import Role
from tests.workers.conftest import SETTINGS

ON_LINUX = {limit.value for limit in Limit} - {Limit.NO_NETWORK, Limit.FENCED_IN}
"""The limits that hold on every Linux; the other two are kept back in some containers."""

REQUEST = Request("conv_1", (0, 3), Recipe("classic", size=32, steps=4))


def ready(process: WorkerProcess, settings: Settings = SETTINGS) -> WorkerClient:
    """The client of a worker that has got ready."""
    client = WorkerClient(process, settings)
    client.await_ready()
    return client


def opened(process: WorkerProcess, path: Path) -> ModelSpec:
    return WorkerClient(process, SETTINGS).open_file(path)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess(Role.READER, SETTINGS, tmp_path) as process:
        ready(process)
        yield process


@pytest.fixture(scope="module")
def recorded(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Pattern], tuple[str, ...]]:
    """What a model child did from the moment it opened a file to its last answer: audit events, patterns, limits."""
    folder = tmp_path_factory.mktemp("recorded")
    record = folder / "record"
    settings = replace(SETTINGS, require_limits=tuple(ON_LINUX) if sys.platform.startswith("linux") else ())
    with WorkerProcess(Role.MODEL, settings, folder, record=record) as process:
        client = WorkerClient(process, settings)
        holds = client.await_ready()
        client.open_file(small)
        natural = replace(REQUEST, recipe=Recipe("natural", size=32, steps=4))
        first = replace(REQUEST, layer="conv_0")
        events = [event for ask in (REQUEST, natural, first) for event in client.make_patterns(ask)]
        pictures = np.random.default_rng(0).random((9, 32, 32, 3), np.float32)
        answers = list(client.compute_outputs([pictures], [(None, 32, 32, 8)]))
        assert sum(len(answer.arrays[0]) for answer in answers) == 9
        with pytest.raises(BadRequest, match="do not fit"):
            list(client.compute_outputs([pictures, pictures], [(None, 32, 32, 8)]))
        with pytest.raises(BadRequest, match="start images"):
            list(client.make_patterns(REQUEST, np.zeros((2, 8, 8, 3), np.float32)))
        assert process.alive
    return record, [event for event in events if isinstance(event, Pattern)], holds


def test_a_file_is_read(reader: WorkerProcess, small: Path) -> None:
    spec = opened(reader, small)
    assert [layer.name for layer in spec.visualisable] == ["conv_0", "conv_1"]


def test_a_file_is_refused(reader: WorkerProcess, tmp_path: Path) -> None:
    (tmp_path / "letter.h5").write_bytes(b"Dear model, " * 99)
    with pytest.raises(Refused) as refusal:
        opened(reader, tmp_path / "letter.h5")
    assert refusal.value.code == "not-a-model"


def test_a_file_that_is_gone_is_a_sentence(reader: WorkerProcess, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="still exists"):
        opened(reader, tmp_path / "gone.h5")


def test_reading_does_only_what_reading_needs(small: Path, tmp_path: Path) -> None:
    with WorkerProcess(Role.READER, SETTINGS, tmp_path, record=tmp_path / "record") as process:
        ready(process).open_file(small)
    events = [json.loads(line) for line in (tmp_path / "record").read_text().splitlines()]
    assert [event for event in events if not event[2]] == []
    opened = {text.split(" ")[0].strip("'") for event, text, _ in events if event == "open"}
    assert str(small) in opened


def test_computing_does_only_what_computing_needs(
    recorded: tuple[Path, list[Pattern], tuple[str, ...]], small: Path
) -> None:
    record, patterns, _ = recorded
    assert [pattern.filter for pattern in patterns] == [0, 3, 0, 3, 0, 3]
    events = [json.loads(line) for line in record.read_text().splitlines()]
    assert [event for event in events if not event[2]] == []
    assert any(event == "open" and str(small) in text for event, text, _ in events), "the record holds what it did"


def test_kernels_arrive_as_they_are_in_the_file(
    recorded: tuple[Path, list[Pattern], tuple[str, ...]], small: Path
) -> None:
    _, patterns, _ = recorded
    with h5py.File(small) as file:
        weights = file["model_weights/conv_0/conv_0/kernel:0"][()]
    assert [pattern.kernel for pattern in patterns if pattern.layer == "conv_1"] == [None] * 4
    for pattern in patterns[4:]:
        np.testing.assert_array_equal(pattern.kernel, weights[..., pattern.filter])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fewer limits hold elsewhere")
def test_all_limits_hold_on_linux(recorded: tuple[Path, list[Pattern], tuple[str, ...]]) -> None:
    """Those that depend on the file were required, or it would not have been read; the others hold before that."""
    _, made, holds = recorded
    assert made
    assert set(holds) >= ON_LINUX - {Limit.MEMORY, Limit.PROCESSOR_TIME}


WITHOUT_LANDLOCK = (
    "import filterviz.workers.child.limits as limits; from filterviz.workers.child.main import main; "
    "limits.restrict_files = lambda **_: limits.call_linux('prctl', -1, 0, 0, 0, 0); main()"
)
"""The worker itself, where Linux refuses to keep it from other files."""


def start_without_landlock(folder: Path, settings: Settings) -> WorkerProcess:
    return WorkerProcess(Role.READER, settings, folder, program=worker_command(WITHOUT_LANDLOCK))


def test_a_limit_that_is_missing_is_told_once(small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _tell_of_missing.cache_clear()
    for _ in range(2):
        with start_without_landlock(tmp_path, SETTINGS) as process:
            ready(process)
            opened(process, small)
    (told,) = [record.getMessage() for record in caplog.records if "limits" in record.getMessage()]
    assert Limit.FENCED_IN in told
    assert Limit.FILE_SIZE not in told


@pytest.mark.parametrize("required", [("no files but its own",), ("all",), ("no such limit",)])
def test_without_a_limit_that_is_required_no_file_is_read(
    required: tuple[str, ...], small: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, require_limits=required)
    with start_without_landlock(tmp_path, settings) as process:
        ready(process, settings)
        with pytest.raises(EngineFailed, match="safety limits") as failure:
            opened(process, small)
    assert required[0] in str(failure.value) or Limit.FENCED_IN in str(failure.value)


def test_with_the_limits_that_are_required_it_is_read(small: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, require_limits=("file size", "memory", "processor time"))
    with WorkerProcess(Role.READER, settings, tmp_path) as process:
        ready(process, settings)
        assert opened(process, small).layers


def test_a_reader_never_imports_tensorflow(reader: WorkerProcess, small: Path) -> None:
    opened(reader, small)
    maps = Path(f"/proc/{reader.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not show what a process has loaded")
    assert "tensorflow" not in maps.read_text()
    assert reader.resident_bytes < 150 << 20


def test_what_keras_imports_for_others_is_not_in_a_worker(small: Path, tmp_path: Path) -> None:
    with WorkerProcess(Role.MODEL, SETTINGS, tmp_path) as process:
        ready(process)
        opened(process, small)
        maps = Path(f"/proc/{process.pid}/maps")
        if not maps.exists():
            pytest.skip("this system does not show what a process has loaded")
        loaded = maps.read_text()
    assert "/tensorflow/" in loaded
    assert [name for name in LEFT_OUT if f"/{name}/" in loaded] == []


def test_it_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    with WorkerProcess(Role.READER, SETTINGS, tmp_path) as process:
        ready(process)
        assert process._process.stdin is not None
        process._process.stdin.close()
        deadline = time.monotonic() + 10
        while process.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process._process.poll() == 0


def test_what_a_library_prints_or_reads_does_not_touch_the_wire(tmp_path: Path) -> None:
    code = (
        "import os, sys; sys.path.append(sys.argv[1]); "
        "from filterviz.workers.child import main as child; from filterviz.workers.wire import protocol; "
        "questions, answers = child._take_streams(); protocol.read_question(questions); "
        "print('Epoch 1/10', flush=True); os.write(1, b'from C'); rest = sys.stdin.read(); "
        "protocol.write_message(answers, protocol.Ready((f'read {rest!r}',))); questions.read()"
    )
    root = str(Path(__file__).resolve().parents[3])
    with WorkerProcess(Role.READER, SETTINGS, tmp_path, program=[sys.executable, "-I", "-c", code, root]) as process:
        assert WorkerClient(process, SETTINGS).await_ready() == ("read ''",)
        process.fail("end of the test")
        assert "Epoch 1/10" in process._errors


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit of memory holds on Linux only")
def test_too_little_memory_is_a_sentence(slow: Path, tmp_path: Path) -> None:
    """Room for TensorFlow and hardly more; whether it reports an error or crashes, the sentence is about memory."""
    settings = replace(SETTINGS, model_memory=2048 << 20, batch_bytes=64 << 30)
    request = Request("conv_5", tuple(range(8)), Recipe("classic", size=256, steps=4))
    with WorkerProcess(Role.MODEL, settings, tmp_path) as process:
        client = ready(process, settings)
        client.open_file(slow)
        with pytest.raises(EngineFailed, match="memory") as failure:
            list(client.make_patterns(request))
        assert not (isinstance(failure.value, WorkerDied) and failure.value.violently)
        assert not process.alive
