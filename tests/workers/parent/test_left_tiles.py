"""Unfinished tiles that wait: what goes in comes out once, and nothing stays behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from filterviz.spec import Unfinished
from filterviz.workers.parent import left_tiles
from filterviz.workers.parent.left_tiles import LeftTiles


def tile(channel: int, steps: int = 3) -> Unfinished:
    state = (np.arange(20, dtype=np.uint8) + channel, np.zeros(0, np.uint8))
    return Unfinished(channel, np.linspace(0, 1, steps, dtype=np.float32), 0.5, state)


@pytest.mark.parametrize("memory", [1, left_tiles.MEMORY_BYTES], ids=["on disk", "in memory"])
def test_what_is_put_is_taken_once(memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_tiles, "MEMORY_BYTES", memory)
    with LeftTiles(tmp_path / "cache") as left:
        assert not left
        assert left.take() == ()
        assert list(tmp_path.iterdir()) == [], "a run that is never left writes nothing"
        for turn in range(3):
            for channel in range(turn + 1):
                left.put(tile(channel, steps=turn + 1))
            assert left
            taken = left.take()
            assert [one.filter for one in taken] == list(range(turn + 1))
            assert {len(one.curve) for one in taken} == {turn + 1}
            for one in taken:
                np.testing.assert_array_equal(one.state[0], tile(one.filter).state[0])
                assert one.state[1].size == 0
            assert not left
        left.put(tile(9))
        assert list((tmp_path / "cache").iterdir()) == [], "the file has no name that could be left behind"
    with pytest.raises(ValueError, match="closed file"):
        left.put(tile(1))
