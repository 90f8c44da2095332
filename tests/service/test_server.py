"""What visitors of one server share, and what they do not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filterviz.errors import BadRequest, EngineFailed, WeightsUnavailable
from filterviz.service import server as server_module
from filterviz.service.model import DEMO, UNTRAINED, Model
from filterviz.service.server import VGG16_RETRY_SECONDS, Server
from filterviz.settings import Settings
from filterviz.spec import Recipe, Request
from filterviz.storage.uploads import Upload
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One without VGG16's weights."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(Settings(cache_dir=folder, vgg16_weights=folder / "vgg16.h5", workers=1))
    yield server
    server.close()


def kept(server: Server, file: Path, name: str, tail: bytes = b"") -> Upload:
    """A file as if it had been uploaded; bytes after its end make it another file of the same network."""
    return server.uploads.keep(name, io.BytesIO(file.read_bytes() + tail))


def test_nobody_reads_the_file_name_of_another_visitor(server: Server, family_files: dict[str, Path]) -> None:
    """Two people upload the same bytes under their own names, and look at them in every way there is."""
    file = family_files["keras_2_1.h5"]
    theirs = kept(server, file, "theirs.h5")
    their_model = server.open(theirs)
    assert server.other(theirs.token, their_model).result(60).name == "theirs.h5"
    assert server.other(UNTRAINED, their_model).result(60).name == "theirs.h5, untrained"
    mine = kept(server, file, "mine.h5")
    my_model = server.open(mine)
    assert my_model.name == "mine.h5"
    assert server.other(mine.token, my_model).result(60).name == "mine.h5"
    assert server.other(UNTRAINED, my_model).result(60).name == "mine.h5, untrained"


def test_what_broke_beside_another_network_is_read_anew_when_it_is_opened(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = kept(server, family_files["keras_2_1.h5"], "it.h5", b"broke")
    read = server.workspace.open

    def dies(*_values: object, **_named: object) -> Model:
        raise EngineFailed("The process that read it died.")

    monkeypatch.setattr(server.workspace, "open", dies)
    assert isinstance(server.other(upload.token, Model(None, "", "", None)).exception(20), EngineFailed)  # type: ignore[arg-type]
    monkeypatch.setattr(server.workspace, "open", read)
    assert server.open(upload).name == "it.h5"


def test_a_second_file_that_is_gone_is_a_sentence(server: Server, family_files: dict[str, Path]) -> None:
    model = server.open(kept(server, family_files["keras_2_1.h5"], "it.h5"))
    assert isinstance(server.other("0" * 24, model).exception(0), BadRequest)


def test_vgg16_is_looked_for_again_after_a_while(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("filterviz.service.model_cache.time.monotonic", lambda: now[0])
    searches: list[int] = []
    search = server.workspace.reference

    def counted() -> Model:
        searches.append(1)
        return search()

    monkeypatch.setattr(server.workspace, "reference", counted)
    assert isinstance(server.vgg16().exception(20), WeightsUnavailable)
    now[0] += VGG16_RETRY_SECONDS - 1
    assert isinstance(server.vgg16().exception(20), WeightsUnavailable)
    assert len(searches) == 1
    now[0] += 2
    assert isinstance(server.vgg16().exception(20), WeightsUnavailable)
    assert len(searches) == 2


def test_the_demo_network_through_its_training(server: Server) -> None:
    stages = server.training_stages()
    assert len(stages) > 2
    assert list(stages)[-1] == DEMO
    assert len({model.sha256 for model in stages.values()}) == len(stages)


def test_where_vgg16_is_at_hand(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert server.has_vgg16(), "its patterns come with the program"
    monkeypatch.setattr(server.workspace, "bundled", type("Nothing", (), {"models": {}})())
    assert server.has_vgg16(), "the settings name a file"
    monkeypatch.setattr(server, "settings", replace(server.settings, vgg16_weights=None))
    assert not server.has_vgg16()


def test_files_past_their_time_go_while_nobody_comes(
    family_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(server_module, "TIDY_SECONDS", 0.1)
    server = Server(Settings(cache_dir=tmp_path, workers=1, kept_upload_seconds=0.5))
    try:
        upload = kept(server, family_files["keras_2_1.h5"], "it.h5")
        assert upload.path.is_file()
        wait_for(lambda: not upload.path.exists())
        assert list(upload.path.parent.iterdir()) == []
    finally:
        server.close()
    assert not server._housekeeper.is_alive()


def test_a_housekeeper_who_fails_once_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SWEEP_SECONDS", 0.05)
    server = Server(Settings(cache_dir=tmp_path, workers=1))
    swept: list[bool] = []

    def fails() -> None:
        swept.append(True)
        raise OSError

    try:
        monkeypatch.setattr(server.walls, "sweep", fails)
        wait_for(lambda: len(swept) > 2)
    finally:
        server.close()


def made_of(server: Server, file: Upload, visitor: str) -> Model:
    """A visitor looks at a file, and its patterns are made."""
    model = server.open(file)
    request = Request(model.spec.visualisable[0].name, (0, 1), Recipe("classic", size=16, steps=2))
    server.walls.start(model, [request], visitor)
    wait_for(lambda: (found := server.walls.state(model, request, visitor)) is not None and found[0].complete)
    return model


def test_somebody_deletes_their_files_and_what_was_made_of_them_alone(
    server: Server, family_files: dict[str, Path]
) -> None:
    data = family_files["keras_2_1.h5"].read_bytes()
    uploads, store = server.uploads, server.workspace.store
    shared = [uploads.keep("both.h5", io.BytesIO(data + b"both"), person) for person in ("ada", "bob")]
    alone = uploads.keep("alone.h5", io.BytesIO(data + b"alone"), "ada")
    for file, visitor in ((shared[0], "ada.1"), (shared[1], "bob.1"), (alone, "ada.2")):
        made_of(server, file, visitor)
    model = server.open(alone)
    endless = Request(model.spec.visualisable[0].name, (0,), Recipe("classic", size=96, steps=4000))
    server.walls.start(model, [endless], "ada.2")
    entries = set(store.root.rglob("*.json"))
    assert (uploads.count_of("ada"), uploads.count_of("bob"), uploads.count_of("")) == (2, 1, 0)
    server.delete_files_of("ada")
    assert (uploads.count_of("ada"), uploads.count_of("bob")) == (0, 1)
    assert uploads.find(shared[0].token) is None
    assert uploads.find(alone.token) is None
    assert not alone.path.exists()
    assert len(entries - set(store.root.rglob("*.json"))) == 2, "the tiles of the file that was hers alone"
    assert server.walls.state(model, endless, "ada.2") is None
    assert alone.sha256 not in {worker.key[0] for worker in server.workspace.pool._idle._workers}
    found = uploads.find(shared[1].token)
    assert found is not None
    assert server.open(found).name == "both.h5", "what somebody else has uploaded too stays theirs"
    server.delete_files_of("")
    assert uploads.count_of("bob") == 1, "whoever nobody can name has no files"
    server.delete_files_of("bob")
    assert not shared[1].path.exists()
    assert not [path for path in store.root.rglob("*.json") if path in entries]
