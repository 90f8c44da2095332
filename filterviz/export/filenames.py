"""File names for layers and networks, whose own names come from untrusted files."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

LONGEST = 80
"""Characters of a file name, which in any script are fewer than the 255 bytes that file systems allow."""

_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(10))}
"""Names that Windows reserves, whatever their ending."""


def slug(name: str) -> str:
    """A layer's name as a file name: letters and digits of any script, ``-``, ``_`` and inner dots.

    Example:
        >>> slug("vgg16/block5_conv1"), slug("../../etc/passwd"), slug("")
        ('vgg16_block5_conv1', 'etc_passwd', 'layer')
    """
    kept = "".join(
        character if character.isalnum() or character in "-_." else "_"
        for character in unicodedata.normalize("NFKC", name[: 4 * LONGEST])
    )
    kept = kept[:LONGEST].strip("._-") or "layer"
    return f"_{kept}" if kept.split(".")[0].lower() in _DEVICES else kept


def slugs(names: Iterable[str]) -> dict[str, str]:
    """A different slug for each name, also on file systems that ignore the case of letters.

    Example:
        >>> slugs(["a/b", "a_b"])
        {'a/b': 'a_b', 'a_b': 'a_b-648fa9'}
    """
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidate = slug(name)
        while name not in given and candidate.casefold() in taken:
            candidate = f"{candidate}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
        given.setdefault(name, candidate)
        taken.add(given[name].casefold())
    return given
