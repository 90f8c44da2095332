"""How long the walls of a network take: 25 tiles of every convolution, made as the page and the command line do.

    python -m benchmarks.walls filterviz/bundled/cats_and_dogs/cats_and_dogs.h5 [--size 64 96 128] [--repeats 3]

The child process has opened the model before the time is taken (a warm child), and no tile comes from the store or from
those shipped with the program. Prints for each size the time to the first tile and to the last (medians).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from filterviz.analysis.layer_matching import convolutions
from filterviz.service.model import Model, file_sha256
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Pattern, Recipe, Request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--size", type=int, nargs="+", default=[64, 96, 128])
    parser.add_argument("--steps", type=int, default=RECIPES["natural"].steps)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for size in options.size:
            firsts, wholes = [], []
            for repeat in range(options.repeats):
                # A new child each time: functions compiled before would make a repeat faster than for any visitor.
                with Workspace(Settings(cache_dir=Path(folder), workers=1)) as workspace:
                    model = workspace.open(options.model, sha256=file_sha256(options.model))
                    first, whole = walls(workspace, model, Recipe("natural", size, options.steps, seed=repeat))
                    firsts.append(first)
                    wholes.append(whole)
            print(
                f"{size:4} px, {options.steps} steps: first tile after {statistics.median(firsts):.2f} s, "
                f"all walls after {statistics.median(wholes):.1f} s",
                flush=True,
            )


def walls(workspace: Workspace, model: Model, recipe: Recipe) -> tuple[float, float]:
    """Seconds to the first tile and to the last."""
    layers = convolutions(model.spec)
    assert model.path is not None
    # Opens the model in the child and leaves it there.
    list(workspace.pool.run(model.path, model.sha256, Request(layers[0].name, (0,), Recipe("classic", 16, 1))))
    began, first = time.perf_counter(), 0.0
    for layer in layers:
        request = Request(layer.name, layer.first_filters(), recipe)
        for event in workspace.pool.run(model.path, model.sha256, request):
            first = first or time.perf_counter() - began
            assert isinstance(event, Pattern) or event.step
    return first, time.perf_counter() - began


if __name__ == "__main__":
    main()
