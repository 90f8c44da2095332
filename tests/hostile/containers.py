"""Files that are not what they claim to be, and archives that unfold to more than fits anywhere."""

from __future__ import annotations

import io
import json
import pickle
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.table import hostile

GIB = 1 << 30


def keras_archive(path: Path) -> dict[str, bytes]:
    """The members of a good ``.keras`` file, which is written to the path on the way."""
    keras_files.keras_3_functional(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@hostile("empty.h5", RefusalCode.NOT_A_MODEL)
def empty(path: Path) -> None:
    """Nothing at all."""
    path.write_bytes(b"")


@hostile("pointer.h5", RefusalCode.NOT_A_MODEL)
def large_file_pointer(path: Path) -> None:
    """What git leaves where a large file should be."""
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 58889256\n")


@hostile("pickle.h5", RefusalCode.NOT_A_MODEL)
def pickled_code(path: Path) -> None:
    """A pickle that runs a program as soon as it is loaded."""
    path.write_bytes(pickle.dumps(Touch(path.with_name("touched"))))


class Touch:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


@hostile("torch.keras", RefusalCode.NOT_A_MODEL)
def torch_archive(path: Path) -> None:
    """A PyTorch file: a ZIP with a pickle inside."""
    write_archive(path, {"archive/data.pkl": pickle.dumps(Touch(path.with_name("touched"))), "archive/version": b"3\n"})


@hostile("cut.h5", RefusalCode.DAMAGED)
def cut_short(path: Path) -> None:
    """A download that broke off."""
    keras_files.keras_2_1(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@hostile("cut.keras", RefusalCode.DAMAGED)
def cut_short_archive(path: Path) -> None:
    """A ZIP without its directory."""
    keras_files.keras_3_functional(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@hostile("noise.h5", RefusalCode.DAMAGED)
def noise_behind_a_signature(path: Path) -> None:
    """HDF5's first eight bytes and then anything."""
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + np.random.default_rng(0).bytes(50_000))


@hostile("signature.h5", RefusalCode.DAMAGED)
def only_a_signature(path: Path) -> None:
    """HDF5's first eight bytes and nothing else."""
    path.write_bytes(b"\x89HDF\r\n\x1a\n")


@hostile("tables.h5", RefusalCode.NOT_A_MODEL)
def somebody_elses_data(path: Path) -> None:
    """A sound HDF5 file that has nothing to do with Keras."""
    with h5py.File(path, "w") as file:
        file.create_dataset("photos", data=np.zeros((4, 8, 8, 3), np.uint8))


@hostile("bomb_config.keras", RefusalCode.TOO_LARGE)
def bomb_in_the_config(path: Path) -> None:
    """Two MB that unfold to two gigabytes of JSON."""
    write_by_hand(
        path,
        {**honest(keras_archive(path)), "config.json": Member(packed_zeros(2 * GIB), 2 * GIB, zipfile.ZIP_DEFLATED)},
    )


@hostile("bomb_weights.keras", RefusalCode.TOO_LARGE)
def bomb_in_the_weights(path: Path) -> None:
    """Four MB that unfold to nearly four gigabytes of arrays."""
    size = 4 * GIB - (1 << 23)
    write_by_hand(
        path,
        {**honest(keras_archive(path)), "model.weights.h5": Member(packed_zeros(size), size, zipfile.ZIP_DEFLATED)},
    )


@hostile("liar.keras", RefusalCode.DAMAGED)
def liar_about_a_size(path: Path) -> None:
    """A member that says it is small and unfolds to two gigabytes."""
    write_by_hand(
        path, {**honest(keras_archive(path)), "config.json": Member(packed_zeros(2 * GIB), 1000, zipfile.ZIP_DEFLATED)}
    )


@hostile("encrypted.keras", RefusalCode.DAMAGED)
def encrypted(path: Path) -> None:
    """Members behind a password."""
    members = honest(keras_archive(path))
    write_by_hand(path, {name: replace(member, flags=1) for name, member in members.items()})


@dataclass(frozen=True)
class Member:
    """A member of a ZIP archive as its directory describes it, true or not."""

    content: bytes
    size: int
    method: int = zipfile.ZIP_STORED
    flags: int = 0


def honest(members: dict[str, bytes]) -> dict[str, Member]:
    return {name: Member(content, len(content)) for name, content in members.items()}


def unfolding(size: int) -> Member:
    return Member(packed_zeros(size), size, zipfile.ZIP_DEFLATED)


def write_by_hand(path: Path, members: dict[str, Member]) -> None:
    """An archive whose directory says what we like; see PKWARE's APPNOTE, 4.3.7 and 4.3.12."""
    body, directory = b"", b""
    for name, member in members.items():
        checksum = zlib.crc32(member.content) if member.method == zipfile.ZIP_STORED else 0
        common = struct.pack("<5H", 20, member.flags, member.method, 0, 0x21)
        common += struct.pack("<3I2H", checksum, len(member.content), member.size, len(name), 0)
        directory += b"PK\x01\x02\x14\0" + common + struct.pack("<3H2I", 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\x03\x04" + common + name.encode() + member.content
    end = struct.pack("<4H2IH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)


def packed_zeros(size: int) -> bytes:
    """Zeros, deflated in pieces of 4 MiB that are all the same: made at once, however many.

    Example:
        >>> zlib.decompress(packed_zeros(1 << 23), -15) == bytes(1 << 23)
        True
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 22)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (size >> 22) + packer.flush()


@hostile("two_configs.keras", RefusalCode.DAMAGED)
def two_configs(path: Path) -> None:
    """Two members of one name: a scanner reads the first, a loader the last."""
    write_archive(path, keras_archive(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's about the name
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("config.json", b"{}")


@hostile("slip.keras", None)
def zip_slip(path: Path) -> None:
    """Members that an unpacker would write outside its folder."""
    names = ("../../slipped", "/tmp/slipped", "assets/..\\..\\slipped")
    write_archive(path, {**keras_archive(path), **dict.fromkeys(names, b"x")})


@hostile("many_members.keras", None)
def many_members(path: Path) -> None:
    """Forty thousand members, where three belong."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"assets/{number}", b"")
        for name, content in keras_archive(path).items():
            archive.writestr(name, content)


@hostile("npz.keras", RefusalCode.MISMATCHED_WEIGHTS)
def pickled_arrays(path: Path) -> None:
    """Weights as NumPy's archive, whose arrays may be pickles."""
    members = keras_archive(path)
    del members["model.weights.h5"]
    arrays = io.BytesIO()
    np.savez(arrays, kernel=np.array([Touch(path.with_name("touched"))], dtype=object), allow_pickle=True)
    write_archive(path, {**members, "model.weights.npz": arrays.getvalue()})


@hostile("pickled_weights.keras", RefusalCode.DAMAGED)
def pickle_for_weights(path: Path) -> None:
    """A pickle under the name of the weights."""
    write_archive(path, {**keras_archive(path), "model.weights.h5": pickle.dumps(Touch(path.with_name("touched")))})


@hostile("no_weights.keras", RefusalCode.MISMATCHED_WEIGHTS)
def archive_without_weights(path: Path) -> None:
    """An architecture and no arrays."""
    members = keras_archive(path)
    del members["model.weights.h5"]
    write_archive(path, members)


@hostile("not_json.keras", RefusalCode.BAD_CONFIG)
def config_that_is_no_json(path: Path) -> None:
    """An architecture that is no JSON."""
    write_archive(path, {**keras_archive(path), "config.json": b"\xff\xfe{'class_name'"})


@hostile("scalar.keras", RefusalCode.BAD_CONFIG)
def config_that_is_a_number(path: Path) -> None:
    """An architecture that is one number."""
    write_archive(path, {**keras_archive(path), "config.json": json.dumps(1e999).encode()})
