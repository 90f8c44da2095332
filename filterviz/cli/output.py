"""What commands print."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from filterviz.spec.names import printable


def print_json(document: Any) -> None:
    """Print one JSON document on standard output, with every character as it is."""
    print(json.dumps(document, ensure_ascii=False, indent=1))


def print_notes(notes: Iterable[str]) -> None:
    """Print what the reader has to say about a network, a line for each note; names in it come from the file."""
    for note in notes:
        print(printable(note))
