"""Each saver's folders are found, whichever of its layers are shared or have no arrays."""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz.reader.archive_folders import arrays_in, folders_of, snake_case
from filterviz.reader.hdf5 import Hdf5

VERSIONS = ["2.12.0", "2.13.1", "2.15.0", "3.5.0", ""]


def weights(*folders: str) -> Hdf5:
    """A file with one array in each folder."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for folder in folders:
            file[f"{folder}/vars/0"] = np.zeros(2, np.float32)
    return Hdf5(content, content.getbuffer().nbytes)


def branch(index: int, stored_class: str = "Dense", **parts: Any) -> Any:
    usual = {"record": index, "number": index, "alike": index, "wrapped": None, "inside": ()}
    return SimpleNamespace(stored_class=stored_class, **{**usual, **parts})


def found(file: Hdf5, branches: Sequence[Any], count: int, version: str, bare: Sequence[int] = ()) -> dict[int, str]:
    records: Any = [SimpleNamespace(weight_shapes=() if index in bare else ((2,),)) for index in range(count)]
    return folders_of(file, branches, records, version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables"])
def test_layers_of_a_class_are_numbered(version: str, root: str) -> None:
    file = weights(f"{root}/dense", f"{root}/dense_1", f"{root}/conv2d")
    branches = [branch(0), branch(1, "Conv2D"), branch(2)]
    assert found(file, branches, 3, version) == {0: f"{root}/dense", 1: f"{root}/conv2d", 2: f"{root}/dense_1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_tensorflow_2_12_counts_layers_with_arrays_twice(version: str) -> None:
    file = weights("layers/dense", "layers/dense_2", "layers/dense_4")
    assert list(found(file, [branch(0), branch(1), branch(2)], 3, version).values()) == [
        "layers/dense",
        "layers/dense_2",
        "layers/dense_4",
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("after", ["dense_1", "dense_2"])
def test_a_shared_layer_has_one_folder_whether_it_counts_again_or_not(version: str, after: str) -> None:
    file = weights("layers/dense", f"layers/{after}")
    branches = [branch(0), branch(1, number=0), branch(2)]
    assert found(file, branches, 3, version) == {0: "layers/dense", 1: "layers/dense", 2: f"layers/{after}"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_layer_without_arrays_may_have_no_folder_and_still_counts(version: str) -> None:
    branches = [branch(0), branch(1), branch(2)]
    twice = found(weights("layers/dense", "layers/dense_3"), branches, 3, version, bare=[1])
    assert (twice[0], twice[2]) == ("layers/dense", "layers/dense_3")
    once = found(weights("layers/dense", "layers/dense_2"), branches, 3, version, bare=[1])
    assert (once[0], once[2]) == ("layers/dense", "layers/dense_2")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("last", ["dense_2", "dense_3"])
def test_beside_one_without_a_folder_a_shared_layer_may_count_again_or_not(version: str, last: str) -> None:
    branches = [branch(0), branch(1), branch(2, number=0), branch(3)]
    folders = found(weights("layers/dense", f"layers/{last}"), branches, 4, version, bare=[1])
    assert (folders[0], folders[2], folders[3]) == ("layers/dense", "layers/dense", f"layers/{last}")


@pytest.mark.parametrize("version", VERSIONS)
def test_any_other_numbering_is_taken_in_order(version: str) -> None:
    file = weights("layers/dense_7", "layers/dense_11")
    assert found(file, [branch(0), branch(1)], 2, version) == {0: "layers/dense_7", 1: "layers/dense_11"}


def test_layers_inside_a_model_and_a_wrapper_lie_in_their_folders() -> None:
    file = weights("layers/functional/layers/dense", "layers/time_distributed/layer")
    branches = [
        branch(9, "Functional", record=None, inside=(branch(0),)),
        branch(8, "TimeDistributed", record=None, wrapped=branch(1)),
    ]
    assert found(file, branches, 2, "3.5.0") == {
        0: "layers/functional/layers/dense",
        1: "layers/time_distributed/layer",
    }


def test_layers_that_are_only_alike_are_one_where_everything_then_fits() -> None:
    branches = [branch(0), branch(1, alike=0)]
    assert found(weights("layers/dense"), branches, 2, "2.15.0") == {0: "layers/dense", 1: "layers/dense"}
    both = weights("layers/dense", "layers/dense_1")
    assert found(both, branches, 2, "2.15.0") == {0: "layers/dense", 1: "layers/dense_1"}


def test_the_arrays_of_a_folder_come_in_order_with_those_of_its_activation() -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for number in range(11):
            file[f"layers/dense/vars/{number}"] = np.zeros(number + 1, np.float32)
        file["layers/dense/activation/vars/0"] = np.zeros(99, np.float32)
        file["layers/lstm/cell/vars/0"] = np.zeros(7, np.float32)
    opened = Hdf5(content, content.getbuffer().nbytes)
    assert [array.shape for array in arrays_in(opened, "layers/dense")] == [*((n + 1,) for n in range(11)), (99,)]
    assert [array.shape for array in arrays_in(opened, "layers/lstm")] == [(7,)]
    assert arrays_in(opened, "layers/nothing") == []


@settings(deadline=None)  # the first has to import Keras
@given(st.text(max_size=30))
def test_snake_case_is_keras_own(name: str) -> None:
    naming = pytest.importorskip("keras.src.utils.naming")
    assert snake_case(name) == naming.to_snake_case(name)
