"""Names of layers and networks, which come from files of strangers, made harmless for a label, a line or a terminal."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 80
"""Characters of a name that are shown."""


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that command a terminal, turn text around, hide in it or break lines."""


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    r"""A name from a file as harmless plain text of bounded length.

    Example:
        >>> plain("conv\u202egnp\n1"), len(plain("x" * 5000))
        ('conv\ufffdgnp\ufffd1', 80)
    """
    short = name if len(name) <= longest else name[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _INVISIBLE else c for c in short)


def printable(text: str) -> str:
    """Text from a file without the control characters that could command a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
