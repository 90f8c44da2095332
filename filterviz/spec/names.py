"""Names of layers and networks come from files of unknown origin. Here they are made safe to display."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 80
"""Most characters of a name that are shown."""


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories whose characters control a terminal, reverse the text, are invisible or break lines."""


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    r"""A name from a file as harmless text of at most ``longest`` characters.

    Example:
        >>> plain("conv\u202egnp\n1"), len(plain("x" * 5000))
        ('conv\ufffdgnp\ufffd1', 80)
    """
    short = name if len(name) <= longest else name[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _INVISIBLE else c for c in short)


def printable(text: str) -> str:
    """Text from a file, in full, without the control characters that could command a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def markdown_safe(words: str) -> str:
    r"""Words for a label, title or caption of Streamlit's, which are Markdown, with all that Markdown reads escaped.

    A layer called ``![](http://elsewhere)`` would make the browser fetch that address.

    Example:
        >>> print(markdown_safe("![x](http://y)"))
        \!\[x\]\(http\://y\)
    """
    return "".join(f"\\{character}" if character in "\\`*_{}[]()<>#+-.!|:$~" else character for character in words)
