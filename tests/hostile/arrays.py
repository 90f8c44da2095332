"""HDF5 that points to other files, declares what is not there, or multiplies what is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.containers import packed_zeros
from tests.hostile.table import hostile

KERNEL = "model_weights/conv2d_1/conv2d_1/kernel:0"
SECRET = Path("/etc/passwd")


def altered(path: Path, alter: Callable[[h5py.File], Any], **storage: Any) -> None:
    """A good file of Keras 2.10, with one thing changed."""
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": keras_files.keras_2_layers()}}
    weights = keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    keras_files.write_h5(path, config, weights, **storage)
    with h5py.File(path, "r+") as file:
        alter(file)


def instead_of_kernel(path: Path, **storage: Any) -> None:
    """A good file whose first kernel is stored in another way."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **storage)

    altered(path, alter)


@hostile("external_storage.h5", RefusalCode.OUTSIDE_DATA)
def external_storage(path: Path) -> None:
    """An array whose bytes are those of a file of the server's."""
    instead_of_kernel(path, shape=(3, 3, 3, 4), dtype="f4", external=[(str(SECRET), 0, h5py.h5f.UNLIMITED)])


@hostile("virtual.h5", RefusalCode.OUTSIDE_DATA)
def virtual_dataset(path: Path) -> None:
    """An array put together from another file's."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        layout = h5py.VirtualLayout(shape=(3, 3, 3, 4), dtype="f4")
        layout[:] = h5py.VirtualSource(str(SECRET), "kernel", shape=(3, 3, 3, 4))
        file.create_virtual_dataset(KERNEL, layout)

    altered(path, alter)


@hostile("external_link.h5", RefusalCode.OUTSIDE_DATA)
def external_link(path: Path) -> None:
    """A name that leads into another file."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(SECRET), "/kernel")

    altered(path, alter)


@hostile("external_group.h5", RefusalCode.OUTSIDE_DATA)
def external_link_for_all_weights(path: Path) -> None:
    """All weights behind a name that leads into another file."""

    def alter(file: h5py.File) -> None:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink(str(SECRET), "/model_weights")

    altered(path, alter)


@hostile("soft_loop.h5", RefusalCode.OUTSIDE_DATA)
def soft_links_in_a_circle(path: Path) -> None:
    """Two names that lead to each other for ever."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/circle")
        file["circle"] = h5py.SoftLink("/" + KERNEL)

    altered(path, alter)


@hostile("hard_loop.h5", None)
def group_inside_itself(path: Path) -> None:
    """A group that contains itself: whoever walks the tree never ends."""

    def alter(file: h5py.File) -> None:
        file["model_weights/conv2d_1/again"] = file["model_weights"]

    altered(path, alter)


@hostile("deep_groups.h5", None)
def groups_a_thousand_deep(path: Path) -> None:
    """Groups inside groups: whoever walks the tree by recursion falls."""
    altered(path, lambda file: file.create_group("model_weights/conv2d_1/" + "/".join("x" * 1000)))


@hostile("shape_bomb.h5", RefusalCode.TOO_LARGE)
def shape_bomb(path: Path) -> None:
    """Nine kB that declare two gigabytes, filled on reading."""
    instead_of_kernel(path, shape=(3, 3, 3, 20_000_000), chunks=(3, 3, 3, 64), dtype="f4", fillvalue=1)


@hostile("shape_terabytes.h5", RefusalCode.TOO_LARGE)
def shape_terabytes(path: Path) -> None:
    """An array of more elements than there are bytes in the world."""
    instead_of_kernel(path, shape=(1 << 40, 1 << 20), chunks=(1, 1), dtype="f4")


@hostile("agreed_bomb.h5", RefusalCode.TOO_LARGE)
def bomb_the_config_agrees_with(path: Path) -> None:
    """A few kB that declare 300 MB of zeros, and an architecture that wants exactly that."""
    layers = keras_files.keras_2_layers()
    layers[4]["config"]["units"] = units = 200_000
    weights = keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1"))
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    keras_files.write_h5(path, config, weights)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense_1/dense_1"]
        del group["kernel:0"], group["bias:0"]
        group.create_dataset("kernel:0", (keras_files.FLAT, units), "f4", chunks=(keras_files.FLAT, 1000))
        group.create_dataset("bias:0", (units,), "f4", chunks=(1000,))


@hostile("gzip_bomb.h5", RefusalCode.TOO_LARGE)
def compressed_bomb(path: Path) -> None:
    """400 MB of zeros packed into half of one, and an architecture that wants exactly that."""
    layers = keras_files.keras_2_layers()
    layers[4]["config"]["units"] = units = 250_000
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    keras_files.write_h5(path, config, keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1")))
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense_1/dense_1"]
        del group["kernel:0"], group["bias:0"]
        kernel = group.create_dataset("kernel:0", (keras_files.FLAT, units), "f4", chunks=(1, units), compression=9)
        zeros = zlib.compress(bytes(units * 4))
        for row in range(keras_files.FLAT):
            kernel.id.write_direct_chunk((row, 0), zeros)
        group.create_dataset("bias:0", data=np.zeros(units, np.float32))


@hostile("chunk_bomb.h5", None, on_reading=RefusalCode.DAMAGED)
def chunk_that_unfolds(path: Path) -> None:
    """A chunk for 432 bytes that unfolds to half a gigabyte."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        kernel = file.create_dataset(KERNEL, (3, 3, 3, 4), "f4", chunks=(3, 3, 3, 4), compression=9)
        checksum = struct.pack(">I", (1 << 29) % 65521 << 16 | 1)
        kernel.id.write_direct_chunk((0, 0, 0, 0), b"\x78\x9c" + packed_zeros(1 << 29) + checksum)

    altered(path, alter)


