"""Zip archives with a model in them, or said to have one: what is done with archives that are no Keras file."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.containers import GIB, Member, honest, keras_archive, packed_zeros, write_archive, write_by_hand
from tests.hostile.table import hostile

MODEL, LABELS = "keras_model.h5", "labels.txt"


def model_file(path: Path) -> bytes:
    """A good ``.h5`` file; it is written to the path on the way."""
    keras_files.keras_2_1(path)
    return path.read_bytes()


def download(path: Path, **more: bytes) -> dict[str, bytes]:
    """What Teachable Machine's download holds."""
    return {MODEL: model_file(path), LABELS: b"0 Cat\n1 Dog\n", **more}


def with_labels(path: Path, content: bytes) -> None:
    """A good model beside a list of labels, packed as a browser's download is."""
    write_archive(path, {**download(path), LABELS: content}, zipfile.ZIP_DEFLATED)


def hdf5_bomb(size: int) -> bytes:
    """The signature of HDF5 and then zeros, deflated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(b"\x89HDF\r\n\x1a\n") + packer.flush(zlib.Z_FULL_FLUSH)
    return start + packed_zeros(size)


@hostile("bomb.zip", RefusalCode.TOO_LARGE)
def bomb_named_a_model(path: Path) -> None:
    """Four MB that unfold to nearly four gigabytes of a model."""
    size = 4 * GIB - (1 << 23)
    write_by_hand(path, {MODEL: Member(hdf5_bomb(size), size + 8, zipfile.ZIP_DEFLATED)})


@hostile("quiet_bomb.zip", RefusalCode.TOO_LARGE)
def bomb_below_the_usual_ratio(path: Path) -> None:
    """Three MB, half of them noise, that unfold to less than a hundred times that: 200 MB."""
    size = 200 << 20
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    noise = packer.compress(bytes(range(256)) * 10_000) + packer.flush(zlib.Z_FULL_FLUSH)
    content = hdf5_bomb(0)[:-2] + noise + packed_zeros(size)
    write_by_hand(path, {MODEL: Member(content, size + 2_560_008, zipfile.ZIP_DEFLATED)})


@hostile("liar.zip", RefusalCode.DAMAGED)
def liar_about_the_size_of_a_model(path: Path) -> None:
    """A model that says it has a thousand bytes and unfolds to two gigabytes."""
    write_by_hand(path, {MODEL: Member(hdf5_bomb(2 * GIB), 1000, zipfile.ZIP_DEFLATED)})


@hostile("liar_large.zip", None)
def liar_who_says_more(path: Path) -> None:
    """A stored model that claims eight times the bytes it has."""
    content = model_file(path)
    write_by_hand(path, {MODEL: Member(content, 8 * len(content))})


@hostile("bomb_inside.zip", RefusalCode.TOO_LARGE)
def bomb_in_a_keras_file_in_an_archive(path: Path) -> None:
    """A .keras file in an archive, whose weights unfold to nearly four gigabytes."""
    size = 4 * GIB - (1 << 23)
    bomb = {**honest(keras_archive(path)), "model.weights.h5": Member(packed_zeros(size), size, zipfile.ZIP_DEFLATED)}
    write_by_hand(path, bomb)
    write_archive(path, {"model.keras": path.read_bytes()}, zipfile.ZIP_STORED)


@hostile("slip.zip", None)
def paths_out_of_the_folder(path: Path) -> None:
    """Members that an unpacker would write outside its folder, the model among them."""
    content = model_file(path)
    names = ("/etc/cron.d/slipped", "C:\\slipped", "..\\..\\slipped", "a/../../slipped")
    write_archive(path, {"../../../tmp/keras_model.h5": content, **dict.fromkeys(names, b"x")})


@hostile("nul.zip", RefusalCode.DAMAGED)
def names_that_end_early(path: Path) -> None:
    """Two members whose names differ behind a zero only: to programs in C they are of one name."""
    members = honest({"keras_model.h5": model_file(path), "keras_model.h5\0.txt": b"harmless"})
    write_by_hand(path, members)


@hostile("nameless.zip", None)
def a_member_without_a_name(path: Path) -> None:
    """A model beside members that have no name, or slashes for one."""
    write_by_hand(path, honest({"": b"x", "/": b"", "//": b"x", MODEL: model_file(path)}))


@hostile("odd_names.zip", RefusalCode.NOT_A_MODEL)
def names_that_command_a_terminal(path: Path) -> None:
    """Several models whose names hold markup, commands for a terminal, and text that runs backwards."""
    content = model_file(path)
    names = ("\x1b[2J\x1b]0;owned\x07.h5", "<img src=x onerror=alert(1)>.h5", "\u202e5h.ledom", "x" * 5000 + ".h5")
    write_archive(path, dict.fromkeys(names, content))


@hostile("ten_thousand.zip", RefusalCode.TOO_LARGE)
def ten_thousand_files(path: Path) -> None:
    """A model among ten thousand other files."""
    others = {f"photos/{number}.jpg": b"\xff\xd8\xff" for number in range(10_000)}
    write_archive(path, {**others, **download(path)})


@hostile("million.zip", RefusalCode.TOO_LARGE)
def a_directory_without_end(path: Path) -> None:
    """A million members of one byte of name each, in a directory of 46 MB."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"x"
    body = b"PK\x03\x04" + bytes(22) + struct.pack("<2H", 1, 0) + b"x"
    directory = entry * 1_000_000
    end = struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)


