"""Names of classes, from a ``labels.txt`` beside a model."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

MOST_BYTES = 1 << 20
MOST_LABELS = 30_000
"""ImageNet's largest set has 21,843 classes."""

LONGEST_LABEL = 120
"""How many characters of a label are kept."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that control a terminal, reverse text, are invisible or break lines."""

_NUMBERED = re.compile(r"(\d{1,6})(?:\s+(.*))?", re.DOTALL)

TOO_LARGE = "is too large for a list of names"
NO_TEXT = "is no text"


def parse(content: bytes) -> tuple[str, ...]:
    r"""The names in a ``labels.txt``, in the order of the units they belong to.

    Teachable Machine writes a line ``0 Cat`` for each class; where all lines are numbered in this way, from 0 up, the
    numbers are left out. Other programs write the names alone, one in each line. Empty lines do not count.

    Args:
        content: The bytes of the file: UTF-8, or UTF-16 with a byte order mark (Windows calls that Unicode). Bytes
            that are neither are replaced.

    Returns:
        Names of one line each, of bounded length, without control characters. A name is empty where its line has only
        a number and other lines have names.

    Raises:
        ValueError: The file is no list of names; the message is the end of a sentence about it.

    Example:
        >>> parse(b"0 Cat\r\n1 Dog\r\n"), parse("\ufeffdaisy\ntulip".encode())
        (('Cat', 'Dog'), ('daisy', 'tulip'))
    """
    if len(content) > MOST_BYTES:
        raise ValueError(TOO_LARGE)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    if "\0" in text:
        raise ValueError(NO_TEXT)
    if text.count("\n") > 4 * MOST_LABELS:
        raise ValueError(TOO_LARGE)
    lines = [line for line in (_harmless(line) for line in re.split(r"\r\n|\r|\n", text)) if line]
    if len(lines) > MOST_LABELS:
        raise ValueError(TOO_LARGE)
    return tuple(_cut(line) for line in _unnumbered(lines))


def _harmless(line: str) -> str:
    if line.isprintable():
        return line.strip()
    visible = (" " if character == "\t" else character for character in line)
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _INVISIBLE else character
        for character in visible
    ).strip()


def _unnumbered(lines: Sequence[str]) -> Sequence[str]:
    """The lines without their numbers and in the order of these, if they are numbered from 0 up."""
    found = [_NUMBERED.fullmatch(line) for line in lines]
    numbered = {int(match[1]): match[2] or "" for match in found if match is not None}
    # The names of ten digits are digits: where no line has anything but a number, the numbers are the names.
    if len(numbered) < len(lines) or not any(numbered.values()) or max(numbered) >= len(lines):
        return lines
    return [numbered[number].strip() for number in range(len(lines))]


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "\N{HORIZONTAL ELLIPSIS}"
