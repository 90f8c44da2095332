"""How a hostile file is registered: who builds it, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filterviz.errors import RefusalCode

Builder = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file meant to hurt.

    Attributes:
        name: of the file.
        build: writes it to a path.
        code: of the refusal it must get; ``None`` where the harmful part must simply have no effect and the file opens.
        harm: what it would do to a program that trusted it.
        on_reading: the refusal it gets not at once but when its weights are read.
    """

    name: str
    build: Builder
    code: RefusalCode | None
    harm: str
    on_reading: RefusalCode | None


TABLE: dict[str, Hostile] = {}
"""All of them, by file name."""


def hostile(
    name: str, code: RefusalCode | None, *, on_reading: RefusalCode | None = None
) -> Callable[[Builder], Builder]:
    """Enter a builder into the table. Its docstring says what the file would do."""

    def enter(build: Builder) -> Builder:
        assert name not in TABLE
        TABLE[name] = Hostile(name, build, code, (build.__doc__ or "").strip(), on_reading)
        return build

    return enter
