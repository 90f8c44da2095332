from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from filterviz.spec import RECIPES, PixelRange, Precision, Recipe, Request
from filterviz.storage import pattern_store
from filterviz.storage.pattern_store import Store, pattern_key
from tests.imaging.images import pattern

REQUEST = Request("conv", (0, 1, 2))


def key(number: int) -> str:
    return pattern_key("model", REQUEST, number)


def has_entry(store: Store, name: str) -> bool:
    return all((store.root / name[:2] / name).with_suffix(ending).is_file() for ending in (".png", ".json"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "tiles", 10**8)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_put_comes_back_to_the_bit(store: Store, channels: int) -> None:
    put = pattern(3, channels=channels)
    assert store.get(key(3)) is None
    assert not has_entry(store, key(3))
    store.put(key(3), put)
    assert has_entry(store, key(3))
    got = Store(store.root, 10**8).get(key(3))
    assert got is not None
    np.testing.assert_array_equal(got.tile, put.tile)
    assert got.numbers() == put.numbers()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no modes there")
def test_the_folders_are_their_owners_alone(store: Store) -> None:
    store.root.mkdir(mode=0o755)  # as earlier versions made it
    store.put(key(3), pattern(3))
    folders = [store.root, *(path for path in store.root.iterdir() if path.is_dir())]
    assert len(folders) == 2
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_a_kernel_comes_back_with_its_picture(store: Store) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    store.put(key(3), pattern(3, kernel=kernel))
    got = Store(store.root, 10**8).get(key(3))
    assert got is not None
    assert got.kernel is not None
    np.testing.assert_allclose(got.kernel, kernel, rtol=1e-5)


def test_an_entry_from_before_kernels_were_kept_has_none(store: Store) -> None:
    store.put(key(3), pattern(3))
    entry = next(store.root.glob("*/*.json"))
    data = json.loads(entry.read_text())
    del data["pattern"]["kernel"]
    entry.write_text(json.dumps(data))
    got = store.get(key(3))
    assert got is not None
    assert got.kernel is None


def test_everything_that_determines_a_picture_is_in_the_key() -> None:
    requests = [
        REQUEST,
        replace(REQUEST, layer="other"),
        replace(REQUEST, recipe=Recipe(size=65)),
        replace(REQUEST, recipe=Recipe(steps=41)),
        replace(REQUEST, recipe=Recipe(seed=1)),
        replace(REQUEST, recipe=Recipe(objective="negative")),
        replace(REQUEST, recipe=Recipe(pictures=4)),
        replace(REQUEST, recipe=Recipe(name="other")),
        replace(REQUEST, pixel_range=PixelRange.BYTE),
        replace(REQUEST, precision=Precision.FLOAT32),
    ]
    keys = [pattern_key(model, request, 1) for request in requests for model in ("a", "b")]
    keys += [pattern_key("a", REQUEST, 0), pattern_key("a", REQUEST, 1, "start")]
    keys += [pattern_key("a", REQUEST, 1, false_colours=True)]
    assert len(set(keys)) == len(keys)
    assert pattern_key("a", replace(REQUEST, filters=(1,)), 1) == pattern_key("a", REQUEST, 1)


def test_a_key_changes_only_where_a_version_number_is_raised() -> None:
    """Kept images, some of which took hours, are found again by a newer version that draws the same ones."""
    assert pattern_key("a", Request("conv", (1,)), 1).startswith("f1e0087509fa0eed")


BLOCK = Request("block3_conv1", (0, 7))


@pytest.mark.parametrize(
    ("request_", "options", "digest"),
    [
        (BLOCK, {}, "54de82e8ec154425e40fb582fe072a9c8bdace08f7fbd8bb19a4031e7318ac8a"),
        (
            replace(BLOCK, recipe=RECIPES["classic"]),
            {},
            "297c9842b732181317aea8dd0306f5edd96df2f8956477eccaeb387adc28fc78",
        ),
        (
            replace(BLOCK, recipe=Recipe(objective="negative", seed=3)),
            {"channel": 0},
            "f78bcad3f68fae7f78d5637ac48a9027c88c21a4b5622f64410df134c7f2417b",
        ),
        (
            replace(BLOCK, recipe=Recipe(objective="neuron", size=96)),
            {"channel": 0},
            "3d6b1bd30d9bd6659c4a3e9994ad043feb844345ae2740f80aceb59e1aaaa50b",
        ),
        (
            replace(BLOCK, recipe=Recipe(pictures=4, steps=64)),
            {"channel": 0},
            "f5781b1b5661fe7ce5f1b6946f0a44e354fcafd148d76efd6feab23b515043de",
        ),
        (
            replace(BLOCK, pixel_range=PixelRange.CAFFE, precision=Precision.BFLOAT16),
            {},
            "1f91ab566776ee4cca690bd86ba1bb45ff1c2218886d0095a1afaf90d55e6139",
        ),
        (BLOCK, {"start_digest": "00ff"}, "a7fa0fbefa10b339db8fe05cfc5fe7ecb28530cc1f7a7696682ec28bf3228d86"),
        (BLOCK, {"false_colours": True}, "7333425549d5c97e7c56a6603fef1d8050c5181f7700284ed8f4282b7be6e3e0"),
    ],
)
def test_keys_are_those_that_earlier_versions_wrote(
    request_: Request, options: dict[str, Any], digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests computed at commit 186d6f3; a store that was filled before must still answer."""
    monkeypatch.setattr(pattern_store, "ENGINE_VERSION", 2)
    monkeypatch.setattr(pattern_store, "READER_VERSION", 2)
    assert pattern_key("f00d", request_, **{"channel": 7, **options}) == digest


@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        (".png", None),
        (".png", lambda data: data[:-20]),
        (".png", lambda _: b""),
        (".json", lambda data: data[:-20]),
        (".json", lambda _: b"[]"),
        (".json", lambda _: b"[" * 100_000),
        (".json", lambda data: json.dumps({**json.loads(data), "pattern": {}}).encode()),
        (".json", lambda data: data.replace(b'"kernel": null', b'"kernel": [[1.0]]')),
    ],
)
def test_a_damaged_entry_is_removed_and_absent(
    store: Store, ending: str, damage: Callable[[bytes], bytes] | None
) -> None:
    store.put(key(1), pattern(1))
    victim = next(store.root.glob(f"*/*{ending}"))
    if damage is None:
        victim.unlink()
    else:
        victim.write_bytes(damage(victim.read_bytes()))
    assert store.get(key(1)) is None
    assert not list(store.root.glob("*/*"))
    store.put(key(1), pattern(1))
    assert store.get(key(1)) is not None


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, 10**8)
    for number in range(20):
        store.put(key(number), pattern(number))
        os.utime(tmp_path / key(number)[:2] / f"{key(number)}.json", (1000 + number, 1000 + number))
    used = store.get(key(0))
    assert used is not None
    total = store.sweep()
    small = Store(tmp_path, total // 2)
    assert small.sweep() <= total // 2
    assert has_entry(small, key(0)), "asked for last"
    assert has_entry(small, key(19))
    assert not any(has_entry(small, key(number)) for number in range(1, 10))
    assert len(list(tmp_path.glob("*/*.png"))) == len(list(tmp_path.glob("*/*.json")))


def test_writing_keeps_it_within_its_limit(tmp_path: Path) -> None:
    one = Store(tmp_path / "one", 10**8)
    one.put(key(0), pattern(0))
    size = one.sweep()
    store = Store(tmp_path / "many", 10 * size)
    for number in range(60):
        store.put(key(number), pattern(number))
        for thread in threading.enumerate():
            if thread.name == "filterviz-store":
                thread.join()
    assert 5 <= len(list(store.root.glob("*/*.json"))) <= 12
    assert has_entry(store, key(59))


def test_a_disk_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "tiles").write_text("a file where the folder should be")
    store = Store(tmp_path / "tiles", 10**8)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            store.put(key(number), pattern(number))
            assert store.get(key(number)) is None
    assert len(caplog.records) == 1
    assert str(tmp_path / "tiles") in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a /dev/full")
def test_a_full_disk_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdopen

    def onto_a_full_disk(descriptor: int, mode: str) -> IO[bytes]:
        os.close(descriptor)
        return real(os.open("/dev/full", os.O_WRONLY), mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", onto_a_full_disk)
        store.put(key(1), pattern(1))
    assert not list(store.root.rglob("*.*"))
    assert store.get(key(1)) is None
    store.put(key(1), pattern(1))
    assert store.get(key(1)) is not None


WRITER = """
import sys
from pathlib import Path
from filterviz.storage.pattern_store import Store
from tests.imaging.images import pattern
from tests.storage.test_pattern_store import key
store = Store(Path(sys.argv[1]), 10**6)
for turn in range(3):
    for number in range(40):
        got = store.get(key(number))
        assert got is None or got.filter == number
        store.put(key(number), pattern(number))
"""


def test_several_processes_share_one_store(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    store = Store(tmp_path, 10**8)
    for number in range(40):
        got = store.get(key(number))
        assert got is None or np.array_equal(got.tile, pattern(number).tile)
    assert not list(tmp_path.rglob(".unfinished-*"))
