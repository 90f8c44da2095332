"""Arrays for a whole network: how they lie in files, and what is said where they do not fit."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from filterviz.errors import BadRequest
from filterviz.service import network_arrays
from filterviz.spec import DeclaredOutput, LayerSpec, ModelSpec, NodeSpec

LAYERS = (LayerSpec("image", "InputLayer"), LayerSpec("vector\x1b", "InputLayer"), LayerSpec("scores", "Dense"))
NODES = (
    NodeSpec(0, output_shape=(None, 32, None, 3), channels_first=True),
    NodeSpec(1, output_shape=(None, 10)),
    NodeSpec(2, (0, 1), (None, 2)),
)
TWO = ModelSpec("two", LAYERS, NODES, (0, 1), (2,), declared_outputs=(DeclaredOutput(2),))
ONE = ModelSpec("one", LAYERS, NODES, (1,), (2,), declared_outputs=(DeclaredOutput(2),))
IMAGE, VECTOR = np.ones((4, 3, 32, 20), np.uint8), np.zeros((4, 10))


def test_what_a_network_takes_is_said_in_the_files_own_layout() -> None:
    assert network_arrays.wanted(TWO) == (
        "The network takes 2 inputs: i0 [n, 3, 32, None] (image), i1 [n, 10] (vector\N{REPLACEMENT CHARACTER}). "
        "The first axis counts the examples; None is any size."
    )
    assert network_arrays.wanted(ONE).endswith("(vector\N{REPLACEMENT CHARACTER}). The first axis counts the examples.")


@pytest.mark.parametrize(
    "given",
    [
        [IMAGE, VECTOR],
        (IMAGE.tolist(), VECTOR),
        {"i1": VECTOR, "i0": IMAGE},
        {"vector\x1b": VECTOR, "image": IMAGE},
        [IMAGE.astype(bool), VECTOR.astype(np.int64)],
        [IMAGE.astype(np.float16), VECTOR.astype(">f8")],
    ],
)
def test_inputs_that_fit_become_float32(given: Any) -> None:
    image, vector = network_arrays.fitted(TWO, given)
    assert [image.dtype, vector.dtype] == [np.dtype(np.float32)] * 2
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(vector, VECTOR)


def test_one_input_needs_no_list() -> None:
    assert np.array_equal(network_arrays.fitted(ONE, VECTOR)[0], VECTOR)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ([IMAGE], "There is no i1."),
        ([], "There is no i0 and no i1."),
        ({"i0": IMAGE, "i2": VECTOR}, "There is no i1."),
        ([IMAGE, VECTOR, VECTOR], "There is i2, which the network does not take."),
        ([IMAGE.transpose(0, 2, 3, 1), VECTOR], "i0 is [4, 32, 20, 3]."),
        ([IMAGE[..., :0], VECTOR], "i0 is [4, 3, 32, 0]."),
        ([IMAGE[0], VECTOR], "i0 is [3, 32, 20]."),
        ([IMAGE, VECTOR[:, :9]], "i1 is [4, 9]."),
        ([IMAGE, np.float32(3)], "i1 is []."),
        ([IMAGE[:3], VECTOR], "All inputs must have the same number of examples, at least one: i0 3, i1 4."),
        ([IMAGE[:0], VECTOR[:0]], "at least one: i0 0, i1 0."),
        ([IMAGE, VECTOR.astype(str)], "i1 holds <U32, and not whole or floating-point numbers."),
        ([IMAGE, VECTOR.astype(complex)], "i1 holds complex128"),
        ([IMAGE, VECTOR.astype(object)], "i1 holds object"),
        ([IMAGE, [[1.0], [1.0, 2.0]]], "i1 is not an array: its rows are of different lengths."),
    ],
)
def test_inputs_that_do_not_fit_are_told_which_would(given: Any, what: str) -> None:
    with pytest.raises(BadRequest) as unfit:
        network_arrays.fitted(TWO, given)
    assert str(unfit.value).startswith("The inputs do not fit. ")
    assert what in str(unfit.value)
    assert network_arrays.wanted(TWO) in str(unfit.value)


def test_only_inputs_are_read_from_a_file(tmp_path: Path) -> None:
    objects = np.array([None])
    np.savez(tmp_path / "x.npz", i0=IMAGE, i1=VECTOR, o0=objects, nin=2, i01=objects, image=objects)
    image, vector = network_arrays.read(tmp_path / "x.npz", TWO)
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(vector, VECTOR)
    np.savez_compressed(tmp_path / "packed", i0=IMAGE, i1=VECTOR)
    assert np.array_equal(network_arrays.read(tmp_path / "packed.npz", TWO)[0], IMAGE)


def unreadable(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that hold no inputs, by name, each with what is said of it."""
    files = {
        "nothing": (b"", "cannot be read as an .npz file"),
        "text": (b"Dear network, " * 9, "cannot be read as an .npz file"),
        "pickle": (b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.", "cannot be read as an .npz file"),
        "cut short": (b"PK\x03\x04" + bytes(40), "cannot be read as an .npz file"),
    }
    made = {}
    for name, (content, sentence) in files.items():
        made[name] = (folder / name, sentence)
        (folder / name).write_bytes(content)
    np.save(folder / "one.npy", VECTOR)
    made["one array"] = (folder / "one.npy", "holds one array without a name. Save the inputs with numpy.savez")
    np.savez(folder / "objects.npz", i0=np.array([{}]), i1=VECTOR)
    made["objects"] = (folder / "objects.npz", "it holds Python objects, and only arrays of numbers are loaded")
    np.savez(folder / "empty.npz")
    made["no arrays"] = (folder / "empty.npz", "There is no i0 and no i1.")
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("i0", b"no array")
        archive.writestr("i1.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr': __import__('os').system('ls')}")
    made["a hostile header"] = (folder / "other.zip", "cannot be read as an .npz file")
    with zipfile.ZipFile(folder / "bytes.zip", "w") as archive:
        archive.writestr("i0", b"no array")
    made["no array"] = (folder / "bytes.zip", "There is no i1.")
    damaged = bytearray((folder / "objects.npz").read_bytes())
    damaged[200] ^= 255
    (folder / "damaged.npz").write_bytes(damaged)
    made["damaged"] = (folder / "damaged.npz", "cannot be read as an .npz file")
    made["missing"] = (folder / "none.npz", "cannot be read: No such file or directory.")
    made["a folder"] = (folder, "cannot be read: Is a directory.")
    return made


@pytest.mark.parametrize(
    "name",
    [
        *("nothing", "text", "pickle", "cut short", "one array", "objects", "no arrays", "a hostile header"),
        *("no array", "damaged", "missing", "a folder"),
    ],
)
def test_a_file_without_inputs_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    path, sentence = unreadable(tmp_path)[name]
    with pytest.raises(BadRequest) as error:
        network_arrays.read(path, TWO)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


def test_outputs_are_written_under_their_own_numbers_and_whole(tmp_path: Path) -> None:
    network_arrays.prepare(tmp_path / "new" / "y.npz")
    network_arrays.write(tmp_path / "new" / "y.npz", [None, VECTOR.astype(np.float32)])
    with np.load(tmp_path / "new" / "y.npz") as written:
        assert written.files == ["o1"]
        assert np.array_equal(written["o1"], VECTOR)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["y.npz"]


def test_where_outputs_cannot_be_written_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRequest, match="which is a folder"):
        network_arrays.prepare(tmp_path)
    with pytest.raises(BadRequest, match="cannot be written: "):
        network_arrays.prepare(tmp_path / "file" / "y.npz")
    with pytest.raises(BadRequest, match="cannot be written: "):
        network_arrays.write(tmp_path / "none" / "y.npz", [np.zeros(1, np.float32)])


def test_which_layer_is_in_the_way_is_said_where_nothing_can_be_computed() -> None:
    cut = DeclaredOutput(2, "The layer 'own' stands in the way. It carries program code, which is never run.")
    spec = ModelSpec("cut", LAYERS, NODES, (0, 1), (), declared_outputs=(cut, cut))
    with pytest.raises(BadRequest) as error:
        network_arrays.computable(spec)
    assert str(error.value) == f"The outputs of this network cannot be computed. {cut.reason}"
    one = ModelSpec("one", LAYERS, NODES, (0, 1), (2,), declared_outputs=(cut, DeclaredOutput(2)))
    assert network_arrays.computable(one) == [1]


def test_more_outputs_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_arrays, "LARGEST_RESULT", 4000)
    network_arrays.OutputCollector(500).add([np.zeros((1, 2), np.float32)])
    with pytest.raises(BadRequest, match="Give fewer inputs at a time"):
        network_arrays.OutputCollector(501).add([np.zeros((1, 2), np.float32)])
