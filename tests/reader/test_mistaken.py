"""What people drop by mistake is called by its name, with what to do."""

from __future__ import annotations

import io
import json
import pickle
import sqlite3
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from tests.conftest import SHARED

ODD = SHARED / "models" / "cases" / "odd"


def refused(content: bytes, folder: Path, name: str = "model.h5") -> Refused:
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        open_model(path, Settings())
    return caught.value


def message(*fields: tuple[int, bytes | int]) -> bytes:
    """A protocol buffer of numbers and bytes."""
    made = b""
    for number, value in fields:
        made += varint(number << 3 | (0 if isinstance(value, int) else 2))
        made += varint(value) if isinstance(value, int) else varint(len(value)) + value
    return made


def varint(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def packed(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.h5"))
    return stream.getvalue()


def numpy_file(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays) if arrays else np.save(stream, np.zeros(3))
    return stream.getvalue()


def database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "base")
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()
    return (folder / "base").read_bytes()


NODE = message((1, b"input"), (2, b"Placeholder"))
ONNX_GRAPH = message((1, message((1, b"x"), (2, b"y"), (4, b"Relu"))), (2, b"torch_jit"), (5, bytes(300_000)))
NOTEBOOK = {"cells": [{"cell_type": "code", "source": ['"modelTopology": 1']}], "metadata": {}, "nbformat": 4}
CONFIG = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
TFJS = {"format": "layers-model", "generatedBy": "keras", "modelTopology": CONFIG, "weightsManifest": []}

KINDS: list[tuple[str, bytes, str, str]] = [
    ("onnx", message((1, 8), (2, b"pytorch"), (3, b"2.4.0"), (7, ONNX_GRAPH), (8, b"\x10\x11")), "ONNX", "Keras file"),
    ("onnx without a producer", message((1, 10), (7, ONNX_GRAPH), (8, b"\x10\x15")), "ONNX", "Keras file"),
    ("onnx, sets first", message((1, 7), (8, b"\x10\x0d"), (2, b"tf2onnx"), (7, ONNX_GRAPH)), "ONNX", "Keras file"),
    ("saved model", message((1, 1), (2, message((1, b"\x12\x00"), (2, NODE * 3)))), "SavedModel", "load_model"),
    ("frozen graph", message((1, NODE), (1, NODE), (4, b"\x08\x01")), "frozen TensorFlow graph", "converted"),
    ("core ml", message((1, 4), (2, b"\n\x00"), (500, b"abc")), "Core ML", "converted"),
    ("caffe", message((1, b"VGG_ILSVRC_16"), (100, b"\n\x04conv")), "Caffe", "Keras saved"),
    ("tflite", b"\x1c\0\0\0TFL3" + bytes(40), "TensorFlow Lite", "Tensorflow, Keras"),
    ("safetensors", struct.pack("<Q", 20) + b'{"w": {"dtype": "F3"' + bytes(8), "safetensors", "PyTorch"),
    ("torch, old", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "PyTorch", "Keras saved"),
    ("torch, state", b"\x80\x02ccollections\nOrderedDict\nq\0)Rq\x01ctorch._utils\n", "PyTorch", "Keras saved"),
    ("torch", packed(model__data_dot_pkl=b"\x80\x02.", model__version=b"3"), "PyTorch", "Keras saved"),
    ("pickle 2", pickle.dumps([1, 2.5], 2), "pickle", "model.save"),
    ("pickle 4", pickle.dumps({"a": "b" * 300}, 4), "pickle", "model.save"),
    ("pickle 5", pickle.dumps("x", 5), "pickle", "model.save"),
    ("pickle 0", pickle.dumps({"a": 1}, 0), "pickle", "model.save"),
    ("tf.js", json.dumps(TFJS).encode(), "TensorFlow.js", "Tensorflow, Keras"),
    ("tf.js, zipped", packed(model_dot_json=json.dumps(TFJS).encode(), weights_dot_bin=bytes(9)), "TensorFlow.js", ""),
    ("config", json.dumps(CONFIG).encode(), "description of a network without its weights", "model.save"),
    ("config, with mark", b"\xef\xbb\xbf\n" + json.dumps(CONFIG, indent=2).encode(), "without its weights", ""),
    ("config, twice", json.dumps(json.dumps(CONFIG)).encode(), "without its weights", "model.save"),
    ("config, yaml", b"backend: tensorflow\nclass_name: Sequential\nconfig:\n", "without its weights", "model.save"),
    ("config, zipped", packed(config_dot_json=json.dumps(CONFIG).encode()), "without its weights", "model.save"),
    ("shards", b'{"metadata": {"total_size": 1}, "weight_map": {"/a": []}}', "several parts", "model.save"),
    ("metadata", b'{"keras_version": "3.1", "date_saved": "x"}', "part of a Keras archive", "unpacking"),
    ("checkpoint", b"\0\0\6\x08\1\x1a\2\x08\1\0\x1c\x10_CHECKPOINTABLE", "checkpoint", "load these weights"),
    (
        "checkpoint, end",
        b"a" * 40 + b"\xff\0" + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb",
        "checkpoint",
        "load these weights",
    ),
    ("checkpoint, list", b'model_checkpoint_path: "ckpt-3"\n', "checkpoint", "load these weights"),
    ("saved model, zipped", packed(m__saved_model_dot_pb=b"\x08\1", m__x=b"1"), "SavedModel folder", "load_model"),
    ("npy", numpy_file(), "NumPy", "load these weights"),
    ("npz", numpy_file(a=np.zeros(3), b=np.ones(2)), "NumPy", "load these weights"),
    ("darknet", struct.pack("<3i", 0, 2, 5) + bytes(400), "Darknet", "Convert"),
    ("matlab 5", b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128), "MATLAB", "Keras saved"),
    ("matlab 7.3", b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(99), "MATLAB", "Keras saved"),
    ("matlab 7.3, bare", bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(99), "MATLAB", "Keras saved"),
    ("kaggle", b"\n\n<!doctype html><html><title>Cats | Kaggle</title>", "web page of Kaggle", "press Download"),
    ("kaggle, upper", b"\xef\xbb\xbf <!DOCTYPE HTML><HTML><TITLE>KAGGLE", "web page of Kaggle", "press Download"),
    ("drive", b"\n<!DOCTYPE html><html><title>Google Drive - Virus scan", "Google Drive", "Download anyway"),
    ("github", b"\n\n\n<!DOCTYPE html>\n<html lang=en data-host='github.com'>", "GitHub", "Download raw file"),
    ("a page", b"<!-- saved -->\n<html><body>Sign in</body>", "web page", "download the file"),
    ("a page, utf-16", "<html><body>Sign in".encode("utf-16"), "web page", "download the file"),
    ("an answer", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a server", "once more"),
    ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "Git LFS", "git lfs pull"),
    ("lfs, with mark", b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\r\n", "Git LFS", "git lfs pull"),
    ("notebook", json.dumps(NOTEBOOK).encode(), "notebook", "model.save"),
    ("program text", b"# train\nimport keras\nmodel = keras.Sequential()\n", "Python program", "model.save"),
    ("csv", b"id,label\n1,cat\n2,dog\n", "table", "trained on it"),
    ("letter", b"Dear Sir,\n\nI am a text.\n", "no Keras model.", "It is a text file"),
    ("json", b'{"answer": 42}', "JSON", "Keras saved"),
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(90), "image", "network"),
    ("jpeg", b"\xff\xd8\xff\xe0" + bytes(90), "image", "network"),
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "network"),
    ("webp", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(90), "image", "network"),
    ("heic", b"\0\0\0\x18ftypheic" + bytes(90), "image", "network"),
    ("mp4", b"\0\0\0\x18ftypisom" + bytes(90), "film", "network"),
    ("wav", b"RIFF\x10\0\0\0WAVEfmt " + bytes(90), "sound", "network"),
    ("mp3", b"ID3\4" + bytes(90), "sound", "network"),
    ("pdf", b"%PDF-1.7\n", "PDF", "Keras saved"),
    ("word, old", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90), "Office", "Keras saved"),
    ("word", packed(word__document_dot_xml=b"<w/>", x=b"1"), "Office", "Keras saved"),
    ("gz", b"\x1f\x8b\x08\0" + bytes(90), "packed archive", "Unpack"),
    ("7z", b"7z\xbc\xaf\x27\x1c" + bytes(90), "packed archive", "Unpack"),
    ("tar", tar(), "packed archive", "Unpack"),
    ("program", b"\x7fELF" + bytes(90), "program", "Keras saved"),
    ("images, zipped", packed(a_dot_png=b"\x89PNG", b_dot_jpg=b"\xff\xd8\xff"), "images", "network"),
    ("onnx, zipped", packed(a_dot_onnx=message((1, 8), (2, b"x"), (7, b"\n\0"))), "ONNX", "Keras file"),
    ("torch, zipped", packed(best_dot_pt=packed(best__data_dot_pkl=b"\x80\2.")), "PyTorch", "Keras saved"),
    ("nothing, zipped", packed(), "nothing in it", "Pack it again"),
    ("anything, zipped", packed(a_dot_md=b"# Hello\n"), "no Keras model is in it", "model.save"),
    ("noise", bytes(range(200, 256)) * 3, "no Keras model", "Keras saved"),
    ("empty", b"", "empty", "again"),
]


