"""A zip archive with one Keras file in it opens; with several, none or another archive it is refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import bundle, open_model, zipped
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from tests import keras_files

NAMES = {"labels.txt": b"0 cat\n1 dog\n", "readme.md": b"# Hello"}
JUNK = {
    "__MACOSX/._model.h5": b"\x89HDF\r\n\x1a\n",
    "__MACOSX/._labels.txt": b"0 x\n",
    ".DS_Store": b"\0\0\0\1Bud1",
    ".hidden/model.h5": b"\x89HDF\r\n\x1a\n",
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
}


@pytest.fixture
def h5(family_files: dict[str, Path]) -> bytes:
    return family_files["keras_2_1.h5"].read_bytes()


@pytest.fixture
def keras(family_files: dict[str, Path]) -> bytes:
    return family_files["keras_3_functional.keras"].read_bytes()


def packed(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(keras: bytes, folder: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(keras)) as archive:
        return {folder + name: archive.read(name) for name in archive.namelist()}


def read(members: Mapping[str, bytes], folder: Path, method: int = zipfile.ZIP_DEFLATED) -> ModelSpec:
    path = folder / "download.zip"
    path.write_bytes(packed(members, method))
    with open_model(path, Settings()) as model:
        for layer in model.spec.layers:
            model.weights(layer)
        return model.spec


def refused(members: Mapping[str, bytes], folder: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        read(members, folder)
    return caught.value


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["keras_model.h5", "a/b/model.hdf5", "model", "Modell für Katzen.bin", "a\\model.h5"])
def test_the_one_file_opens_whatever_it_is_called(name: str, method: int, h5: bytes, tmp_path: Path) -> None:
    spec = read({name: h5, **NAMES, **JUNK}, tmp_path, method)
    assert [layer.name for layer in spec.layers if layer.kind == "Conv2D"] == ["conv2d_1", "conv2d_2"]
    assert spec.classes[0].labels == ("cat", "dog")


@pytest.mark.parametrize("name", ["model.keras", "model.zip", "deep/er/model"])
def test_an_archive_of_keras_in_an_archive_opens(name: str, keras: bytes, tmp_path: Path) -> None:
    assert read({name: keras, **NAMES, **JUNK}, tmp_path).keras_version.startswith("3.")


@pytest.mark.parametrize("folder", ["", "good/", "a/b/", "a\\"])
def test_a_keras_archive_that_was_unpacked_and_packed_again_opens(folder: str, keras: bytes, tmp_path: Path) -> None:
    """Also where the name of the folder has become a part of the names."""
    spec = read({**unpacked(keras, folder), f"{folder}labels.txt": NAMES["labels.txt"], **JUNK}, tmp_path)
    assert spec.keras_version.startswith("3.")
    assert all(output.labels == ("cat", "dog") for output in spec.classes if output.units == 2)


def test_labels_beside_the_model_are_meant(h5: bytes, tmp_path: Path) -> None:
    others = {"other/labels.txt": b"0 x\n1 y\n", "labels.txt": b"0 p\n1 q\n"}
    assert read({"m/model.h5": h5, "m/Labels.TXT": b"0 cat\n1 dog\n", **others}, tmp_path).classes[0].labels == (
        "cat",
        "dog",
    )
    assert read({"m/model.h5": h5, "labels.txt": b"0 cat\n1 dog\n"}, tmp_path).classes[0].labels == ("cat", "dog")
    assert read({"m/model.h5": h5, **others}, tmp_path).classes[0].labels == (), "whose they are is not known"


def test_bare_weights_do_not_compete_with_the_network(h5: bytes, tmp_path: Path) -> None:
    assert read({"model.h5": h5, "model.weights.h5": h5}, tmp_path).visualisable


def test_bare_weights_alone_are_said_to_be_that(family_files: dict[str, Path], tmp_path: Path) -> None:
    weights = family_files["keras_2_weights_only.h5"].read_bytes()
    assert refused({"my.weights.h5": weights}, tmp_path).code is RefusalCode.WEIGHTS_ONLY


def test_a_dataset_does_not_compete_with_the_network(h5: bytes, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "photos.h5", "w") as file:
        file["photos"] = np.zeros((9, 8, 8, 3), np.uint8)
    photos = (tmp_path / "photos.h5").read_bytes()
    assert read({"photos.h5": photos, "./model.h5": h5}, tmp_path).visualisable
    assert "none of them with a network" in refused({"a.h5": photos, "b.h5": photos}, tmp_path).what


def test_several_are_listed(h5: bytes, keras: bytes, tmp_path: Path) -> None:
    refusal = refused({"a.h5": h5, "b/b.hdf5": h5, "c.keras": keras, **unpacked(keras, "d/")}, tmp_path)
    assert refusal.code is RefusalCode.NOT_A_MODEL
    assert refusal.what == "This zip archive holds several Keras files: 'd/', 'a.h5', 'b/b.hdf5', 'c.keras'."
    assert "choose one" in refusal.hint
    many = refused({f"{at}.h5": h5 for at in range(6)}, tmp_path)
    assert many.what.endswith("'3.h5' and 2 more.")


def test_names_of_several_are_harmless(h5: bytes, tmp_path: Path) -> None:
    refusal = refused({"\x1b[2J.h5": h5, "\u202e.h5": h5, "x" * 9000 + ".h5": h5}, tmp_path)
    assert str(refusal).isprintable()
    assert len(str(refusal)) < 400


def test_an_archive_in_an_archive_is_not_looked_into(h5: bytes, tmp_path: Path) -> None:
    refusal = refused({"inner.zip": packed({"model.h5": h5}), "readme.txt": b"see inside"}, tmp_path)
    assert "another archive, 'inner.zip'" in refusal.what
    assert "Unpack" in refusal.hint


def test_a_damaged_neighbour_is_no_reason_to_refuse(h5: bytes, tmp_path: Path) -> None:
    path = tmp_path / "download.zip"
    path.write_bytes(packed({"picture.bin": b"spoil me please", "model.h5": h5}, zipfile.ZIP_STORED))
    path.write_bytes(path.read_bytes().replace(b"spoil me", b"spoiled!", 1))
    with open_model(path, Settings()) as model:
        assert model.spec.visualisable


def test_a_damaged_model_is_said_to_be_damaged(h5: bytes, tmp_path: Path) -> None:
    path = tmp_path / "download.zip"
    path.write_bytes(packed({"model.h5": h5}))
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        open_model(path, Settings())
    assert caught.value.code is RefusalCode.DAMAGED


def test_a_few_files_more_than_are_looked_through(h5: bytes, tmp_path: Path) -> None:
    others = {f"photos/{number}": b"" for number in range(bundle.MOST_MEMBERS - 1)}
    assert read({"model.h5": h5, **others}, tmp_path).visualisable
    assert refused({"model.h5": h5, "more": b"", **others}, tmp_path).code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize(("size", "opens"), [(zipped.LARGE // 2, True), (zipped.LARGE * 2, False)])
def test_how_far_a_member_may_unfold(size: int, opens: bool, tmp_path: Path) -> None:
    """Zeros shrink a thousandfold, and half of them noise is well within the usual ratio."""
    noise = np.random.default_rng(0).bytes(1_200_000)
    path = tmp_path / "download.zip"
    path.write_bytes(packed({"model": noise + bytes(size)}))
    with zipped.opened(path) as archive:
        (member,) = archive.filelist
        if opens:
            assert zipped.read(archive, member, 1 << 30).getbuffer().nbytes == size + len(noise)
        else:
            with pytest.raises(Refused) as caught:
                zipped.read(archive, member, 1 << 30)
            assert caught.value.code is RefusalCode.TOO_LARGE


def test_the_limits_hold_for_what_is_packed(h5: bytes, tmp_path: Path) -> None:
    path = tmp_path / "download.zip"
    path.write_bytes(packed({"model.h5": h5}))
    with pytest.raises(Refused) as caught:
        open_model(path, Settings(weight_bytes=len(h5) - 1))
    assert caught.value.code is RefusalCode.TOO_LARGE


def test_the_same_network_in_and_out_of_an_archive(tmp_path: Path) -> None:
    for path in keras_files.write_all(tmp_path):
        if "weights_only" in path.name:
            continue
        with open_model(path, Settings()) as model:
            plain = model.spec
        assert read({path.name: path.read_bytes()}, tmp_path) == plain
