"""What a step costs: the two numbers behind the estimates of ``filterviz/service/budget.py``, measured on this machine.

    python -m benchmarks.estimates [MODEL.h5 ...]

For some layers of each network the seconds of a tile's step are measured for tiles of two sizes, and two numbers are
fitted to all of them: multiplications in a second, and what a pixel costs beside the network. Printed is also by which
factor the estimate that these give misses each measurement.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.worker_start import instructions
from filterviz.analysis.cost import cost
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import DEFAULT_RECIPE, Progress, Request

LAYERS, TILES, SIZES, STEPS = 5, 16, (96, 160), 12
DEMO = Path(__file__).parents[1] / "filterviz" / "bundled" / "cats_and_dogs" / "cats_and_dogs.h5"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", default=[DEMO])
    options = parser.parse_args()
    print(f"instructions of this processor: {', '.join(instructions())}")
    names, rows, measured = [], [], []
    with tempfile.TemporaryDirectory() as folder, Workspace(Settings(cache_dir=Path(folder), workers=1)) as workspace:
        for path in options.models:
            model = workspace.open(path)
            shown = model.spec.visualisable
            for layer in shown[:: max(1, len(shown) // LAYERS)]:
                for size in SIZES:
                    recipe = replace(DEFAULT_RECIPE, size=size, steps=STEPS)
                    request = Request(layer.name, tuple(range(min(TILES, layer.channels or 0))), recipe)
                    seen = [
                        event
                        for event in workspace.pool.run(model.path or path, model.sha256, request)
                        if isinstance(event, Progress) and event.step >= 1
                    ]
                    first, last = seen[0], next(event for event in reversed(seen) if event.filters == seen[0].filters)
                    if last.step == first.step:
                        continue  # so fast that nothing was told in between
                    steps = (last.step - first.step) * len(first.filters)
                    names.append(f"{path.name} {layer.name} {size} px")
                    rows.append([size * size, cost(model.spec, layer) * size * size])
                    measured.append((last.seconds - first.seconds) / steps)
    seconds = np.array(measured)
    # Least squares of the relative errors, as a factor counts and not a difference.
    (pixel, multiplication), *_ = np.linalg.lstsq(np.array(rows) / seconds[:, None], np.ones(len(rows)), rcond=None)
    for name, row, actual in zip(names, rows, measured, strict=True):
        print(
            f"{name}: {actual * 1000:.1f} ms, estimate {np.dot(row, (pixel, multiplication)) / actual:.2f} times that"
        )
    print(f"{1 / multiplication:.2g} multiplications in a second; a pixel costs {pixel / multiplication:.0f} of them")


if __name__ == "__main__":
    main()
