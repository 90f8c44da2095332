"""What a ``labels.txt`` says of a network's outputs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filterviz.reader import labels
from filterviz.reader.labels import LONGEST_LABEL, MOST_BYTES, MOST_LABELS, parse

NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Nd")))
    .map(str.strip)
    .filter(bool)
    .map(lambda name: name[:LONGEST_LABEL]),
    max_size=20,
)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"0 cat\n1 dog\n", ("cat", "dog")),
        (b"0 cat\r\n1 dog\r\n\r\n", ("cat", "dog")),
        (b"\xef\xbb\xbf0 cat\n1 dog", ("cat", "dog")),
        ("0 cat\n1 dog\n".encode("utf-16"), ("cat", "dog")),
        (b"1 dog\n0 cat\n", ("cat", "dog")),
        (b"0 cat\n1\n2 cow\n", ("cat", "", "cow")),
        (b"0\tGuinea  pig\n", ("Guinea  pig",)),
        (b"daisy\nlily of the valley\n\n", ("daisy", "lily of the valley")),
        ("猫\n犬\n".encode(), ("猫", "犬")),
        (b"", ()),
        (b"\n \n\t\n", ()),
        # What is numbered in another way are names.
        (b"0\n1\n2\n", ("0", "1", "2")),
        (b"1 cent\n2 cents\n", ("1 cent", "2 cents")),
        (b"0 cat\ndog\n", ("0 cat", "dog")),
        (b"0 cat\n0 dog\n", ("0 cat", "0 dog")),
        (b"0 cat\n2 dog\n", ("0 cat", "2 dog")),
        # What cannot be read as text is replaced.
        (b"caf\xe9\n", ("caf\ufffd",)),
        ("\x1b[2Jcat\u202e\n".encode(), ("\ufffd[2Jcat\ufffd",)),
    ],
)
def test_the_ways_in_which_classes_are_listed(content: bytes, names: tuple[str, ...]) -> None:
    assert parse(content) == names


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x" * (MOST_BYTES + 1), labels.TOO_LARGE),
        (b"a\n" * (MOST_LABELS + 1), labels.TOO_LARGE),
        (b"a\n" * (MOST_BYTES // 2), labels.TOO_LARGE),
        (b"\0\0\0\1", labels.NO_TEXT),
        (b"\x89PNG\r\n\x1a\n\0\0", labels.NO_TEXT),
    ],
)
def test_what_is_no_list_of_names_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(content)


@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00")
@example(b"\xfe\xff\xd8\x00")
def test_whatever_stands_there_names_are_harmless(content: bytes) -> None:
    try:
        names = parse(content)
    except ValueError:
        return
    for name in names:
        assert len(name) <= LONGEST_LABEL
        assert not {unicodedata.category(character) for character in name} & labels._INVISIBLE
        assert name == name.strip()
        name.encode()


@given(NAMES)
def test_names_come_back_numbered_or_not(names: list[str]) -> None:
    numbered = "".join(f"{number} {name}\n" for number, name in enumerate(names))
    assert parse(numbered.encode()) == tuple(names)
    assert parse("\n".join(names).encode()) == tuple(names)
