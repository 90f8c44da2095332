"""Each signature is recognised where it stands, and only there."""

from __future__ import annotations

import pytest

from filterviz.reader.hdf5 import MAGIC
from filterviz.reader.signatures import (
    CHECKPOINT,
    DARKNET,
    IMAGE,
    PICKLE,
    PROGRAM,
    PYTORCH,
    RECORDING,
    SAFETENSORS,
    SIGNATURES,
    TABLE_END,
    Mistaken,
    by_signature,
)

LENGTH = 5000


@pytest.mark.parametrize(("at", "magic", "expected"), SIGNATURES)
def test_a_signature_is_known_at_its_position(at: int, magic: bytes, expected: Mistaken) -> None:
    head = bytes(at) + magic + bytes(LENGTH - at - len(magic))
    first = next(item for position, signature, item in SIGNATURES if head.startswith(signature, position))
    assert by_signature(head, LENGTH) is first
    assert (first is expected) or head[:4] in (b"RIFF", b"\0\0\0\0")
    assert by_signature(b"x" * (at + 1) + magic + b"x" * 100, LENGTH) is not expected


@pytest.mark.parametrize("item", {id(item): item for _, _, item in SIGNATURES}.values())
def test_what_it_is_and_what_to_do_are_a_phrase_and_a_sentence(item: Mistaken) -> None:
    assert item.what.split()[0] in ("a", "an", "HDF5")
    assert not item.what.endswith(".")
    assert item.hint.endswith(".")


def test_a_model_at_the_beginning_of_the_file_is_not_mistaken() -> None:
    assert by_signature(MAGIC + bytes(100), 108) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ((50).to_bytes(8, "little") + b"{" + b" " * 60, SAFETENSORS),
        ((1).to_bytes(8, "little") + b"{" + b" " * 60, None),  # a header of one byte
        ((5000).to_bytes(8, "little") + b"{" + b" " * 60, None),  # a header longer than the file
        (bytes(4) + b"\2\0\0\0" + b"\5\0\0\0" + bytes(50), DARKNET),
        (bytes(4) + b"\3\0\0\0" + b"\5\0\0\0" + bytes(50), None),
        (b"MZ" + bytes(62), PROGRAM),
        (b"MZ" + bytes(20), None),
        (b"BM" + b"\1\2\3\4" + bytes(4) + b"\x36\0\0\0" + bytes(40), IMAGE),
        (b"\xff\xfb\x90" + bytes(60), RECORDING),
        (b"\x80\4\x95" + bytes(60), PICKLE),
        (b"\x80\2}q\0X\5torch" + bytes(60), PYTORCH),
        (b"\x80\4\1" + bytes(60), None),
        (b"cos\nsystem\n(S'true'\ntR.", PICKLE),
        (b"once upon a time", None),
    ],
)
def test_patterns_are_told_apart_from_what_is_like_them(head: bytes, expected: Mistaken | None) -> None:
    assert by_signature(head, 1000) is expected


def test_the_index_of_a_checkpoint_is_known_by_its_end() -> None:
    assert by_signature(b"anything", 1000, b"..." + TABLE_END) is CHECKPOINT
    assert by_signature(b"anything", 1000, TABLE_END + b".") is None
