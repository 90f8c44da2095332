"""Members of zip archives are read under limits, whatever their directory declares."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import zipped


def archive_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    packed.seek(0)
    return packed


@given(st.binary(min_size=4, max_size=2000), st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_a_member_comes_out_as_it_went_in(content: bytes, method: int) -> None:
    with zipped.opened(archive_of({"a": content}, method)) as archive:
        member = archive.getinfo("a")
        assert zipped.read(archive, member, len(content)).getvalue() == content
        assert zipped.head(archive, member, 10) == content[:10]
        assert zipped.holds(archive, member, content[3:9])


@given(st.binary(min_size=1, max_size=500), st.data())
def test_no_more_is_read_than_the_limit(content: bytes, data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, len(content) - 1))
    with zipped.opened(archive_of({"a": content})) as archive, pytest.raises(Refused) as refused:
        zipped.read(archive, archive.getinfo("a"), limit)
    assert refused.value.code is RefusalCode.TOO_LARGE


def test_a_size_that_the_directory_plays_down_is_found_out() -> None:
    with zipped.opened(archive_of({"a": bytes(5000)})) as archive:
        member = archive.getinfo("a")
        member.file_size = 10
        with pytest.raises((Refused, zipfile.BadZipFile)):
            zipped.read(archive, member, 4000)


def test_what_expands_further_than_weights_do_is_not_unpacked() -> None:
    content = bytes(zipped.EXPANSION * zipped.LEAST_PACKED + 1)
    with zipped.opened(archive_of({"a": content})) as archive:
        member = archive.getinfo("a")
        with pytest.raises(Refused) as refused:
            zipped.read(archive, member, 1 << 30)
        assert refused.value.code is RefusalCode.TOO_LARGE
        assert not zipped.holds(archive, member, b"\0\0")


def test_reading_stops_at_the_limit_even_where_zipfile_does_not() -> None:
    archive: Any = SimpleNamespace(open=lambda member: io.BytesIO(bytes(50)))
    assert zipped.read(archive, zipfile.ZipInfo("a"), 50).getvalue() == bytes(50)
    with pytest.raises(Refused) as refused:
        zipped.read(archive, zipfile.ZipInfo("a"), 49)
    assert refused.value.code is RefusalCode.TOO_LARGE


def test_words_are_found_across_the_pieces_in_which_a_member_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "CHUNK", 8)
    with zipped.opened(archive_of({"a": b"12345model_config"})) as archive:
        assert zipped.holds(archive, archive.getinfo("a"), b"model_config")
        assert not zipped.holds(archive, archive.getinfo("a"), b"model_confix")


@pytest.mark.parametrize(
    ("flags", "method", "reason"),
    [(1, zipfile.ZIP_DEFLATED, "password"), (0, 12, "bzip2"), (0, 99, "number 99"), (0, zipfile.ZIP_STORED, None)],
)
def test_what_cannot_be_unpacked_says_why(flags: int, method: int, reason: str | None) -> None:
    member = zipfile.ZipInfo("a")
    member.flag_bits, member.compress_type = flags, method
    found = zipped.unreadable(member)
    assert found is None if reason is None else found is not None and reason in found


def test_an_encrypted_member_is_refused_and_has_no_head() -> None:
    with zipped.opened(archive_of({"a": b"content"})) as archive:
        member = archive.getinfo("a")
        member.flag_bits |= zipped.LOCKED
        assert zipped.head(archive, member, 4) == b""
        with pytest.raises(Refused, match="password"):
            zipped.read(archive, member, 100)


def test_a_damaged_member_has_no_head_at_all() -> None:
    packed = archive_of({"a": bytes(range(200))}, zipfile.ZIP_DEFLATED)
    content = bytearray(packed.getvalue())
    content[31:60] = b"\xff" * 29
    with zipped.opened(io.BytesIO(bytes(content))) as archive:
        assert zipped.head(archive, archive.getinfo("a"), 10) is None


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("folder/a", "folder\\a")])
def test_two_members_of_the_same_name_are_refused(names: tuple[str, str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"")
    with pytest.raises(Refused, match="same name"), zipped.opened(packed):
        pass


def test_a_directory_that_is_too_long_is_not_read() -> None:
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, zipped.LONGEST_READ + 10, 0, 0)
    with pytest.raises(Refused) as refused, zipped.opened(io.BytesIO(bytes(zipped.LONGEST_READ + 10) + end)):
        pass
    assert refused.value.code is RefusalCode.TOO_LARGE


@given(st.binary(max_size=300), st.data())
def test_damage_ends_in_a_refusal_or_in_nothing(content: bytes, data: st.DataObject) -> None:
    packed = bytearray(archive_of({"a": content, "b": b"x"}).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused), zipped.opened(io.BytesIO(bytes(packed))) as archive:
        for member in archive.filelist:
            zipped.head(archive, member, 10)
            zipped.holds(archive, member, b"xyz")
            assert len(zipped.read(archive, member, 1000).getvalue()) <= 1000
