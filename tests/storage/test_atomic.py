from __future__ import annotations

from pathlib import Path

import pytest

from filterviz.storage.atomic import atomic_write


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for data in (b"one", b"another"):
        atomic_write(tmp_path / "file", data, ".unfinished-")
        assert (tmp_path / "file").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        atomic_write(tmp_path / "file", b"data", ".unfinished-")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