@pytest.mark.parametrize(("content", "what", "hint"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_it_is_called_by_its_name(content: bytes, what: str, hint: str, tmp_path: Path) -> None:
    refusal = refused(content, tmp_path)
    assert refusal.code is RefusalCode.NOT_A_MODEL
    assert what in refusal.what
    assert hint in refusal.hint
    assert refusal.what.endswith(".")
    assert refusal.hint.endswith(".")


def test_a_database_is_called_by_its_name(tmp_path: Path) -> None:
    assert "database" in refused(database(tmp_path), tmp_path).what


@pytest.mark.parametrize(
    "start",
    [content[:cut] for _, content, _, _ in KINDS for cut in (9, 40)],
    ids=[f"{name}, {cut} bytes" for name, *_ in KINDS for cut in (9, 40)],
)
def test_a_beginning_alone_is_refused_with_a_sentence(start: bytes, tmp_path: Path) -> None:
    refusal = refused(start, tmp_path)
    assert refusal.code in (RefusalCode.NOT_A_MODEL, RefusalCode.DAMAGED)
    assert str(refusal).isprintable()


@given(
    st.builds(
        lambda start, rest: start + rest,
        st.sampled_from(
            [b"", b"{", b"<", b"\x08", b"\n", b"\x80", b"PK\3\4", b"PK\5\6", b"\x89HDF\r\n\x1a\n", b"\0\0"]
        ),
        st.binary(max_size=300),
    )
)
def test_any_bytes_get_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    refusal = refused(content, tmp_path_factory.getbasetemp())
    assert refusal.what.endswith(".")
    assert refusal.hint.endswith(".")
    assert len(str(refusal)) < 400
    assert str(refusal).isprintable()


@given(st.text(max_size=300))
def test_any_text_gets_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    assert refused(content.encode("utf-8", "replace"), tmp_path_factory.getbasetemp()).what.endswith(".")


def hdf5(folder: Path, **arrays: object) -> bytes:
    path = folder / "made.h5"
    with h5py.File(path, "w") as file:
        for name, content in arrays.items():
            file[name] = content
    return path.read_bytes()


def test_hdf5_without_a_model_says_what_is_in_it(tmp_path: Path) -> None:
    refusal = refused(hdf5(tmp_path, images=np.zeros((2, 8, 8, 3)), labels=np.zeros(2)), tmp_path)
    assert refusal.what == ("This HDF5 file holds arrays ('images', 'labels'), as a dataset does, but no Keras model.")
    assert "trained on it" in refusal.hint
    many = refused(hdf5(tmp_path, **{f"x{at}": [at] for at in range(9)}), tmp_path)
    assert "'x3' and 5 more" in many.what
    texts = refused(hdf5(tmp_path, names=["a", "b"]), tmp_path)
    assert "('names')" in texts.what
    assert "is empty" in refused(hdf5(tmp_path), tmp_path).what


@pytest.mark.parametrize(
    ("attribute", "words"),
    [("PYTABLES_FORMAT_VERSION", "pandas"), ("_NCProperties", "NetCDF"), ("encoding-type", "AnnData")],
)
def test_hdf5_of_other_programs(attribute: str, words: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "made.h5", "w") as file:
        file.create_group("table")
        file.attrs[attribute] = "1"
    assert words in refused((tmp_path / "made.h5").read_bytes(), tmp_path).what


@pytest.mark.parametrize("where", ["net", "#refs#"])
def test_hdf5_of_matlab_without_its_header(where: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "made.h5", "w") as file:
        file.create_group(where).attrs["MATLAB_class"] = b"struct"
    assert "MATLAB" in refused((tmp_path / "made.h5").read_bytes(), tmp_path).what


OPEN = {"converted_keras.zip", "good.h5", "good.keras", "keras_model.h5", "zip_of_keras.zip"} | {
    "rezipped_folder.keras",
    "rezipped_macos.keras",
}
WORDS = {
    "architecture.json": "description of a network",
    "checkpoint.index": "checkpoint",
    "config.json": "description of a network",
    "cut.h5": "cut short",
    "cut.keras": "cut short",
    "dataset.h5": "dataset",
    "drive_page.h5": "Google Drive",
    "empty.keras": "empty",
    "kaggle_page.h5": "Kaggle",
    "keras2_weights.h5": "weights, but not the network",
    "keras3.weights.h5": "weights, but not the network",
    "legacy_torch.pth": "PyTorch",
    "matlab73.mat": "MATLAB",
    "model.onnx": "ONNX",
    "model.safetensors": "safetensors",
    "model.tflite": "TensorFlow Lite",
    "model.weights.h5": "weights, but not the network",
    "npz_inside.keras": "NumPy",
    "saved_model.pb": "SavedModel",
    "savedmodel.zip": "SavedModel",
    "sharded.weights.json": "several parts",
    "sharded_00000.weights.h5": "weights, but not the network",
    "tfjs_model.json": "TensorFlow.js",
    "torch.pt": "PyTorch",
    "weights.npz": "NumPy",
}


@pytest.mark.parametrize("name", sorted(path.name for path in ODD.glob("*")))
def test_every_odd_file_gets_its_verdict(name: str) -> None:
    if name in OPEN:
        with open_model(ODD / name, Settings()) as model:
            assert [item.units for item in model.spec.classes] == [2]
            assert model.spec.classes[0].labels == (("cat", "dog") if name == "converted_keras.zip" else ())
        return
    with pytest.raises(Refused) as caught:
        open_model(ODD / name, Settings())
    assert WORDS[name] in str(caught.value)
