"""Files come in as long as there is room for them, wait for whoever has the receipt, and go if nobody does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from filterviz.storage import incoming
from filterviz.storage.incoming import FRAMING, Incoming, TooLarge

MB = 10**6


@pytest.fixture
def files(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "uploads", 10 * MB, 25 * MB)


def left(files: Incoming, session: str, size: int) -> str:
    """A file that waits to be taken."""
    with files.writer() as writer:
        writer.write(bytes(size))
        return files.leave(writer, session)


def test_the_largest_file_comes_in_with_its_framing(files: Incoming) -> None:
    assert files.begin("a", 10 * MB + FRAMING) == 0
    files.end("a", 10 * MB + FRAMING)
    assert files.begin("a", 10 * MB + FRAMING + 1) == 413


def test_a_session_has_room_for_so_much_at_a_time(files: Incoming) -> None:
    assert files.begin("a", 6 * MB) == 0
    assert files.begin("a", 6 * MB) == 413, "on its way beside another"
    files.end("a", 6 * MB)
    receipt = left(files, "a", 6 * MB)
    assert files.begin("a", 6 * MB) == 413, "beside one that no page has taken"
    assert files.take(receipt) is not None
    assert files.begin("a", 6 * MB) == 0


def test_all_sessions_together_have_room_for_so_much(files: Incoming) -> None:
    left(files, "away", 9 * MB)
    assert files.begin("a", 9 * MB) == 0
    assert files.begin("b", 9 * MB) == 503
    files.end("a", 9 * MB)
    assert files.begin("b", 9 * MB) == 0


def test_nothing_is_remembered_of_sessions_that_are_done(files: Incoming) -> None:
    files.begin("a", MB)
    files.end("a", MB)
    assert not files._coming


def test_a_file_is_taken_once_by_whoever_has_the_receipt(files: Incoming) -> None:
    with files.writer() as writer:
        writer.write(b"one ")
        writer.write(b"two")
        receipt = files.leave(writer, "a")
    assert files.take("") is None
    assert files.take(receipt[:-1]) is None
    taken = files.take(receipt)
    assert taken is not None
    assert (taken.path.read_bytes(), taken.size) == (b"one two", 7)
    assert taken.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert taken.path.stat().st_mode & 0o077 == 0
    assert taken.path.parent.stat().st_mode & 0o777 == 0o700
    assert files.take(receipt) is None


def test_what_is_not_finished_leaves_nothing(files: Incoming, tmp_path: Path) -> None:
    with files.writer() as writer:
        writer.write(b"half")
    with files.writer() as writer:
        writer.write(bytes(10 * MB))
        with pytest.raises(TooLarge):
            writer.write(b"1")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_what_nobody_takes_is_deleted(files: Incoming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, away = left(files, "here", MB), left(files, "away", MB)
    files.tidy(lambda session: session == "here")
    assert files.take(away) is None
    assert len(list((tmp_path / "uploads").iterdir())) == 1
    monkeypatch.setattr(incoming, "UNTAKEN_SECONDS", -1.0)
    files.tidy(lambda session: True)
    assert files.take(here) is None
    assert list((tmp_path / "uploads").iterdir()) == []
