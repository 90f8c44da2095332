"""Make two patterns of every layer that can be shown, for every network in a folder, and name those that fail.

    python -m benchmarks.every_layer ../shared/models/corpus

A few steps on the smallest tiles show that the network up to each layer can be built, computed and differentiated. Of
several files with the same network, such as those of Teachable Machine, only the first is used. Prints one line for
each layer that fails, and the counts.
"""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections import Counter
from pathlib import Path

from filterviz.engine.engine import Engine
from filterviz.engine.network import build
from filterviz.errors import FiltervizError
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import Flag, LayerSpec, Pattern, Precision, Recipe, Request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--size", type=int, default=24)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    seen: set[str] = set()
    for entry in json.loads((arguments.folder / "manifest.json").read_text(encoding="utf-8"))["files"]:
        if entry["kind"] != "cnn" or not entry.get("picture"):
            continue
        counts["files"] += 1
        with open_model(arguments.folder / "files" / entry["file"], Settings()) as model:
            network = repr([(layer.kind, layer.params, layer.weight_shapes) for layer in model.spec.layers])
            if network in seen:
                counts["same network as another"] += 1
                continue
            seen.add(network)
            for layer in model.spec.visualisable:
                counts["layers"] += 1
                try:
                    outcome = patterns(Engine(model, Settings()), layer, arguments.size, arguments.steps)
                except (FiltervizError, Exception) as error:
                    outcome = ["failed"]
                    print(f"{entry['file']}: {layer.name} ({layer.rebuilt_as}): {error}")
                    if not isinstance(error, FiltervizError):
                        traceback.print_exc()
                counts.update(outcome)
        print(entry["file"], dict(counts), f"{time.perf_counter() - began:.0f} s", flush=True)


def patterns(engine: Engine, layer: LayerSpec, size: int, steps: int) -> list[str]:
    """The results for the first filter and a middle one."""
    network = build(engine._model, layer.name)
    fitting = network.next_size(size) if network.input_size is None else size
    filters = tuple(dict.fromkeys((0, (layer.channels or 1) // 2)))
    recipe = Recipe("natural", size=fitting or size, steps=steps)
    made = list(engine.run(Request(layer.name, filters, recipe, precision=Precision.FLOAT32)))
    flags = [item.flags for item in made if isinstance(item, Pattern)]
    assert len(flags) == len(filters)
    return ["not finite" if Flag.NOT_FINITE in f else "silent" if Flag.SILENT in f else "responds" for f in flags]


if __name__ == "__main__":
    main()
