"""Downloads from a server that misbehaves in every way one can."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from filterviz.storage import download
from filterviz.storage.download import DownloadFailed, Source, fetch
from tests.storage.server import CONTENT, Server, serving


def source_at(url: str) -> Source:
    return Source(url, hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(), largest=2 * len(CONTENT))


def get(server: Server, folder: Path) -> Path:
    return fetch(source_at(server.url), folder / "weights.h5", stall_seconds=0.3)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    with serving("good") as server:
        folder = tmp_path / "new" / "folder"
        path = fetch(source_at(server.url), folder / "weights.h5", lambda *numbers: heard.append(numbers))
    assert path.read_bytes() == CONTENT
    assert left(folder) == {"weights.h5"}
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert heard == sorted(heard)


@pytest.mark.parametrize("manner", ["break", "stall"])
def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path, manner: str) -> None:
    with serving(manner, "good") as server:
        assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={len(CONTENT) // 2}-"]


def test_a_server_that_knows_no_ranges_is_listened_to_from_the_start(tmp_path: Path) -> None:
    with serving("break", "no-ranges") as server:
        assert get(server, tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_later_try_goes_on_too(tmp_path: Path) -> None:
    with serving("break", "503") as server, pytest.raises(DownloadFailed, match="503"):
        get(server, tmp_path)
    assert not (tmp_path / "weights.h5").exists()
    with serving("good") as server:
        assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) // 2}-"]


@pytest.mark.parametrize("remains", [b"rubbish", CONTENT, CONTENT + b"more"])
def test_remains_that_do_not_fit_are_thrown_away(tmp_path: Path, remains: bytes) -> None:
    (tmp_path / "weights.h5.part").write_bytes(remains)
    with serving("good") as server:
        assert get(server, tmp_path).read_bytes() == CONTENT
    assert left(tmp_path) == {"weights.h5"}


@pytest.mark.parametrize(
    ("manner", "sentence"),
    [
        ("404", "the server answered 404 Not Found"),
        ("mute", "the server sent nothing for 0.3 seconds"),
        ("wrong", "another file than the one that was published"),
        ("huge", "more than the 2 MB"),
        ("endless", "more than the 2 MB"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(tmp_path: Path, manner: str, sentence: str) -> None:
    with serving(manner) as server, pytest.raises(DownloadFailed, match=sentence):
        get(server, tmp_path)
    assert len(server.asked) == 1
    assert not (tmp_path / "weights.h5").exists()


def test_a_server_that_always_breaks_off_is_given_up(tmp_path: Path) -> None:
    with serving("break") as server, pytest.raises(DownloadFailed, match="broke off"):
        get(server, tmp_path)
    assert len(server.asked) == download.TRIES


def test_another_part_than_the_one_asked_for_is_not_taken(tmp_path: Path) -> None:
    with serving("break", "wrong-range") as server, pytest.raises(DownloadFailed, match="another part"):
        get(server, tmp_path)
    assert (tmp_path / "weights.h5.part").stat().st_size == len(CONTENT) // 2


def test_nobody_there(tmp_path: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/weights.h5"
        with pytest.raises(DownloadFailed, match="cannot be reached"):
            fetch(source_at(url), tmp_path / "weights.h5")


def test_a_folder_that_takes_no_files(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with serving("good") as server, pytest.raises(DownloadFailed, match="cannot be written"):
        get(server, tmp_path / "models")
    assert server.asked == []


def test_whoever_wants_no_more_ends_it_and_can_go_on_later(tmp_path: Path) -> None:
    def enough(*_: int) -> None:
        raise KeyboardInterrupt

    with serving("good") as server:
        with pytest.raises(KeyboardInterrupt):
            fetch(source_at(server.url), tmp_path / "weights.h5", enough)
        assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.asked[0] == ""
    assert server.asked[1].startswith("bytes=")


def test_threads_that_want_the_same_file_download_it_once(tmp_path: Path) -> None:
    with serving("good") as server:
        threads = [threading.Thread(target=get, args=(server, tmp_path)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (tmp_path / "weights.h5").read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.skipif(os.name != "posix", reason="the other process is ended by a signal")
def test_a_process_that_dies_leaves_its_turn_and_its_bytes_to_the_next(tmp_path: Path) -> None:
    with serving("stall", "good") as server:
        program = (
            "import sys; from pathlib import Path; from filterviz.storage.download import Source, fetch\n"
            "fetch(Source(sys.argv[1], sys.argv[2], 1 << 30), Path(sys.argv[3]), lambda *_: print(flush=True))"
        )
        source = source_at(server.url)
        command = [sys.executable, "-c", program, source.url, source.md5, str(tmp_path / "weights.h5")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            while (tmp_path / "weights.h5.part").stat().st_size < len(CONTENT) // 2:
                other.stdout.readline()
            waiting = threading.Thread(target=get, args=(server, tmp_path))
            waiting.start()
            other.kill()
            waiting.join()
    assert (tmp_path / "weights.h5").read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={len(CONTENT) // 2}-"]