@hostile("locked.zip", RefusalCode.DAMAGED)
def behind_a_password(path: Path) -> None:
    """A model behind a password."""
    members = honest(download(path))
    write_by_hand(path, {name: replace(member, flags=1) for name, member in members.items()})


@hostile("twice.zip", RefusalCode.DAMAGED)
def two_models_of_one_name(path: Path) -> None:
    """Two models of one name: a scanner reads the first, a loader the last."""
    write_archive(path, download(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's about the name
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(MODEL, b"\x89HDF\r\n\x1a\n")


@hostile("twice_by_slash.zip", RefusalCode.DAMAGED)
def two_models_of_one_path(path: Path) -> None:
    """Two models whose paths are the same on Windows."""
    content = model_file(path)
    write_archive(path, {f"a/{MODEL}": content, f"a\\{MODEL}": content})


@hostile("nested.zip", RefusalCode.NOT_A_MODEL)
def archive_in_an_archive(path: Path) -> None:
    """A model in an archive in an archive."""
    write_archive(path, download(path))
    write_archive(path, {"inner.zip": path.read_bytes()})


@hostile("matryoshka.zip", RefusalCode.NOT_A_MODEL)
def archives_in_archives(path: Path) -> None:
    """A hundred archives, each in the next."""
    write_archive(path, {"0.zip": b"PK\x05\x06" + bytes(18)})
    for number in range(1, 100):
        write_archive(path, {f"{number}.zip": path.read_bytes()})


@hostile("false_keras.zip", RefusalCode.NOT_A_MODEL)
def archive_that_begins_as_a_model(path: Path) -> None:
    """An archive in an archive that begins as Keras's does, and goes on with yet another."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("config.json", b"{}")
        archive.writestr("more.zip", b"PK\x03\x04")
    write_archive(path, {"model.keras": inner.getvalue()})


@hostile("cut_inside.zip", RefusalCode.DAMAGED)
def model_cut_short(path: Path) -> None:
    """A sound archive around a model whose download broke off."""
    content = model_file(path)
    write_archive(path, {MODEL: content[: len(content) // 2], LABELS: b"0 Cat\n"}, zipfile.ZIP_DEFLATED)


@hostile("cut.zip", RefusalCode.DAMAGED)
def download_cut_short(path: Path) -> None:
    """An archive without its directory."""
    write_archive(path, download(path), zipfile.ZIP_DEFLATED)
    path.write_bytes(path.read_bytes()[:-60])


@hostile("method.zip", RefusalCode.DAMAGED)
def unknown_method(path: Path) -> None:
    """A model packed by a method that does not exist."""
    write_by_hand(path, {MODEL: replace(honest(download(path))[MODEL], method=77)})


@hostile("bzip2_bomb.zip", RefusalCode.DAMAGED)
def another_methods_bomb(path: Path) -> None:
    """Model and labels packed by bzip2, of which every 50 bytes unfold to a megabyte before any limit is asked."""
    write_archive(path, {MODEL: b"\x89HDF\r\n\x1a\n" + bytes(1 << 28)}, zipfile.ZIP_BZIP2)


@hostile("many_models.zip", RefusalCode.NOT_A_MODEL)
def many_models(path: Path) -> None:
    """A thousand models."""
    content = b"\x89HDF\r\n\x1a\n" + bytes(2000)
    write_archive(path, {f"{number}.h5": content for number in range(1000)}, zipfile.ZIP_DEFLATED)


@hostile("overlapping.zip", RefusalCode.TOO_LARGE)
def members_that_share_their_bytes(path: Path) -> None:
    """A thousand members that are all the same bytes, as in the archives that unfold best."""
    size = 64 << 20
    write_sharing(path, Member(hdf5_bomb(size), size + 8, zipfile.ZIP_DEFLATED), 1000)


def write_sharing(path: Path, member: Member, count: int) -> None:
    """An archive whose directory lists one member under many names."""
    names = [f"{number:04}.h5" for number in range(count)]
    common = struct.pack("<5H", 20, 0, member.method, 0, 0x21)
    common += struct.pack("<3I2H", 0, len(member.content), member.size, len(names[0]), 0)
    body = b"PK\x03\x04" + common + names[0].encode() + member.content
    directory = b"".join(b"PK\x01\x02\x14\0" + common + bytes(14) + name.encode() for name in names)
    end = struct.pack("<4H2IH", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)


@hostile("huge_labels.zip", None)
def labels_that_unfold(path: Path) -> None:
    """A list of labels of two gigabytes."""
    members: Mapping[str, Member] = {
        **honest({MODEL: model_file(path)}),
        LABELS: Member(packed_zeros(2 * GIB), 2 * GIB, zipfile.ZIP_DEFLATED),
    }
    write_by_hand(path, dict(members))


@hostile("million_labels.zip", None)
def a_million_labels(path: Path) -> None:
    """A list of half a million labels of one letter, which fits into the size that is read."""
    with_labels(path, b"a\n" * 500_000)


@hostile("control_labels.zip", None)
def labels_that_command_a_terminal(path: Path) -> None:
    """Labels with markup, commands for a terminal, and text that runs backwards."""
    with_labels(path, "0 \x1b[2Jcat\x07\u202e\n1 <script>alert(1)</script>\n".encode())


@hostile("binary_labels.zip", None)
def labels_that_are_no_text(path: Path) -> None:
    """Labels that are not UTF-8, and half of which is zeros."""
    with_labels(path, b"0 caf\xe9\n1 \xff\xfe\n2 \0\0\0\n")
