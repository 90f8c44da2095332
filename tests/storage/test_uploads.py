from __future__ import annotations

import hashlib
import io
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from filterviz.errors import BadRequest, RefusalCode, Refused
from filterviz.settings import Settings
from filterviz.storage.uploads import Uploads

DATA = b"\x89HDF\r\n\x1a\n" + bytes(5000)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path, upload_bytes=10_000, kept_upload_bytes=25_000)


def test_a_file_is_kept_privately_and_found_again(settings: Settings) -> None:
    upload = Uploads(settings).keep("cats\u202e.h5", io.BytesIO(DATA))
    assert upload.sha256 == hashlib.sha256(DATA).hexdigest()
    assert upload.path.read_bytes() == DATA
    assert upload.path.parent.stat().st_mode & 0o777 == 0o700
    assert upload.path.stat().st_mode & 0o077 == 0
    assert Uploads(settings).find(upload.token) == upload


def test_the_same_file_again_leaves_the_first_in_its_place(settings: Settings) -> None:
    """A child at work on it may read that one file of the disk and no other."""
    uploads = Uploads(settings)
    number = uploads.keep("cats.h5", io.BytesIO(DATA)).path.stat().st_ino
    again = uploads.keep("dogs.h5", io.BytesIO(DATA))
    assert (again.path.stat().st_ino, again.path.read_bytes(), again.name) == (number, DATA, "dogs.h5")
    again.path.write_bytes(DATA[:100])
    assert uploads.keep("cats.h5", io.BytesIO(DATA)).path.read_bytes() == DATA, "what was cut short is replaced"


def test_a_name_can_be_read_while_the_same_file_comes_in_again(settings: Settings) -> None:
    uploads = Uploads(settings)
    token = uploads.keep("cats.h5", io.BytesIO(DATA)).token
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            uploads.keep("cats.h5", io.BytesIO(DATA))

    keeping = threading.Thread(target=again)
    keeping.start()
    try:
        found = [uploads.find(token) for _ in range(3000)]
    finally:
        over.set()
        keeping.join()
    assert {upload and upload.name for upload in found} == {"cats.h5"}


def test_the_same_bytes_are_two_uploads_of_two_people(settings: Settings) -> None:
    """Whoever knows the bytes of a file learns neither that somebody else has it here, nor what they call it."""
    uploads = Uploads(settings)
    mine = uploads.keep("mine.h5", io.BytesIO(DATA))
    yours = uploads.keep("yours.h5", io.BytesIO(DATA))
    assert mine.path == yours.path, "the bytes are kept once"
    assert mine.token != yours.token
    assert mine.sha256[:8] not in mine.token
    assert uploads.find(mine.token) == mine
    assert uploads.find(yours.token) == yours
    assert uploads.find(mine.sha256[:24]) is None


def test_a_file_stays_as_long_as_one_of_its_uploads_does(settings: Settings) -> None:
    uploads = Uploads(settings)
    mine, yours = (uploads.keep(name, io.BytesIO(DATA)) for name in ("mine.h5", "yours.h5"))
    old = time.time() - settings.kept_upload_seconds - 60
    os.utime(next(uploads.root.glob(f"{mine.token}.*")), (old, old))
    uploads.tidy()
    assert uploads.find(mine.token) is None
    assert uploads.find(yours.token) == yours
    next(uploads.root.glob(f"{yours.token}.*")).unlink()
    uploads.tidy()
    assert list(uploads.root.iterdir()) == []


def test_what_earlier_versions_kept_is_tidied_away(settings: Settings) -> None:
    uploads = Uploads(settings)
    uploads.root.mkdir(parents=True)
    sha256 = hashlib.sha256(DATA).hexdigest()
    (uploads.root / f"{sha256}.model").write_bytes(DATA)
    (uploads.root / f"{sha256}.json").write_text('{"name": "cats.h5"}')
    assert uploads.find(sha256[:24]) is None
    uploads.tidy()
    assert list(uploads.root.iterdir()) == []


@pytest.mark.parametrize("token", ["", "..", "*", "0" * 24, "../../etc/passwd", "F" * 24])
def test_no_other_token_finds_anything(settings: Settings, token: str) -> None:
    Uploads(settings).keep("cats.h5", io.BytesIO(DATA))
    assert Uploads(settings).find(token) is None


def test_what_is_too_large_is_refused_and_not_kept(settings: Settings) -> None:
    with pytest.raises(Refused, match="include_optimizer=False") as refusal:
        Uploads(settings).keep("big.h5", io.BytesIO(bytes(10_001)))
    assert refusal.value.code is RefusalCode.TOO_LARGE
    assert not list((settings.cache_dir / "uploads").iterdir())


def test_old_files_go_and_the_folder_stays_within_its_share(settings: Settings) -> None:
    uploads = Uploads(settings)
    kept = [uploads.keep(f"{number}.h5", io.BytesIO(bytes([number]) * 9_000)) for number in range(3)]
    assert [upload.path.exists() for upload in kept] == [False, True, True]
    old = time.time() - settings.kept_upload_seconds - 60
    for path in (kept[1].path, *uploads.root.glob(f"{kept[1].token}.*")):
        os.utime(path, (old, old))
    uploads.tidy()
    assert [upload.path.exists() for upload in kept] == [False, False, True]
    assert len(list(uploads.root.iterdir())) == 2, "the last file and its name"


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    uploads = Uploads(replace(settings, cache_dir=tmp_path / "in the way"))
    with pytest.raises(BadRequest, match="could not be kept"):
        uploads.keep("cats.h5", io.BytesIO(DATA))
