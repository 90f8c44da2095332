"""How many real files open, by the version of Keras that saved them, compared with Keras's own loaders.

    python -m benchmarks.open_corpus ../shared/models/corpus

The folder holds ``files/`` and a ``manifest.json`` that records what ``load_model`` of Keras 3.15 and of tf_keras 2.21
did with each file; neither is run here, as both can run code from a file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from filterviz.errors import Refused
from filterviz.reader import open_model
from filterviz.settings import Settings

COLUMNS = ("files", "opened whole", "opened in part", "refused", "load_model, Keras 3.15", "load_model, tf_keras 2.21")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    table: dict[str, Counter[str]] = defaultdict(Counter)
    began = time.perf_counter()
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]:
        if entry["kind"] == "cnn":
            table[generation(entry)].update(["files", outcome(folder / "files" / entry["file"]), *loaders(entry)])
    seconds = time.perf_counter() - began
    print(f"{'saved by':14}" + "".join(f"{column:>27}" for column in COLUMNS))
    for name, counts in sorted(table.items()):
        print(f"{name:14}" + "".join(f"{counts[column]:27}" for column in COLUMNS))
    total = sum(table.values(), Counter())
    print(f"{'all':14}" + "".join(f"{total[column]:27}" for column in COLUMNS))
    print(f"{seconds:.1f} s for all of them")


def outcome(path: Path) -> str:
    """What filterviz does with a file."""
    try:
        with open_model(path, Settings()) as model:
            cut = any(layer.rebuilt_as in ("Unsupported", "Start") for layer in model.spec.layers)
            return "opened in part" if cut else "opened whole"
    except Refused:
        return "refused"


def loaders(entry: dict[str, Any]) -> list[str]:
    """The loaders that opened a file, as recorded."""
    recorded = {COLUMNS[4]: entry.get("load_model_keras_3_15"), COLUMNS[5]: entry.get("load_model_tf_keras_2_21")}
    return [column for column, result in recorded.items() if result == "ok"]


def generation(entry: dict[str, Any]) -> str:
    """The group of versions that save files in the same way."""
    version = entry["keras_version"] or ""
    if version.startswith("1."):
        return "Keras 1"
    if version.startswith("3."):
        return "Keras 3"
    if version.endswith("-tf"):
        return "tf.keras 2"
    minor = int(version.split(".")[1]) if version.count(".") else 0
    return "Keras 2.0-2.3" if minor <= 3 else "Keras 2.4-2.12" if minor <= 12 else "Keras 2.13-15"


if __name__ == "__main__":
    main()