@hostile("strings_for_weights.h5", RefusalCode.MISMATCHED_WEIGHTS)
def strings_for_weights(path: Path) -> None:
    """Text of any length where numbers belong."""
    instead_of_kernel(path, data=np.full((3, 3, 3, 4), "x" * 100, dtype=object), dtype=h5py.string_dtype())


@hostile("compound_weights.h5", RefusalCode.MISMATCHED_WEIGHTS)
def records_for_weights(path: Path) -> None:
    """Records where numbers belong."""
    instead_of_kernel(path, data=np.zeros((3, 3, 3, 4), dtype=[("a", "f4"), ("b", "i8")]))


@hostile("references.h5", RefusalCode.MISMATCHED_WEIGHTS)
def references_for_weights(path: Path) -> None:
    """Pointers to other objects where numbers belong."""
    instead_of_kernel(path, shape=(3, 3, 3, 4), dtype=h5py.ref_dtype)


@hostile("heap_strings.h5", RefusalCode.DAMAGED)
def one_string_four_thousand_times(path: Path) -> None:
    """170 kB in which 4,000 names are all the same string of 100 kB: 400 MB once read."""
    long, count = 100_000, 4000

    def alter(file: h5py.File) -> None:
        names = np.array(["x" * long, *["y"] * (count - 1)], dtype=object)
        file["model_weights/conv2d_1"].attrs.create("weight_names", names, dtype=h5py.string_dtype())

    altered(path, alter)
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<I", long))
    reference = content[place : place + 16]
    assert content[place + 16 : place + 20] == struct.pack("<I", 1)
    content[place : place + 16 * count] = reference * count
    path.write_bytes(content)


@hostile("names_that_are_not_there.h5", RefusalCode.DAMAGED)
def names_that_are_not_there(path: Path) -> None:
    """A list that claims a quarter of a billion names, and holds 777."""

    def alter(file: h5py.File) -> None:
        names = np.full(777, "kernel:0", dtype=object)
        file["model_weights/conv2d_1"].attrs.create("weight_names", names, dtype=h5py.string_dtype())

    altered(path, alter)
    content = path.read_bytes()
    # The message that says how many there are, and how many there may be (specification 3.0, IV.A.2.b, version 1).
    said, false = (b"\1\1\1\0\0\0\0\0" + 2 * struct.pack("<Q", count) for count in (777, 1 << 28))
    assert content.count(said) == 1
    path.write_bytes(content.replace(said, false))


@hostile("many_names.h5", RefusalCode.TOO_LARGE)
def names_without_end(path: Path) -> None:
    """A list of a hundred thousand names of arrays, in pieces as Keras writes long lists."""

    def alter(file: h5py.File) -> None:
        group = file["model_weights/conv2d_1"]
        del group.attrs["weight_names"]
        names = np.full(6000, b"kernel:0", dtype="S10")
        for piece in range(17):
            group.attrs[f"weight_names{piece}"] = names

    altered(path, alter)


@hostile("unknown_filter.h5", None, on_reading=RefusalCode.DAMAGED)
def filter_from_a_plugin(path: Path) -> None:
    """Arrays packed by a method whose program HDF5 would load from a folder."""

    def alter(file: h5py.File) -> None:
        del file[KERNEL]
        kernel = file.create_dataset(KERNEL, (3, 3, 3, 4), "f4", chunks=(3, 3, 3, 4), compression="lzf")
        kernel.id.write_direct_chunk((0, 0, 0, 0), b"\0" * 64)

    altered(path, alter)
    content = path.read_bytes()
    number = content.index(b"lzf\0") - 8
    path.write_bytes(content[:number] + struct.pack("<H", 32_015) + content[number + 2 :])


@hostile("mismatched.h5", RefusalCode.MISMATCHED_WEIGHTS)
def weights_of_another_network(path: Path) -> None:
    """A kernel that does not fit its layer."""
    instead_of_kernel(path, data=np.zeros((5, 5, 3, 4), np.float32))


@hostile("missing_kernel.h5", RefusalCode.MISMATCHED_WEIGHTS)
def a_layer_without_its_kernel(path: Path) -> None:
    """A kernel that is named but not there."""
    altered(path, lambda file: file.__delitem__(KERNEL))


@hostile("fewer_weights.h5", RefusalCode.MISMATCHED_WEIGHTS)
def a_layer_that_names_too_few(path: Path) -> None:
    """A layer with a bias that names its kernel only."""

    def alter(file: h5py.File) -> None:
        file["model_weights/conv2d_1"].attrs["weight_names"] = [b"conv2d_1/kernel:0"]

    altered(path, alter)


@hostile("outside_name.h5", RefusalCode.MISMATCHED_WEIGHTS)
def names_that_lead_elsewhere(path: Path) -> None:
    """Names of arrays that lead up and out of their layer."""

    def alter(file: h5py.File) -> None:
        names = [b"../../../../etc/passwd", b"/etc/passwd"]
        file["model_weights/conv2d_1"].attrs["weight_names"] = names

    altered(path, alter)


@hostile("poison.h5", None)
def not_a_number(path: Path) -> None:
    """Weights that are no numbers: to be reported for each filter, not to break anything."""
    altered(path, lambda file: file[KERNEL].write_direct(np.full((3, 3, 3, 4), np.nan, np.float32)))


@hostile("weights_only.h5", RefusalCode.WEIGHTS_ONLY)
def weights_only(path: Path) -> None:
    """Arrays without an architecture."""
    keras_files.keras_2_weights_only(path)
