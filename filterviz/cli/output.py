"""What commands print: nothing else in this package writes to the terminal, apart from argparse's own help."""

from __future__ import annotations

import json
import sys
from typing import Any

from filterviz.spec.names import printable


def tell(text: object, *, error: bool = False) -> None:
    """Print a line for a person, on standard output or standard error.

    Names of layers, classes and files come from files of unknown origin and must not command the terminal, so whatever
    cannot be seen is replaced.
    """
    print(printable(str(text)), file=sys.stderr if error else sys.stdout)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output: letters of any script as they are, invisible characters escaped."""
    for line in json.dumps(document, ensure_ascii=False, indent=1).split("\n"):
        print("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line))
