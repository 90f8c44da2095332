"""README's table of settings, from the settings themselves: ``python -m tests.settings_table`` writes it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from filterviz.settings import Settings

README = Path(__file__).parents[1] / "README.md"
HEADING = "| variable | default | meaning |\n|---|---|---|\n"


def table() -> str:
    """The table as Markdown, with its heading."""
    rows = [
        f"| `FILTERVIZ_{item.name.upper()}` | {item.metadata['default']} | {item.metadata['meaning']} |\n"
        for item in fields(Settings)
    ]
    return HEADING + "".join(rows)


def standing() -> str:
    """The table as it stands in README.md."""
    found = re.search(re.escape(HEADING) + r"(?:\|.*\n)*", README.read_text(encoding="utf-8"))
    assert found is not None, f"README.md has no table that begins with {HEADING!r}"
    return found[0]


if __name__ == "__main__":
    README.write_text(README.read_text(encoding="utf-8").replace(standing(), table()), encoding="utf-8")
